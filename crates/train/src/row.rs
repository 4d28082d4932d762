//! What is kept of an epoch.

use serde::Serialize;

/// One epoch in numbers: a line of `results.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EpochRow {
    /// From 1.
    pub epoch: usize,
    /// Mean loss over the training images, each as the network was when it saw it.
    pub train_loss: f64,
    /// Fraction of them that were right.
    pub train_accuracy: f64,
    /// Mean cross entropy over the validation images after the epoch, without label smoothing and weights.
    pub val_loss: f64,
    /// Fraction of them that were right.
    pub val_accuracy: f64,
    /// Mean over the classes of the F1 score.
    pub val_f1_macro: f64,
    /// Rate of the last step.
    pub learning_rate: f64,
    /// Training images a second.
    pub images_per_s: f64,
    /// Seconds of training: fetching batches and updating, without evaluation and saving.
    pub epoch_s: f64,
}
