//! Fine-tuning: makes a classifier from a pretrained network and a data set, however small.
//!
//! 1. [`fit_last_layer`]: each image passes through the frozen network once, and a new last layer is fitted to the features until it
//!    converges. Cross-validation estimates the accuracy on unseen images, compares it with that of simpler classifiers, and finds
//!    labels that look wrong. One timed update says what training all layers would cost.
//! 2. [`unfreeze`]: optionally, all layers are trained, starting from the fitted last layer.
//!
//! [`finetune`] does both in memory. Callers who save the first result before they train on, call one after the other.
//!
//! Start reading at `last_layer.rs`. What is fitted, and how it is evaluated, is in [`probe`](crate::probe).
//!
//! # Example
//! ```
//! use striate_data::{Dataset, Images, Preprocess};
//! use striate_graph::{Mode, Params, trace};
//! use striate_nn::{Flatten, Linear, ReLU, Sequential};
//! use striate_train::Setup;
//! use striate_train::finetune::{BaseNetwork, FinetuneConfig, FinetuneJob, finetune};
//!
//! let net = |classes| {
//!     Sequential::new().append(Flatten::new()).append(Linear::new(16, 8)).append(ReLU::new()).append(Linear::new(8, classes))
//! };
//! // A network that was pretrained on 5 classes; here, its weights are random.
//! let graph = trace(&net(5), Mode::Eval, [1, 4, 4])?;
//! let params = Params::init(&graph, 0);
//! let preprocess = Preprocess::new([1, 4, 4], &[0.5], &[0.5])?;
//! let base = BaseNetwork { graph: &graph, params: &params, preprocess: &preprocess };
//!
//! // Dark images are of class 0, bright ones of class 1.
//! let pixels = (0..40).flat_map(|i| [if i % 2 == 0 { 20 + i as u8 } else { 220 - i as u8 }; 16]).collect();
//! let images = Images::new([1, 4, 4], pixels, (0..40).map(|i| i % 2).collect())?;
//! let data = Dataset::new("tones", images.clone(), images, vec!["dark".into(), "bright".into()])?;
//!
//! let (net, config) = (net(2), FinetuneConfig::default());
//! let setup = Setup::new(&net, "tones-net", &data)?;
//! let (model, report) = finetune(&FinetuneJob::new(base, setup, &config), &mut [])?;
//! assert_eq!((model.classes.len(), report.accuracy), (2, Some(1.0)));
//! println!("{}", report.unfreeze);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! Kornblith 2019: logistic regression on frozen features, and when fine-tuning the whole network is worth it.

mod baselines;
mod config;
mod cost;
mod job;
mod labels;
mod last_layer;
mod report;
mod seen;
mod stages;
mod unfreeze;

#[cfg(test)]
mod tests;

pub use config::FinetuneConfig;
pub use cost::UnfreezeEstimate;
pub use job::{BaseNetwork, FOLDS, FinetuneJob};
pub use labels::{SuspiciousLabel, suspicious_labels};
pub use last_layer::{LastLayer, fit_last_layer};
pub use report::{FinetuneReport, UnfrozenReport};
pub use seen::image_at;
pub use unfreeze::{Unfrozen, unfreeze};

use crate::error::FitError;
use crate::event::Observer;
use crate::job::Outcome;
use std::sync::atomic::AtomicBool;
use striate_formats::ModelFile;

/// Fine-tunes a pretrained network: fits a last layer, and trains all layers if the settings require it. Returns the final
/// model and the report.
///
/// # Numerics
/// The same job gives the same model, to the bit, on any number of threads.
///
/// # Errors
/// Those of [`fit_last_layer`] and [`unfreeze`].
///
/// # Example
/// See the [module](self).
pub fn finetune(
    job: &FinetuneJob<'_>,
    observers: &mut [&mut dyn Observer],
) -> Result<(ModelFile, FinetuneReport), FitError> {
    let mut fitted = fit_last_layer(job, observers)?;
    if !job.config.unfreeze {
        return Ok((fitted.model, fitted.report));
    }
    let stop = AtomicBool::new(false);
    let Unfrozen { outcome, last_layer } = unfreeze(job, &fitted, None, &stop, observers)?;
    let Outcome::Finished(trained) = outcome else {
        unreachable!("nobody but this function has the flag that stops the training")
    };
    let confusion = &trained.evaluation.confusion;
    fitted.report.unfrozen = Some(UnfrozenReport {
        best_epoch: trained.best_epoch,
        images: confusion.total(),
        hits: confusion.hits(),
        last_layer_hits: last_layer.hits(),
    });
    Ok((trained.model, fitted.report))
}
