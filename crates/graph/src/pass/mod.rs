//! Passes: each makes a graph cheaper without changing what it computes.

mod fold_batch_norm;
mod fuse;
mod fuse_beside;

pub(crate) use fold_batch_norm::fold_batch_norm;
pub(crate) use fuse::fuse;
pub(crate) use fuse_beside::fuse_beside;
