//! The figures of an epoch.

use serde::Serialize;

/// The figures of one epoch: a line of `results.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EpochRow {
    /// The number of the epoch, from 1.
    pub epoch: usize,
    /// The mean loss over the training images, with the parameters at the time of each step.
    pub train_loss: f64,
    /// The fraction of training images that were classified correctly at the time of each step.
    pub train_accuracy: f64,
    /// The mean cross entropy over the validation images after the epoch, without label smoothing and class weights.
    pub val_loss: f64,
    /// The fraction of validation images that were classified correctly.
    pub val_accuracy: f64,
    /// The mean over the classes of the F1 score, on the validation images.
    pub val_f1_macro: f64,
    /// The learning rate of the last step.
    pub learning_rate: f64,
    /// The training images per second.
    pub images_per_s: f64,
    /// The training time in seconds: loading batches and updating, without evaluation and saving.
    pub epoch_s: f64,
}
