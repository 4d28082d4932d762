//! What can go wrong in a training run.

use std::path::PathBuf;
use striate_data::DataError;
use striate_formats::{FormatError, Problem};
use striate_graph::{PlanError, RunError, SessionError, TraceError};
use striate_nn::{OptimizerError, ScheduleError};
use striate_report::ReportError;

/// An error of a training run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// A setting out of its range.
    #[error("{what}: expected {expected}, got {got}")]
    Setting {
        /// Its name in `FitConfig`.
        what: &'static str,
        /// What it has to be.
        expected: String,
        /// What it is.
        got: String,
    },
    /// Network and data do not belong together.
    #[error(
        "the network {model} has outputs {got:?}, but the data set {data} has {expected} classes; build it for {expected}"
    )]
    Classes {
        /// Name of the network.
        model: String,
        /// Name of the data set.
        data: String,
        /// Classes of the data.
        expected: usize,
        /// Shape of the output.
        got: Vec<usize>,
    },
    /// A network without a last fully connected layer.
    #[error(
        "the network ends in {last}, expected a fully connected layer that a new head can replace; `striate train` with \
         --model and --weights starts from the same weights and trains all layers"
    )]
    NoHead {
        /// Its last operation.
        last: &'static str,
    },
    /// A network whose features are no numbers.
    #[error("{image}: the network's features are not finite; are these its weights?")]
    Features {
        /// The image.
        image: String,
    },
    /// A network that names no class.
    #[error("{image}: {error}")]
    Logits {
        /// The image.
        image: String,
        /// The logit that is no number.
        error: ReportError,
    },
    /// A class of so few images that none would be left to judge by.
    #[error(
        "too few images for training and evaluation: expected at least 2 of each class, got {}; add images, or remove the \
         class",
        classes.iter().map(|(class, count)| format!("class {class}: {count}")).collect::<Vec<_>>().join(", ")
    )]
    TooFewImages {
        /// Each such class, with its images.
        classes: Vec<(usize, usize)>,
    },
    /// Nothing can be kept apart to choose or to judge by.
    #[error(
        "none of {images} training images can be held out to select the best epoch, since every class has only one; add \
         images, or select it on the test images (val_split: 0)"
    )]
    NothingToHoldOut {
        /// There are so many.
        images: usize,
    },
    /// Training went astray.
    #[error(
        "epoch {epoch}, step {step} of {steps}: training diverged at learning rate {learning_rate:e}: the loss is {loss}, \
         {first}; try a learning rate of {:e}{}",
        learning_rate / 10.0,
        checkpoint.as_ref().map(|c| format!("; the last good checkpoint is {}", c.display())).unwrap_or_default()
    )]
    NonFinite {
        /// From 1.
        epoch: usize,
        /// From 1.
        step: usize,
        /// Steps an epoch.
        steps: usize,
        /// Rate of that step.
        learning_rate: f32,
        /// Loss of that step.
        loss: f32,
        /// Where the first value that is not finite was found.
        first: String,
        /// What can be gone back to.
        checkpoint: Option<PathBuf>,
    },
    /// A new run would overwrite an old one.
    #[error("{} already contains a run; resume it (--resume), or choose another name or folder", folder.display())]
    RunExists {
        /// Its folder.
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
        /// The process of the other run, where the system tells.
        process: Option<u32>,
    },
    /// There is no such run.
    #[error("{}: there is no run to resume; check the name, or start one without --resume", folder.display())]
    NothingToResume {
        /// Its folder.
        folder: PathBuf,
    },
    /// Resuming needs a run folder.
    #[error("a run without a folder has no checkpoint; name the folder of the run to resume it")]
    NoFolder,
    /// The run in the folder is another one.
    #[error(
        "{} belongs to another run: only epochs, batch_size, learning_rate and patience may change when a run is resumed:\n{}",
        checkpoint.display(),
        differences.iter().map(|d| format!("  {}: the checkpoint has {}, this run {}", d.what, d.saved, d.asked))
            .collect::<Vec<_>>().join("\n")
    )]
    OtherRun {
        /// Its checkpoint.
        checkpoint: PathBuf,
        /// Everything that differs.
        differences: Vec<Difference>,
    },
    /// A checkpoint that is whole, yet does not fit.
    #[error("{}: {reason}; the run cannot be resumed, so start it again", checkpoint.display())]
    Checkpoint {
        /// The file.
        checkpoint: PathBuf,
        /// Why.
        reason: String,
    },
    /// Neither of a run's checkpoints can be read.
    #[error(
        "{newest}; and the checkpoint before it: {previous}; there is nothing left to resume from, so start the run again"
    )]
    NoWholeCheckpoint {
        /// What is wrong with the newest.
        newest: Box<FormatError>,
        /// What is wrong with the one before it.
        previous: Box<FormatError>,
    },
    /// The model cannot be saved.
    #[error("the trained model: {0}")]
    Model(#[from] Problem),
    /// A file cannot be read or written.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The data is wrong.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The network does not fit together.
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
    /// An image or a metric failed.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A schedule without meaning.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// An optimizer that cannot work.
    #[error(transparent)]
    Optimizer(#[from] OptimizerError),
    /// No team of threads, or no such instruction set.
    #[error("{0}")]
    Engine(String),
    /// An observer failed.
    #[error("an observer of the run failed: {0}")]
    Observer(Box<dyn std::error::Error + Send + Sync>),
}

/// One thing in which two runs differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which.
    pub what: String,
    /// As it was when the run began.
    pub saved: String,
    /// As it is asked for now.
    pub asked: String,
}
