//! How fast a network runs and where its time goes, compared with the machine's peak arithmetic and memory bandwidth, measured
//! in the same process on the same threads.
//!
//! Where to start reading: `network.rs` (a whole run), `explain.rs` (each part of it, with its roofline), `kernels.rs` (single
//! kernels, with the fraction of the peak below which something is wrong).

mod explain;
mod kernels;
mod machine;
mod network;
mod photos;
mod subject;
mod text;

pub use explain::{Kind, Plan, Row, explain};
pub use kernels::{KernelSpeed, Kernels, kernels};
pub use machine::{Bandwidth, Machine, Peak};
pub use network::{Speed, measure};
pub use photos::{PhotoSpeed, photos};
pub use subject::{Subject, Work};
