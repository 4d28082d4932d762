//! Linear probes: features of a frozen backbone are computed once, a linear classifier (the head) is fitted to them in seconds,
//! and its accuracy is estimated by cross-validation.
//!
//! A network that was trained on a million photographs has learned features that are useful for other photographs, too. Only
//! one linear layer is left to learn: a convex problem with a single solution, which needs no learning rate and no epochs.
//!
//! Start reading at [`Features`], then `logistic.rs` (what is fitted), then `cross_validate.rs` (how it is evaluated), then
//! `choose.rs` (how strongly it is regularized) and `suspicious.rs` (which labels look wrong).
//!
//! # Source
//! Kornblith 2019: logistic regression on frozen features, and when fine-tuning the whole network is worth it.

mod backbone;
mod baselines;
mod choose;
mod cross_validate;
mod features;
mod folds;
mod head;
mod lbfgs;
mod logistic;
mod scale;
mod store;
mod suspicious;
mod table;

pub use backbone::Backbone;
pub use baselines::{nearest_mean, raw_pixels};
pub use cross_validate::{CrossValidation, cross_validate, fit_head};
pub use features::Features;
pub(crate) use features::check_counts;
pub use head::Head;
pub use store::FEATURES;
pub use suspicious::{Suspicion, suspicious};

#[cfg(test)]
mod tests;
