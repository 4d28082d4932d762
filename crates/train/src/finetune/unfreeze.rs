//! The second part of fine-tuning: training all layers.

use super::job::FinetuneJob;
use super::last_layer::LastLayer;
use crate::error::FitError;
use crate::event::Observer;
use crate::fit::fit;
use crate::job::{Job, Outcome};
use crate::lock::FolderLock;
use crate::run_splits::RunSplits;
use std::sync::atomic::AtomicBool;
use striate_graph::Mode;
use striate_report::Confusion;

/// The result of training all layers.
#[derive(Debug)]
pub struct Unfrozen {
    /// The outcome of the training, with the trained network.
    pub outcome: Outcome,
    /// The confusion matrix, on the test images, of the fitted last layer alone, from which the training started. This layer
    /// was not fitted to the test images, nor to the images that select the epoch.
    pub last_layer: Confusion,
}

/// Trains all layers, starting from the fitted last layer; batch norms stay frozen. With a locked folder, the run writes its files
/// and checkpoints there. Setting `stop` ends it after the current step.
///
/// # Errors
/// Those of [`fit`](crate::fit()), of which [`FitError::RunExists`] is for a folder with the files of another run:
/// [`clear_run`](crate::clear_run) removes them.
pub fn unfreeze(
    job: &FinetuneJob<'_>,
    fitted: &LastLayer,
    folder: Option<&FolderLock>,
    stop: &AtomicBool,
    observers: &mut [&mut dyn Observer],
) -> Result<Unfrozen, FitError> {
    let data = job.setup.data;
    let config = job.config.training(&job.graph(Mode::Train)?.without_auxiliary());
    let splits = RunSplits::of(data, &config)?;
    let learned: Vec<usize> = (0..splits.train.len()).map(|i| splits.place(i)).collect();
    let initial = fitted.fitted_to(&learned, job)?;
    let last_layer = fitted.on_test(&initial, data.train.len())?;
    let training = Job {
        setup: job.setup.clone(),
        preprocess: &fitted.model.preprocess,
        config: &config,
        run_dir: folder.map(FolderLock::folder),
        resume: false,
        lock: folder,
        initial: Some(&initial),
        stop,
    };
    Ok(Unfrozen { outcome: fit(&training, observers)?, last_layer })
}
