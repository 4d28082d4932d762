//! What a run is asked for, and what it makes.

use crate::config::FitConfig;
use crate::error::FitError;
use crate::evaluate::Evaluation;
use crate::lock::FolderLock;
use crate::parts::Counts;
use crate::row::EpochRow;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use striate_data::{Dataset, Preprocess};
use striate_formats::ModelFile;
use striate_graph::{Engine, Forward, Params};

/// What is to be trained, on what, how, and where it is kept.
pub struct Job<'a> {
    /// The network.
    pub net: &'a dyn Forward,
    /// Its name, for people.
    pub model_name: &'a str,
    /// What to learn from, and to measure by.
    pub data: &'a Dataset,
    /// The data set as it was asked for: a name or a folder. Kept, for resuming.
    pub data_source: &'a str,
    /// From pixels to numbers.
    pub preprocess: &'a Preprocess,
    /// The settings.
    pub config: &'a FitConfig,
    /// Threads and instruction set.
    pub engine: Engine,
    /// Where the run is kept; `None`: in memory only.
    pub run_dir: Option<&'a Path>,
    /// Whether to continue from the checkpoint in `run_dir`.
    ///
    /// The run must be the same: network, data, and every setting but `epochs`, `batch_size`, `learning_rate` and `patience`,
    /// which may be changed. With the same settings it ends in the same bits as a run that was never stopped. With others the
    /// epochs that are done stay as they are, parameters, optimizer state and order of the images go on, and the schedule is
    /// laid over the new number of epochs: a rate that depends on the length of the run, as that of one-cycle and cosine does,
    /// jumps to where a run of the new length would be. The batch size can change only between two epochs.
    pub resume: bool,
    /// The lock of `run_dir`, for a caller who writes into the folder before or after the run. Without it the run takes the
    /// lock, and gives it back at its end.
    pub lock: Option<&'a FolderLock>,
    /// Parameters to start from, in place of random ones. A run that is resumed has its own, and needs none.
    pub initial: Option<&'a Params>,
    /// Set it to end the run after the step at hand.
    pub stop: &'a AtomicBool,
    /// The command that makes this model: a part of the model file, so without what decides nothing (threads, folders,
    /// `--resume`), or the file would differ with it. A resumed run keeps the one it was started with.
    pub command: &'a str,
}

impl<'a> Job<'a> {
    /// A job that runs in memory, on every core.
    ///
    /// # Errors
    /// When `STRIATE_ISA` names an instruction set that this machine does not have.
    pub fn new(
        net: &'a dyn Forward,
        model_name: &'a str,
        data: &'a Dataset,
        preprocess: &'a Preprocess,
        config: &'a FitConfig,
        stop: &'a AtomicBool,
    ) -> Result<Self, FitError> {
        let engine = Engine::new(None).map_err(FitError::Engine)?;
        let (data_source, run_dir, resume, command) = (data.name.as_str(), None, false, "");
        Ok(Self {
            net,
            model_name,
            data,
            data_source,
            preprocess,
            config,
            engine,
            run_dir,
            resume,
            lock: None,
            initial: None,
            stop,
            command,
        })
    }
}

/// How a run ended.
#[derive(Debug)]
pub enum Outcome {
    /// As it should.
    Finished(Box<Trained>),
    /// It was stopped between two steps, and can go on.
    Interrupted {
        /// From 1.
        epoch: usize,
        /// Steps done in it.
        step: usize,
        /// In each epoch.
        steps: usize,
        /// Where it can go on from, if it has a folder.
        checkpoint: Option<PathBuf>,
    },
}

/// What a run made.
#[derive(Debug)]
pub struct Trained {
    /// The network of the best epoch, with all that belongs to it.
    pub model: ModelFile,
    /// The best epoch, from 1.
    pub best_epoch: usize,
    /// Of the best epoch's network on the images that it is judged by: the test images, which were looked at this once.
    /// Where `counts` says that there were none but those that chose the epoch, it flatters a little, and the last row has
    /// the figure without a choice.
    pub evaluation: Evaluation,
    /// How many images it learned from, chose the epoch by, and is judged by.
    pub counts: Counts,
    /// The epochs.
    pub rows: Vec<EpochRow>,
    /// Whether patience ended it, or its time was up.
    pub stopped_early: bool,
    /// Whether there was nothing left to do: a finished run was resumed.
    pub was_finished: bool,
    /// Where the model lies, if the run has a folder.
    pub model_path: Option<PathBuf>,
}
