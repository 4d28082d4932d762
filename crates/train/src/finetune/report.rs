//! The report of fine-tuning.

use super::cost::UnfreezeEstimate;
use super::labels::SuspiciousLabel;
use serde::Serialize;
use striate_report::Comparison;

/// The result of fine-tuning: how accurate the fitted last layer is on unseen images, what that compares to, which labels look wrong,
/// and whether it is worth training all layers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FinetuneReport {
    /// The name of the network.
    pub model: String,
    /// The origin of the pretrained weights.
    pub weights: String,
    /// The name of the data set.
    pub data: String,
    /// The number of images in the cross-validation.
    pub images: usize,
    /// The names of the classes.
    pub classes: Vec<String>,
    /// The number of folds of the cross-validation.
    pub folds: usize,
    /// The share of correct predictions in the cross-validation, 0 to 1: each image was classified by a last layer that was fitted
    /// without it. It estimates the accuracy of the model on other images like these.
    pub accuracy: Option<f64>,
    /// The 95 % interval of the accuracy.
    pub accuracy_interval_95: Option<(f64, f64)>,
    /// The expected calibration error of these predictions, 0 to 1.
    pub expected_calibration_error: Option<f64>,
    /// The accuracy of other classifiers: the model on the held-out images, if the data set has any; the nearest class mean of
    /// the same features; and the same method on raw pixels, unless a class has too few images for that.
    pub compared_with: Vec<Comparison>,
    /// The labels that may be wrong, the most likely first.
    pub suspicious_labels: Vec<SuspiciousLabel>,
    /// The cost of training all layers, and whether it is likely to be worth it.
    pub unfreeze: UnfreezeEstimate,
    /// The time of fine-tuning in seconds, without training all layers.
    pub seconds: f64,
    /// The result of training all layers, if they were trained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unfrozen: Option<UnfrozenReport>,
}

/// The result of training all layers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnfrozenReport {
    /// The epoch whose network was kept, from 1.
    pub best_epoch: usize,
    /// The number of held-out images.
    pub images: u64,
    /// The number of these images that the network classifies correctly.
    pub hits: u64,
    /// The number of these images that the fitted last layer alone, from which the training started, classifies correctly.
    pub last_layer_hits: u64,
}
