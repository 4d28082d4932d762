//! A head for a frozen backbone: features computed once, a linear classifier fitted to them in seconds, and an honest figure
//! of how good it is.
//!
//! A network that was trained on a million photographs has learned features that serve other photographs too. What
//! is left to learn is one linear layer, a convex problem: it has one solution, found to the end, with no learning rate,
//! epoch or luck.
//!
//! Start reading at [`Features`], then `logistic.rs` (what is fitted), then `cross_validate.rs` (how it is judged), then
//! `choose.rs` (how strongly it is held back) and `suspicious.rs` (which labels look wrong).
//!
//! # Source
//! Kornblith 2019: logistic regression on frozen features, and when fine-tuning all of the network pays.

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
pub use head::Head;
pub use store::FEATURES;
pub use suspicious::{Suspicion, suspicious};

#[cfg(test)]
mod tests;
