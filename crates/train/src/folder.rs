//! The files of a run: `model.safetensors` (the best epoch), `last.safetensors`, `checkpoint.safetensors` and the one
//! before it, `args.yaml`, `results.csv` and, with the feature `charts`, the curves and the confusion matrix as SVG and PNG.
//!
//! A failed write is repeated three times within three seconds. If it still fails, a file that the run needs, such as a
//! checkpoint or a model, ends the run; any other file only causes a warning.

use crate::error::FitError;
use crate::event::{Event, EventFn, Warning};
use crate::job::Job;
use crate::lock::FolderLock;
use crate::row::EpochRow;
use crate::run_splits::RunSplits;
use crate::yaml;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use striate_formats::{Checkpoint, Disk, FormatError, ModelFile, write_atomically_on};

/// The file name of the model of the best epoch.
pub const BEST_MODEL: &str = "model.safetensors";
/// The file name of the model of the last epoch.
pub const LAST_MODEL: &str = "last.safetensors";
/// The file name of the checkpoint that `--resume` continues from.
pub const CHECKPOINT: &str = "checkpoint.safetensors";
/// The file name of the settings of the run.
pub const ARGS_YAML: &str = "args.yaml";
/// The file name of the results, with one line per epoch.
pub const RESULTS_CSV: &str = "results.csv";
/// The file name of the curves of loss and accuracy, as SVG.
pub const CURVES_SVG: &str = "curves.svg";
/// The file name of the curves as PNG.
pub const CURVES_PNG: &str = "curves.png";
/// The file name of the confusion matrix of the best epoch, as SVG.
pub const CONFUSION_SVG: &str = "confusion_matrix.svg";
/// The file name of the confusion matrix as PNG.
pub const CONFUSION_PNG: &str = "confusion_matrix.png";

/// Every file that a run writes here, the checkpoints first.
const FILES: [&str; 9] = [
    CHECKPOINT,
    ARGS_YAML,
    BEST_MODEL,
    LAST_MODEL,
    RESULTS_CSV,
    CURVES_SVG,
    CURVES_PNG,
    CONFUSION_SVG,
    CONFUSION_PNG,
];

/// The waits before each repetition of a failed write.
const WAITS: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(2)];

/// Removes the files of an earlier run from a folder, so that another run can replace it. Other files in the folder are kept.
///
/// # Errors
/// [`FormatError::Write`] for a file that cannot be removed.
pub fn clear_run(lock: &FolderLock) -> Result<(), FitError> {
    let newest = lock.folder().join(CHECKPOINT);
    let others = FILES.iter().map(|name| lock.folder().join(name));
    for path in [Checkpoint::previous(&newest)].into_iter().chain(others) {
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(FormatError::Write { path, source }.into());
            }
            _ => {}
        }
    }
    Ok(())
}

/// The time of the last checkpoint in a folder; `None` if there is no run to resume.
pub fn saved_at(folder: &Path) -> Option<SystemTime> {
    let newest = folder.join(CHECKPOINT);
    let paths = [Checkpoint::previous(&newest), newest];
    paths.iter().filter_map(|path| path.metadata().ok()?.modified().ok()).max()
}

/// A run folder and its file system.
pub(crate) struct Folder<'a> {
    path: PathBuf,
    disk: &'a dyn Disk,
    /// The lock, unless the caller holds it.
    _lock: Option<FolderLock>,
    /// Files that could not be written and were reported.
    missing: RefCell<BTreeSet<PathBuf>>,
}

