//! The trainer's part of a checkpoint.

use crate::config::FitConfig;
use crate::error::FitError;
use crate::folder::CHECKPOINT;
use crate::identity::Identity;
use crate::progress::Progress;
use serde::{Deserialize, Serialize};
use std::path::Path;
use striate_data::Preprocess;
use striate_formats::Checkpoint;

/// What the checkpoint says besides its arrays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) identity: Identity,
    pub(crate) model: String,
    pub(crate) data_source: String,
    pub(crate) command: String,
    pub(crate) config: FitConfig,
    pub(crate) preprocess: Preprocess,
    pub(crate) progress: Progress,
}

/// What a run folder says about its run, so that it can be resumed without saying everything again.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedRun {
    /// Name of the network.
    pub model: String,
    /// The data set as it was asked for: a name or a folder.
    pub data_source: String,
    /// What was typed when the run was started.
    pub command: String,
    /// Its settings.
    pub config: FitConfig,
    /// How it feeds the network.
    pub preprocess: Preprocess,
    /// Epochs done.
    pub epochs_done: usize,
    /// Steps done in the epoch after them.
    pub steps_done: usize,
    /// Whether nothing is left to do.
    pub is_finished: bool,
}

/// Reads what a run folder says about its run; `None` when the run was killed before its first checkpoint.
///
/// # Errors
/// [`FitError::NothingToResume`] when there is no such folder, [`FitError::Format`] when the checkpoint is damaged.
pub fn saved_run(folder: &Path) -> Result<Option<SavedRun>, FitError> {
    let Some((_, state)) = load(folder)? else { return Ok(None) };
    let State { model, data_source, command, config, preprocess, progress, .. } = state;
    Ok(Some(SavedRun {
        is_finished: progress.is_finished(&config),
        model,
        data_source,
        command,
        config,
        preprocess,
        epochs_done: progress.epoch,
        steps_done: progress.step,
    }))
}

/// The checkpoint of a run folder; `None` when the folder is there and has none yet.
pub(crate) fn load(folder: &Path) -> Result<Option<(Checkpoint, State)>, FitError> {
    if !folder.is_dir() {
        return Err(FitError::NothingToResume { folder: folder.to_path_buf() });
    }
    let path = folder.join(CHECKPOINT);
    if !path.exists() {
        return Ok(None);
    }
    let checkpoint = Checkpoint::load(&path)?;
    let state = serde_json::from_str(&checkpoint.state).map_err(|e| FitError::Checkpoint {
        checkpoint: path,
        reason: format!("its state cannot be read: {e}"),
    })?;
    Ok(Some((checkpoint, state)))
}
