//! The metrics that can select the best epoch.

use crate::row::EpochRow;
use serde::{Deserialize, Serialize};

/// The validation metric that selects the best epoch and decides when patience has run out. Of epochs with equal values, the one
/// with the smaller loss is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// The fraction of images that were classified correctly.
    #[default]
    #[serde(rename = "accuracy_top1")]
    AccuracyTop1,
    /// The mean cross entropy; smaller is better.
    Loss,
    /// The mean over the classes of the harmonic mean of precision and recall, so that a rare class counts as much as a
    /// frequent one.
    F1Macro,
}

impl Metric {
    /// The name of the metric in flags and results.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccuracyTop1 => "accuracy_top1",
            Self::Loss => "loss",
            Self::F1Macro => "f1_macro",
        }
    }

    /// A score that is higher for better epochs; NaN is the worst.
    pub(crate) fn score(self, row: &EpochRow) -> f64 {
        let score = match self {
            Self::AccuracyTop1 => row.val_accuracy,
            Self::Loss => -row.val_loss,
            Self::F1Macro => row.val_f1_macro,
        };
        if score.is_nan() { f64::NEG_INFINITY } else { score }
    }
}
