//! The events of a run, and their observers.

use crate::error::{Difference, FitError};
use crate::evaluate::Evaluation;
use crate::metric::Metric;
use crate::row::EpochRow;
use crate::stage::Stage;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use striate_formats::FormatError;

/// The events of a run, in this order: `Started`, then for each epoch `Step`s and `EpochEnd`, with `Checkpoint`s in between, then
/// `Stopped` or `Finished`. [Fine-tuning](crate::finetune) begins with `Stage`s.
#[derive(Debug)]
pub enum Event<'a> {
    /// A stage of the work that is not training begins or makes progress.
    Stage {
        /// The stage.
        stage: Stage,
        /// The number of images, or of steps of a fit, that are done.
        done: usize,
        /// The total number of images or steps; `None` when it is not known how long the stage takes.
        total: Option<usize>,
    },
    /// The run is ready to train, and its first checkpoint exists.
    Started {
        /// The name of the network.
        model: &'a str,
        /// The name of the data set.
        data: &'a str,
        /// The number of trainable values.
        parameters: usize,
        /// The multiply-adds of the forward pass of one image.
        multiply_adds: u64,
        /// The number of training images.
        train_images: usize,
        /// The number of validation images, on which the best epoch is selected.
        val_images: usize,
        /// The number of test images, on which the best epoch is evaluated at the end; `None` if those are the validation images.
        test_images: Option<usize>,
        /// The number of threads.
        threads: usize,
        /// The planned memory in bytes.
        memory_bytes: usize,
        /// The number of epochs of the whole run.
        epochs: usize,
        /// The number of steps per epoch.
        steps: usize,
        /// The epoch (from 1) and the steps done in it, if the run is resumed from a checkpoint.
        resumed: Option<(usize, usize)>,
        /// The settings that are other than they were before the run was resumed.
        changes: &'a [Difference],
        /// The epochs that were finished before the run was resumed.
        rows: &'a [EpochRow],
    },
    /// One update was made.
    Step {
        /// The epoch, from 1.
        epoch: usize,
        /// The step, from 1.
        step: usize,
        /// The number of steps per epoch.
        steps: usize,
        /// The mean loss of the epoch so far.
        loss: f64,
        /// The accuracy of the epoch so far.
        accuracy: f64,
        /// Training images per second in the epoch so far.
        images_per_s: f64,
        /// The learning rate of this step.
        learning_rate: f32,
    },
    /// An epoch was trained and evaluated; its checkpoint is written.
    EpochEnd {
        /// The metrics of the epoch.
        row: &'a EpochRow,
        /// All epochs so far, including this one.
        rows: &'a [EpochRow],
        /// The number of epochs of the whole run.
        epochs: usize,
        /// Whether this epoch is the best so far.
        best: bool,
        /// The evaluation on the validation images.
        evaluation: &'a Evaluation,
    },
    /// A checkpoint was written.
    Checkpoint {
        /// The path of the checkpoint.
        path: &'a Path,
    },
    /// Something went wrong, but the run continues. This event can come at any time, even before `Started`.
    Warning {
        /// The warning.
        warning: &'a Warning,
    },
    /// The run ends before its last epoch.
    Stopped {
        /// The reason.
        why: Stop<'a>,
    },
    /// The run is done, and everything is written.
    Finished {
        /// The best epoch.
        best: &'a EpochRow,
        /// The evaluation of the best epoch's network, on the test images if there are any.
        evaluation: &'a Evaluation,
    },
}

/// A problem that does not end the run; its message is a sentence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// A file could not be written; the write will be repeated.
    #[error("{}: cannot be written: {source}; trying again in {} s", path.display(), wait.as_secs_f64())]
    TryingAgain {
        /// The file.
        path: PathBuf,
        /// The error of the file system.
        source: io::Error,
        /// The wait before the next attempt.
        wait: Duration,
    },
    /// A file that the run does not need could not be written.
    #[error("{}: cannot be written: {source}; training continues without it", path.display())]
    NotWritten {
        /// The file.
        path: PathBuf,
        /// The error of the file system.
        source: io::Error,
    },
    /// The newest checkpoint is damaged or missing, and the run is resumed from the one before it.
    #[error("{newest}; resuming from the checkpoint before it, {}", previous.display())]
    OlderCheckpoint {
        /// The error of the newest checkpoint.
        newest: FormatError,
        /// The path of the checkpoint before it.
        previous: PathBuf,
    },
}

/// Why a run ends before its last epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stop<'a> {
    /// The caller requested the stop.
    Asked {
        /// The checkpoint to resume from, if the run has a folder.
        checkpoint: Option<&'a Path>,
    },
    /// The metric has not improved for `patience` epochs.
    Patience {
        /// The number of epochs without an improvement.
        patience: usize,
        /// The best epoch, from 1.
        best_epoch: usize,
        /// The metric that selects the best epoch.
        metric: Metric,
    },
    /// The time limit is reached.
    Budget {
        /// The time limit in seconds.
        budget_s: f64,
        /// The number of steps that were done.
        steps: u64,
        /// The number of steps for which the schedule was made.
        planned: u64,
    },
}

/// Receives the events of a run. An observer only borrows, so it cannot change the network or the data.
pub trait Observer {
    /// Handles an event. It is called between steps, so slow work here slows down the run.
    ///
    /// # Errors
    /// An error ends the run; use [`FitError::Observer`] for errors of the observer itself.
    fn on(&mut self, event: &Event<'_>) -> Result<(), FitError>;
}

impl<F: FnMut(&Event<'_>) -> Result<(), FitError>> Observer for F {
    fn on(&mut self, event: &Event<'_>) -> Result<(), FitError> {
        self(event)
    }
}

/// A function that passes an event to all observers.
pub(crate) type EventFn<'t> = &'t mut dyn FnMut(&Event<'_>) -> Result<(), FitError>;
