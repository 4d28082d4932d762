//! The trainer's part of a checkpoint.

use crate::config::FitConfig;
use crate::error::FitError;
use crate::folder::CHECKPOINT;
use crate::identity::Identity;
use crate::progress::Progress;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use striate_data::Preprocess;
use striate_formats::{Checkpoint, FormatError, Problem};

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

/// The saved description of a run, with which it can be resumed without repeating its flags.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedRun {
    /// The name of the network.
    pub model: String,
    /// The data set as it was specified: a name or a folder.
    pub data_source: String,
    /// The command that started the run.
    pub command: String,
    /// The settings of the run.
    pub config: FitConfig,
    /// The preprocessing of the images.
    pub preprocess: Preprocess,
    /// The number of finished epochs.
    pub epochs_done: usize,
    /// The number of steps done in the epoch after them.
    pub steps_done: usize,
    /// Whether the run is finished.
    pub is_finished: bool,
}

/// Reads the description of a run from its newest intact checkpoint; `None` when the run was killed before its first.
///
/// # Errors
/// [`FitError::NothingToResume`] when there is no such folder, [`FitError::Format`] or [`FitError::NoWholeCheckpoint`] when
/// its checkpoints are damaged.
pub fn saved_run(folder: &Path) -> Result<Option<SavedRun>, FitError> {
    let Some(Loaded { state, .. }) = load(folder)? else { return Ok(None) };
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

/// A checkpoint of a run folder.
pub(crate) struct Loaded {
    pub(crate) checkpoint: Checkpoint,
    pub(crate) state: State,
    /// What is wrong with the newest, if this is the one before it.
    pub(crate) newest: Option<FormatError>,
}

/// The newest whole checkpoint of a run folder; `None` when the folder is there and has none yet.
pub(crate) fn load(folder: &Path) -> Result<Option<Loaded>, FitError> {
    if !folder.is_dir() {
        return Err(FitError::NothingToResume { folder: folder.to_path_buf() });
    }
    let path = folder.join(CHECKPOINT);
    let newest = match Checkpoint::load(&path) {
        Ok(checkpoint) => return loaded(path, checkpoint, None).map(Some),
        Err(error) if is_lost(&error) => error,
        Err(error) => return Err(error.into()),
    };
    let previous = Checkpoint::previous(&path);
    match Checkpoint::load(&previous) {
        Ok(checkpoint) => loaded(previous, checkpoint, Some(newest)).map(Some),
        Err(previous) if !is_missing(&previous) => {
            Err(FitError::NoWholeCheckpoint { newest: newest.into(), previous: previous.into() })
        }
        Err(_) if is_missing(&newest) => Ok(None),
        Err(_) => Err(newest.into()),
    }
}

fn loaded(path: PathBuf, checkpoint: Checkpoint, newest: Option<FormatError>) -> Result<Loaded, FitError> {
    let state = serde_json::from_str(&checkpoint.state).map_err(|e| FitError::Checkpoint {
        checkpoint: path,
        reason: format!("its state cannot be read: {e}"),
    })?;
    Ok(Loaded { checkpoint, state, newest })
}

fn is_missing(error: &FormatError) -> bool {
    matches!(error, FormatError::Read { source, .. } if source.kind() == io::ErrorKind::NotFound)
}

/// Whether the content is gone for good. A file of another version is whole, and one that may not be read can be.
fn is_lost(error: &FormatError) -> bool {
    match error {
        FormatError::Content { problem, .. } => {
            !matches!(problem, Problem::Version { .. } | Problem::Kind { .. })
        }
        FormatError::Read { source, .. } => source.kind() != io::ErrorKind::PermissionDenied,
        _ => false,
    }
}
