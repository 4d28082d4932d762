//! The errors of a training run.

use std::path::PathBuf;
use striate_base::LogitError;
use striate_data::DataError;
use striate_formats::{FormatError, Problem};
use striate_graph::{PlanError, RunError, SessionError, TraceError};
use striate_nn::{OptimizerError, ScheduleError};
use striate_report::ReportError;

/// An error of a training run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// A setting is out of range.
    #[error("{what}: expected {expected}, got {got}")]
    Setting {
        /// The name of the setting in `FitConfig`.
        what: &'static str,
        /// The valid range.
        expected: String,
        /// The value.
        got: String,
    },
    /// The network and the data have different numbers of classes.
    #[error(
        "the network {model} has outputs {got:?}, but the data set {data} has {expected} classes; build the network for {expected}"
    )]
    Classes {
        /// The name of the network.
        model: String,
        /// The name of the data set.
        data: String,
        /// The number of classes of the data set.
        expected: usize,
        /// The shape of the network's output.
        got: Vec<usize>,
    },
    /// The network does not end in a fully connected layer.
    #[error(
        "the network ends in {last}, expected a fully connected layer that a new head can replace; `fit` trains all \
         layers, starting from the same weights as `Job::initial`"
    )]
    NoHead {
        /// The last operation of the network, as in PyTorch's functional API.
        last: &'static str,
    },
    /// The features of the network are not finite.
    #[error("{image}: the network's features are not finite; check that these are its weights")]
    Features {
        /// The name of the image.
        image: String,
    },
    /// The network makes no prediction, since a logit is not finite.
    #[error("{image}: {error}")]
    Logits {
        /// The name of the image.
        image: String,
        /// The first logit that is infinite or NaN.
        error: LogitError,
    },
    /// A class has too few images to hold some out for evaluation.
    #[error(
        "too few images for training and evaluation: expected at least 2 of each class, got {}; add images, or remove the \
         class",
        classes.iter().map(|(class, count)| format!("class {class}: {count}")).collect::<Vec<_>>().join(", ")
    )]
    TooFewImages {
        /// Each such class, with its number of images.
        classes: Vec<(usize, usize)>,
    },
    /// No image can be held out to select the best epoch.
    #[error(
        "none of {images} training images can be held out to select the best epoch, since every class has only one; add \
         images, or select it on the test images (val_split: 0)"
    )]
    NothingToHoldOut {
        /// The number of training images.
        images: usize,
    },
    /// The training diverged.
    #[error(
        "epoch {epoch}, step {step} of {steps}: training diverged at learning rate {learning_rate:e}: the loss is {loss}, \
         {first}; try a learning rate of {:e}{}",
        learning_rate / 10.0,
        checkpoint.as_ref().map(|c| format!("; the last good checkpoint is {}", c.display())).unwrap_or_default()
    )]
    NonFinite {
        /// The epoch, from 1.
        epoch: usize,
        /// The step, from 1.
        step: usize,
        /// The number of steps per epoch.
        steps: usize,
        /// The learning rate of that step.
        learning_rate: f32,
        /// The loss of that step.
        loss: f32,
        /// A clause for the message: the first parameter or gradient that is not finite, or that all of them are finite.
        first: String,
        /// The last good checkpoint, if any.
        checkpoint: Option<PathBuf>,
    },
    /// The folder already contains a run.
    #[error("{} already contains a run; resume it (`Job::resume`), remove it (`clear_run`), or choose another folder", folder.display())]
    RunExists {
        /// The folder of the run.
        folder: PathBuf,
    },
    /// Another run writes into the folder.
    #[error(
        "{}: another run is in progress in this folder{}; wait until it ends, stop it, or choose another name or folder",
        folder.display(),
        process.map(|process| format!(" (process {process})")).unwrap_or_default()
    )]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// The process of the other run, if the system reports it.
        process: Option<u32>,
    },
    /// The folder does not contain a run.
    #[error("{}: there is no run to resume; check the name, or start one without `Job::resume`", folder.display())]
    NothingToResume {
        /// The folder of the run.
        folder: PathBuf,
    },
    /// Resuming needs a run folder.
    #[error("a run without a folder has no checkpoint; name the folder of the run to resume it")]
    NoFolder,
    /// The checkpoint belongs to another run.
    #[error(
        "{} belongs to another run: only epochs, batch_size, learning_rate and patience may change when a run is resumed:\n{}",
        checkpoint.display(),
        differences.iter().map(|d| format!("  {}: the checkpoint has {}, this run has {}", d.what, d.saved, d.asked))
            .collect::<Vec<_>>().join("\n")
    )]
    OtherRun {
        /// The path of the checkpoint.
        checkpoint: PathBuf,
        /// The settings that differ.
        differences: Vec<Difference>,
    },
    /// The checkpoint is intact, but does not fit the run.
    #[error("{}: {reason}; the run cannot be resumed, so start it again", checkpoint.display())]
    Checkpoint {
        /// The file.
        checkpoint: PathBuf,
        /// The reason, as a sentence.
        reason: String,
    },
    /// Neither of the two checkpoints of the run can be read.
    #[error(
        "{newest}; the checkpoint before it cannot be used either: {previous}; there is nothing left to resume from, so start the run again"
    )]
    NoWholeCheckpoint {
        /// The error of the newest checkpoint.
        newest: Box<FormatError>,
        /// The error of the checkpoint before it.
        previous: Box<FormatError>,
    },
    /// The model cannot be saved.
    #[error("the trained model: {0}")]
    Model(#[from] Problem),
    /// A file cannot be read or written.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The data set cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The shapes of the network do not fit together.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The network cannot be trained.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The network cannot be evaluated.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The network cannot take the images.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A metric could not be computed or a chart could not be drawn.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The schedule is not valid.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The optimizer settings are not valid.
    #[error(transparent)]
    Optimizer(#[from] OptimizerError),
    /// The threads could not be started, or the instruction set is not available.
    #[error("{0}")]
    Engine(String),
    /// An observer returned an error.
    #[error("an observer of the run failed: {0}")]
    Observer(Box<dyn std::error::Error + Send + Sync>),
}

/// One setting in which two runs differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The name of the setting.
    pub what: String,
    /// The value when the run was started.
    pub saved: String,
    /// The value in the settings of the new run.
    pub asked: String,
}
