//! What a run or an evaluation found, as one HTML page: curves, confusion matrix, mistakes, calibration and provenance.
//!
//! `trained.rs` is the page of a finished run, `evaluated.rs` that of an evaluation of its model on any images; `content.rs`,
//! `facts.rs` and `mistakes.rs` are what pages share, also that of [fine-tuning](crate::finetune).

mod content;
mod evaluated;
mod facts;
mod mistakes;
mod trained;

pub use evaluated::EvaluationPage;
pub use facts::facts;
pub use mistakes::mistakes;