impl<'a> Folder<'a> {
    /// Locks the folder for this run: an existing one to resume, or any other to start.
    pub(crate) fn open(
        job: &Job<'_>,
        path: &Path,
        disk: &'a dyn Disk,
        tell: EventFn<'_>,
    ) -> Result<Self, FitError> {
        if !job.resume {
            patiently(disk, tell, &|| {
                disk.create_folder(path)
                    .map_err(|source| FormatError::Write { path: path.to_path_buf(), source })
            })?;
        } else if !path.is_dir() {
            return Err(FitError::NothingToResume { folder: path.to_path_buf() });
        }
        let lock = match job.lock {
            Some(lock) if lock.folder() == path => None,
            _ => Some(FolderLock::take(path)?),
        };
        if !job.resume && saved_at(path).is_some() {
            return Err(FitError::RunExists { folder: path.to_path_buf() });
        }
        Ok(Self { path: path.to_path_buf(), disk, _lock: lock, missing: RefCell::default() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn checkpoint_path(&self) -> PathBuf {
        self.path.join(CHECKPOINT)
    }

    pub(crate) fn model_path(&self) -> PathBuf {
        self.path.join(BEST_MODEL)
    }

    pub(crate) fn checkpoint(&self, checkpoint: &Checkpoint, tell: EventFn<'_>) -> Result<(), FitError> {
        let path = self.checkpoint_path();
        patiently(self.disk, tell, &|| checkpoint.save_on(self.disk, &path))
    }

    /// Removes a damaged checkpoint, so that it cannot replace the one before it.
    pub(crate) fn remove_checkpoint(&self, tell: EventFn<'_>) -> Result<(), FitError> {
        let path = self.checkpoint_path();
        patiently(self.disk, tell, &|| match self.disk.remove(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(FormatError::Write { path: path.clone(), source })
            }
            _ => Ok(()),
        })
    }

    pub(crate) fn model(&self, name: &str, model: &ModelFile, tell: EventFn<'_>) -> Result<(), FitError> {
        let path = self.path.join(name);
        patiently(self.disk, tell, &|| model.save_on(self.disk, &path))
    }

    pub(crate) fn args(
        &self,
        job: &Job<'_>,
        splits: &RunSplits<'_>,
        tell: EventFn<'_>,
    ) -> Result<(), FitError> {
        let mut args = yaml::value(job.config);
        let others = [
            ("chosen_by", splits.chosen_by.name()),
            ("command", job.setup.command),
            ("data", &job.setup.data.name),
            ("data_sha256", &job.setup.data.sha256),
            ("data_source", job.setup.data_source),
            ("model", job.setup.model_name),
            ("striate_version", env!("CARGO_PKG_VERSION")),
        ];
        others.into_iter().for_each(|(key, value)| args[key] = value.into());
        args["preprocess"] = yaml::value(job.preprocess);
        self.write(ARGS_YAML, yaml::yaml(&args).as_bytes(), tell)
    }

    pub(crate) fn results(&self, rows: &[EpochRow], tell: EventFn<'_>) -> Result<(), FitError> {
        self.write_if_possible(RESULTS_CSV, csv(rows).as_bytes(), tell)
    }

    fn write(&self, name: &str, bytes: &[u8], tell: EventFn<'_>) -> Result<(), FitError> {
        let path = self.path.join(name);
        patiently(self.disk, tell, &|| {
            write_atomically_on(self.disk, &path, bytes)
                .map_err(|source| FormatError::Write { path: path.clone(), source })
        })
    }

    /// Writes a file that the run does not need: a failure is reported once, and does not end the run.
    pub(crate) fn write_if_possible(
        &self,
        name: &str,
        bytes: &[u8],
        tell: EventFn<'_>,
    ) -> Result<(), FitError> {
        match self.write(name, bytes, tell) {
            Err(FitError::Format(FormatError::Write { path, source })) => {
                let is_new = self.missing.borrow_mut().insert(path.clone());
                let warning = Warning::NotWritten { path, source };
                if is_new { tell(&Event::Warning { warning: &warning }) } else { Ok(()) }
            }
            written => written,
        }
    }
}

/// Writes a file, and repeats the write if the failure may be temporary.
fn patiently(
    disk: &dyn Disk,
    tell: EventFn<'_>,
    write: &dyn Fn() -> Result<(), FormatError>,
) -> Result<(), FitError> {
    for wait in WAITS {
        match write() {
            Err(FormatError::Write { path, source }) if may_pass(&source) => {
                tell(&Event::Warning { warning: &Warning::TryingAgain { path, source, wait } })?;
                disk.pause(wait);
            }
            written => return Ok(written?),
        }
    }
    Ok(write()?)
}

/// Whether an error may be temporary: disk space can be freed, a server can come back, a signal passes; missing permissions
/// stay. On Windows, access is also denied while another program, such as a virus scanner, looks at a file.
fn may_pass(error: &io::Error) -> bool {
    let is_lasting = matches!(
        error.kind(),
        io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::InvalidFilename
    );
    let is_denied = error.kind() == io::ErrorKind::PermissionDenied && !cfg!(windows);
    !(is_lasting || is_denied)
}

/// The rows as CSV, with a header.
fn csv(rows: &[EpochRow]) -> String {
    let mut out = String::from(
        "epoch,train_loss,train_accuracy,val_loss,val_accuracy,val_f1_macro,learning_rate,images_per_s,epoch_s\n",
    );
    for r in rows {
        let _ = writeln!(
            out,
            "{},{:.6},{:.6},{:.6},{:.6},{:.6},{:e},{:.1},{:.4}",
            r.epoch,
            r.train_loss,
            r.train_accuracy,
            r.val_loss,
            r.val_accuracy,
            r.val_f1_macro,
            r.learning_rate as f32,
            r.images_per_s,
            r.epoch_s
        );
    }
    out
}
