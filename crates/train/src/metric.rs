//! By what the best epoch is chosen.

use crate::row::EpochRow;
use serde::{Deserialize, Serialize};

/// What of an epoch's validation says how good it is: which is the best, and whether patience has run out. Of epochs that are
/// equal by it, the one of the smaller loss is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Fraction of images that were right.
    #[default]
    #[serde(rename = "accuracy_top1")]
    AccuracyTop1,
    /// Mean cross entropy, the smaller the better.
    Loss,
    /// Mean over the classes of the harmonic mean of precision and recall: a rare class counts as much as a frequent one.
    F1Macro,
}

impl Metric {
    /// Its name, as flags and results have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccuracyTop1 => "accuracy_top1",
            Self::Loss => "loss",
            Self::F1Macro => "f1_macro",
        }
    }

    /// The higher, the better; what is no number is worst.
    pub(crate) fn score(self, row: &EpochRow) -> f64 {
        let score = match self {
            Self::AccuracyTop1 => row.val_accuracy,
            Self::Loss => -row.val_loss,
            Self::F1Macro => row.val_f1_macro,
        };
        if score.is_nan() { f64::NEG_INFINITY } else { score }
    }
}
