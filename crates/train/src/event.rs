//! What a run tells, and to whom.

use crate::error::{Difference, FitError};
use crate::evaluate::Evaluation;
use crate::metric::Metric;
use crate::row::EpochRow;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use striate_formats::FormatError;

/// What happens in a run, in this order: `Started`, then for each epoch `Step`s and `EpochEnd`, with `Checkpoint`s
/// between, then `Stopped` or `Finished`.
#[derive(Debug)]
pub enum Event<'a> {
    /// Everything is ready; a checkpoint exists.
    Started {
        /// Name of the network.
        model: &'a str,
        /// Name of the data set.
        data: &'a str,
        /// Trainable values.
        parameters: usize,
        /// Of one image, forwards.
        multiply_adds: u64,
        /// To learn from.
        train_images: usize,
        /// Looked at after each epoch, to choose the best one.
        val_images: usize,
        /// To judge the best epoch by, at the end; `None`: by those that chose it.
        test_images: Option<usize>,
        /// In the team.
        threads: usize,
        /// Bytes of planned memory.
        memory_bytes: usize,
        /// In the whole run.
        epochs: usize,
        /// In each epoch.
        steps: usize,
        /// Epoch (from 1) and steps done in it, if the run goes on from a checkpoint.
        resumed: Option<(usize, usize)>,
        /// The settings that are other than they were before the run was resumed.
        changes: &'a [Difference],
        /// Epochs done already.
        rows: &'a [EpochRow],
    },
    /// One update was made.
    Step {
        /// From 1.
        epoch: usize,
        /// From 1.
        step: usize,
        /// In each epoch.
        steps: usize,
        /// Mean loss of the epoch so far.
        loss: f64,
        /// Accuracy of the epoch so far.
        accuracy: f64,
        /// Training images a second, of the epoch so far.
        images_per_s: f64,
        /// Rate of this step.
        learning_rate: f32,
    },
    /// An epoch was trained and evaluated; its checkpoint is written.
    EpochEnd {
        /// The epoch.
        row: &'a EpochRow,
        /// All so far, this one included.
        rows: &'a [EpochRow],
        /// In the whole run.
        epochs: usize,
        /// Whether it is the best so far.
        best: bool,
        /// On the validation images.
        evaluation: &'a Evaluation,
    },
    /// A checkpoint was written.
    Checkpoint {
        /// Where.
        path: &'a Path,
    },
    /// Something is not as it should be, and the run goes on. It may come at any time, before `Started` too.
    Warning {
        /// What.
        warning: &'a Warning,
    },
    /// The run ends before its last epoch.
    Stopped {
        /// Why.
        why: Stop<'a>,
    },
    /// The run is done, and everything is written.
    Finished {
        /// The best epoch.
        best: &'a EpochRow,
        /// Of the best epoch's network on the images that it is judged by.
        evaluation: &'a Evaluation,
    },
}

/// Something that went wrong without ending the run, as a sentence for people.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// A file could not be written, and is tried again.
    #[error("{}: cannot be written: {source}; trying again in {} s", path.display(), wait.as_secs_f64())]
    TryingAgain {
        /// The file.
        path: PathBuf,
        /// The words of the file system.
        source: io::Error,
        /// How long the run waits before that.
        wait: Duration,
    },
    /// A file that the run does not need could not be written.
    #[error("{}: cannot be written: {source}; training continues without it", path.display())]
    NotWritten {
        /// The file.
        path: PathBuf,
        /// The words of the file system.
        source: io::Error,
    },
    /// The newest checkpoint is damaged or missing, and the run goes on from the one before it.
    #[error("{newest}; resuming from the checkpoint before it, {}", previous.display())]
    OlderCheckpoint {
        /// What is wrong with the newest.
        newest: FormatError,
        /// The one before it.
        previous: PathBuf,
    },
}

/// Why a run ends before its last epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stop<'a> {
    /// It was asked to.
    Asked {
        /// Where it can go on from, if it has a folder.
        checkpoint: Option<&'a Path>,
    },
    /// The metric has not become better for `patience` epochs.
    Patience {
        /// Epochs without a better one.
        patience: usize,
        /// From 1.
        best_epoch: usize,
        /// By what it is the best.
        metric: Metric,
    },
    /// The time is up.
    Budget {
        /// Seconds that the run was given.
        budget_s: f64,
        /// Steps done.
        steps: u64,
        /// Steps for which the schedule was made.
        planned: u64,
    },
}

/// Somebody who is told what happens. What it changes in the network or the data is nothing: it only borrows.
pub trait Observer {
    /// Is told. Called between steps, so what takes long here makes the run longer.
    ///
    /// # Errors
    /// Whatever ends the run: [`FitError::Observer`] for errors of its own.
    fn on(&mut self, event: &Event<'_>) -> Result<(), FitError>;
}

impl<F: FnMut(&Event<'_>) -> Result<(), FitError>> Observer for F {
    fn on(&mut self, event: &Event<'_>) -> Result<(), FitError> {
        self(event)
    }
}

/// Tells everybody.
pub(crate) type Tell<'t> = &'t mut dyn FnMut(&Event<'_>) -> Result<(), FitError>;
