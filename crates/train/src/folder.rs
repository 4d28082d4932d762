//! What a run leaves on disk: `model.safetensors` (the best epoch), `last.safetensors`, `checkpoint.safetensors`,
//! `args.yaml`, `results.csv`, the curves and the confusion matrix as SVG and PNG.

use crate::error::FitError;
use crate::evaluate::Evaluation;
use crate::event::EpochRow;
use crate::fit::Job;
use crate::parts::Parts;
use crate::yaml;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use striate_formats::{Checkpoint, Disk, FormatError, ModelFile, write_atomically_on};
use striate_inspect::chart::{Curves, confusion, curves};

/// The network of the best epoch.
pub const BEST_MODEL: &str = "model.safetensors";
/// The network of the last epoch.
pub const LAST_MODEL: &str = "last.safetensors";
/// What `--resume` goes on from.
pub const CHECKPOINT: &str = "checkpoint.safetensors";
/// What the run was started with.
pub const ARGS_YAML: &str = "args.yaml";
/// One line an epoch.
pub const RESULTS_CSV: &str = "results.csv";
/// Loss and accuracy over the epochs.
pub const CURVES_SVG: &str = "curves.svg";
/// The same.
pub const CURVES_PNG: &str = "curves.png";
/// Of the best epoch on the images that it is judged by.
pub const CONFUSION_SVG: &str = "confusion_matrix.svg";
/// The same.
pub const CONFUSION_PNG: &str = "confusion_matrix.png";

/// Pixels of a PNG for each of the SVG: sharp on dense screens.
const PNG_SCALE: f64 = 2.0;

/// A run folder and the disk it lies on.
#[derive(Clone)]
pub(crate) struct Folder<'a> {
    path: PathBuf,
    disk: &'a dyn Disk,
}

impl<'a> Folder<'a> {
    /// Makes the folder, and says in it what the run was started with.
    pub(crate) fn new(path: &Path, disk: &'a dyn Disk) -> Result<Self, FitError> {
        let folder = Self { path: path.to_path_buf(), disk };
        disk.create_folder(path).map_err(|source| FormatError::Write { path: path.to_path_buf(), source })?;
        Ok(folder)
    }

    pub(crate) fn checkpoint_path(&self) -> PathBuf {
        self.path.join(CHECKPOINT)
    }

    pub(crate) fn model_path(&self) -> PathBuf {
        self.path.join(BEST_MODEL)
    }

    pub(crate) fn checkpoint(&self, checkpoint: &Checkpoint) -> Result<(), FitError> {
        Ok(checkpoint.save_on(self.disk, &self.checkpoint_path())?)
    }

    pub(crate) fn model(&self, name: &str, model: &ModelFile) -> Result<(), FitError> {
        Ok(model.save_on(self.disk, &self.path.join(name))?)
    }

    pub(crate) fn args(&self, job: &Job<'_>, parts: &Parts<'_>) -> Result<(), FitError> {
        let mut args = yaml::value(job.config);
        let others = [
            ("chosen_by", parts.chosen_by.name()),
            ("command", job.command),
            ("data", &job.data.name),
            ("data_sha256", &job.data.sha256),
            ("data_source", job.data_source),
            ("model", job.model_name),
            ("striate_version", env!("CARGO_PKG_VERSION")),
        ];
        others.into_iter().for_each(|(key, value)| args[key] = value.into());
        args["preprocess"] = yaml::value(job.preprocess);
        self.write(ARGS_YAML, yaml::yaml(&args).as_bytes())
    }

    pub(crate) fn results(&self, rows: &[EpochRow]) -> Result<(), FitError> {
        self.write(RESULTS_CSV, csv(rows).as_bytes())
    }

    /// The curves, with the mark of the epoch whose network is kept.
    pub(crate) fn curves(&self, title: &str, rows: &[EpochRow], best: usize) -> Result<(), FitError> {
        let series = |of: fn(&EpochRow) -> f64| rows.iter().map(of).collect::<Vec<_>>();
        let scene = curves(&Curves {
            title,
            train_loss: &series(|r| r.train_loss),
            val_loss: &series(|r| r.val_loss),
            train_accuracy: &series(|r| r.train_accuracy),
            val_accuracy: &series(|r| r.val_accuracy),
            kept: Some(best + 1),
        });
        self.write(CURVES_SVG, scene.to_svg().as_bytes())?;
        self.write(CURVES_PNG, &scene.to_png(PNG_SCALE)?)
    }

    pub(crate) fn confusion(
        &self,
        title: &str,
        evaluation: &Evaluation,
        classes: &[String],
    ) -> Result<(), FitError> {
        let names: Vec<&str> = classes.iter().map(String::as_str).collect();
        let scene = confusion(title, &evaluation.confusion, &names)?;
        self.write(CONFUSION_SVG, scene.to_svg().as_bytes())?;
        self.write(CONFUSION_PNG, &scene.to_png(PNG_SCALE)?)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), FitError> {
        let path = self.path.join(name);
        Ok(write_atomically_on(self.disk, &path, bytes)
            .map_err(|source| FormatError::Write { path, source })?)
    }
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
