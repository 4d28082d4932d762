//! How to train: the settings, their defaults, and what is refused.

use crate::error::FitError;
use serde::{Deserialize, Serialize};
use striate_data::Augment;
use striate_graph::CrossEntropy;
use striate_nn::{OptimizerConfig, Schedule};

/// How to train.
///
/// # Example
/// ```
/// use striate_train::FitConfig;
///
/// let config = FitConfig { epochs: 2, seed: 7, ..FitConfig::for_data("mnist") };
/// assert!(config.check(10).is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FitConfig {
    /// Times that every training image is seen.
    pub epochs: usize,
    /// Images a step; the last step of an epoch may have fewer.
    pub batch_size: usize,
    /// The schedule's highest rate.
    pub learning_rate: f32,
    /// The rule of the update.
    pub optimizer: OptimizerConfig,
    /// How the rate changes.
    pub schedule: Schedule,
    /// Random changes to training images.
    pub augment: Augment,
    /// Share of the target spread over all classes, 0 to below 1.
    pub label_smoothing: f32,
    /// One weight a class, for classes of unequal size.
    pub class_weights: Option<Vec<f32>>,
    /// Key of every random number: first parameters, order, augmentation, dropout.
    pub seed: u64,
    /// Stop after this many epochs without a better validation accuracy.
    pub patience: Option<usize>,
    /// Seconds between checkpoints within an epoch; `None`: at the ends of epochs only. Decides nothing else.
    pub checkpoint_every_s: Option<f64>,
}

impl Default for FitConfig {
    fn default() -> Self {
        Self {
            epochs: 5,
            batch_size: 64,
            learning_rate: 3e-3,
            optimizer: OptimizerConfig::default(),
            schedule: Schedule::one_cycle(),
            augment: Augment::default(),
            label_smoothing: 0.0,
            class_weights: None,
            seed: 0,
            patience: None,
            checkpoint_every_s: Some(30.0),
        }
    }
}

/// Data sets for which the defaults are not the best use of a newcomer's minute: name, epochs, shift in pixels.
const FOR_DATA: [(&str, usize, u32); 1] = [
    // 10,000 images: an epoch takes a fraction of a second, and without shifts the network knows them by heart in five.
    ("digits", 10, 2),
];

impl FitConfig {
    /// The defaults for a data set of this name.
    pub fn for_data(name: &str) -> Self {
        let mut config = Self::default();
        if let Some(&(_, epochs, shift_px)) = FOR_DATA.iter().find(|(known, ..)| *known == name) {
            (config.epochs, config.augment.shift_px) = (epochs, shift_px);
        }
        config
    }

    /// Makes sure that every setting makes sense for a network of so many classes.
    ///
    /// # Errors
    /// The first one that does not.
    pub fn check(&self, classes: usize) -> Result<(), FitError> {
        let refuse = |what, expected: &str, got: String| {
            Err(FitError::Setting { what, expected: expected.to_string(), got })
        };
        if self.epochs == 0 || self.epochs > 1_000_000 {
            return refuse("epochs", "1 to 1000000", self.epochs.to_string());
        }
        if self.batch_size == 0 || self.batch_size > 1 << 20 {
            return refuse("batch_size", "1 to 1048576", self.batch_size.to_string());
        }
        if !(self.learning_rate.is_finite() && self.learning_rate > 0.0) {
            return refuse(
                "learning_rate",
                "a number above 0, such as 0.003",
                self.learning_rate.to_string(),
            );
        }
        if !(0.0..1.0).contains(&self.label_smoothing) {
            return refuse("label_smoothing", "at least 0 and below 1", self.label_smoothing.to_string());
        }
        if let Some(weights) = &self.class_weights {
            if weights.len() != classes {
                let expected = format!("{classes} numbers, one a class");
                return refuse("class_weights", &expected, weights.len().to_string());
            }
            let sound = |w: &f32| w.is_finite() && *w >= 0.0;
            if !weights.iter().all(sound) || weights.iter().all(|&w| w == 0.0) {
                return refuse(
                    "class_weights",
                    "numbers of at least 0, not all of them 0",
                    format!("{weights:?}"),
                );
            }
        }
        if self.patience == Some(0) {
            return refuse("patience", "at least 1 epoch", "0".into());
        }
        if self.checkpoint_every_s.is_some_and(|s| s.is_nan() || s < 0.0) {
            let got = format!("{:?}", self.checkpoint_every_s);
            return refuse("checkpoint_every_s", "at least 0 seconds", got);
        }
        self.schedule.check()?;
        self.optimizer.build()?;
        Ok(self.augment.check()?)
    }

    pub(crate) fn loss(&self) -> CrossEntropy {
        CrossEntropy { label_smoothing: self.label_smoothing, class_weights: self.class_weights.clone() }
    }
}
