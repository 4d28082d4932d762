//! The input and the result of a run.

use crate::config::FitConfig;
use crate::evaluate::Evaluation;
use crate::lock::FolderLock;
use crate::row::EpochRow;
use crate::run_splits::Counts;
use crate::setup::Setup;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use striate_data::Preprocess;
use striate_formats::ModelFile;
use striate_graph::Params;

/// A training job: the network and the data, the settings, and the folder for the results.
pub struct Job<'a> {
    /// The network, the data and the engine.
    pub setup: Setup<'a>,
    /// The preprocessing of the images.
    pub preprocess: &'a Preprocess,
    /// The settings.
    pub config: &'a FitConfig,
    /// The folder of the run; with `None`, the run stays in memory.
    pub run_dir: Option<&'a Path>,
    /// Whether to continue from the checkpoint in `run_dir`.
    ///
    /// The job must be that of the run to resume: the same network, the same data, and the same settings except `epochs`,
    /// `batch_size`, `learning_rate` and `patience`, which may be changed. With the same settings the run ends in the same bits
    /// as a run that was never stopped. With other settings the finished epochs are kept, training continues with the
    /// parameters, the optimizer state and the order of the images, and the schedule is stretched to the new number of epochs:
    /// a rate that depends on the length of the run, as with one-cycle and cosine, jumps to its value in a run of the new
    /// length. The batch size can be changed only between two epochs.
    pub resume: bool,
    /// The lock of `run_dir`, for callers who write into the folder before or after the run. Without it, the run takes the lock
    /// and releases it at its end.
    pub lock: Option<&'a FolderLock>,
    /// The initial parameters, in place of random ones. A resumed run has its own and ignores them.
    pub initial: Option<&'a Params>,
    /// A flag that ends the run after the current step when it is set.
    pub stop: &'a AtomicBool,
}

impl<'a> Job<'a> {
    /// A job that runs in memory, from random parameters.
    pub fn new(
        setup: Setup<'a>,
        preprocess: &'a Preprocess,
        config: &'a FitConfig,
        stop: &'a AtomicBool,
    ) -> Self {
        Self { setup, preprocess, config, run_dir: None, resume: false, lock: None, initial: None, stop }
    }
}

/// The outcome of a run.
#[derive(Debug)]
pub enum Outcome {
    /// The run finished, with this result.
    Finished(Box<Trained>),
    /// The run was stopped between two steps and can be resumed.
    Interrupted {
        /// The epoch, from 1.
        epoch: usize,
        /// The number of steps done in this epoch.
        step: usize,
        /// The number of steps per epoch.
        steps: usize,
        /// The checkpoint to resume from, if the run has a folder.
        checkpoint: Option<PathBuf>,
    },
}

/// The result of a finished run.
#[derive(Debug)]
pub struct Trained {
    /// The network of the best epoch, with its preprocessing, classes and provenance.
    pub model: ModelFile,
    /// The best epoch, from 1.
    pub best_epoch: usize,
    /// The evaluation of the best epoch's network on the test images, which are evaluated only once. Where `counts` shows that
    /// there were only the images that selected the epoch, it is slightly optimistic, and the last row has the figure without
    /// selection.
    pub evaluation: Evaluation,
    /// The numbers of images for training, for selecting the epoch and for testing.
    pub counts: Counts,
    /// One row per epoch.
    pub rows: Vec<EpochRow>,
    /// Whether the run ended early, by patience or by the time limit.
    pub stopped_early: bool,
    /// Whether the resumed run was already finished.
    pub was_finished: bool,
    /// The path of the model file, if the run has a folder.
    pub model_path: Option<PathBuf>,
}
