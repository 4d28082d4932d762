//! How to train: the settings, their defaults, and what is refused.

use crate::error::FitError;
use crate::metric::Metric;
use serde::{Deserialize, Serialize};
use striate_data::Augment;
use striate_graph::rates::{layer_decay, layer_groups};
use striate_graph::{Clip, CrossEntropy, Graph};
use striate_nn::{OptimizerConfig, Schedule};

/// How to train.
///
/// # Example
/// ```
/// use striate_train::FitConfig;
///
/// let config = FitConfig { epochs: 2, seed: 7, ..FitConfig::default() };
/// assert!(config.check(10).is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FitConfig {
    /// Times that every training image is seen.
    pub epochs: usize,
    /// Images that pass through the network at once; the last of an epoch may be fewer. With batch norm they are never one: an
    /// image that would be left over for a batch of its own sits out the epoch, another one each time.
    pub batch_size: usize,
    /// Batches for each update of the parameters: their gradients add up to those of one batch of all their images, in the
    /// memory of one. Batch norm sees one at a time. The last update of an epoch may have fewer images.
    pub grad_accum_steps: usize,
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
    pub class_weights: Option<ClassWeights>,
    /// Whether images of rare classes are drawn as often as those of frequent ones.
    pub weighted_sampling: bool,
    /// Whether auxiliary classifiers ([`Graph::auxiliary`]) add their losses, of networks that have them: GoogLeNet and
    /// Inception-v3. A model file does not hold their parameters, so training that begins from one needs `false`.
    pub auxiliary: bool,
    /// Bound on the gradients.
    pub clip_grad: Option<f32>,
    /// Of what it is the bound.
    pub clip_mode: ClipMode,
    /// Share of the average of the parameters that survives an update; with it, the average is what is validated and kept.
    pub ema_decay: Option<f32>,
    /// Layers that do not learn: patterns of names (`layer1.*`, `features`), or a number, the first so many layers and
    /// blocks. A frozen batch norm uses its running statistics.
    pub freeze: Vec<String>,
    /// Factor of the learning rate from each layer or block to the one before it; the last has the full rate.
    pub layer_decay: Option<f32>,
    /// Key of every random number: first parameters, order, augmentation, dropout.
    pub seed: u64,
    /// Share of the training images that is not learned from, so that the best epoch is chosen by them and not by the test
    /// images; no more than 5,000 in all. Without effect where the data set has a part of its own to choose by; with 0 the
    /// test images choose, and what is said of them flatters.
    pub val_split: f32,
    /// Stop after this many epochs without a better validation.
    pub patience: Option<usize>,
    /// By what validations are compared.
    pub metric: Metric,
    /// Seconds for the whole run: it measures what fits before its first step, and `epochs` is the most it will do.
    pub budget_s: Option<f64>,
    /// Seconds between checkpoints within an epoch; `None`: at the ends of epochs only. Decides nothing else.
    pub checkpoint_every_s: Option<f64>,
}

impl Default for FitConfig {
    fn default() -> Self {
        Self {
            epochs: 5,
            batch_size: 64,
            grad_accum_steps: 1,
            learning_rate: 3e-3,
            optimizer: OptimizerConfig::default(),
            schedule: Schedule::one_cycle(),
            augment: Augment::default(),
            label_smoothing: 0.0,
            class_weights: None,
            weighted_sampling: false,
            auxiliary: true,
            clip_grad: None,
            clip_mode: ClipMode::Norm,
            ema_decay: None,
            freeze: Vec::new(),
            layer_decay: None,
            seed: 0,
            val_split: 0.1,
            patience: None,
            metric: Metric::AccuracyTop1,
            budget_s: None,
            checkpoint_every_s: Some(30.0),
        }
    }
}

/// What each class counts in the loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeights {
    /// `images / (classes · images of the class)`: all classes count the same, as scikit-learn's `balanced`. A class
    /// without images counts nothing.
    Balanced,
    /// These.
    Given(Vec<f32>),
}

/// Of what `clip_grad` is the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClipMode {
    /// The norm of all gradients together.
    #[default]
    Norm,
    /// The magnitude of each value.
    Value,
}

impl FitConfig {
    /// Makes sure that every setting makes sense for a network of so many classes.
    ///
    /// # Errors
    /// The first one that does not.
    pub fn check(&self, classes: usize) -> Result<(), FitError> {
        let refuse = |what, expected: &str, got: String| {
            Err(FitError::Setting { what, expected: expected.to_string(), got })
        };
        if classes < 2 {
            return refuse("classes", "at least 2", classes.to_string());
        }
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
        if self.grad_accum_steps == 0 || self.grad_accum_steps.saturating_mul(self.batch_size) > 1 << 20 {
            let expected = "at least 1, and at most 1048576 images per update";
            return refuse("grad_accum_steps", expected, self.grad_accum_steps.to_string());
        }
        if let Some(ClassWeights::Given(weights)) = &self.class_weights {
            if weights.len() != classes {
                let expected = format!("{classes} numbers, one per class");
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
        for (what, value) in [("clip_grad", self.clip_grad), ("layer_decay", self.layer_decay)] {
            if let Some(value) = value
                && !(value.is_finite() && value > 0.0)
            {
                return refuse(what, "a number above 0", value.to_string());
            }
        }
        if let Some(decay) = self.ema_decay
            && !(0.0..1.0).contains(&decay)
        {
            return refuse("ema_decay", "at least 0 and below 1, such as 0.999", decay.to_string());
        }
        if let Some(budget_s) = self.budget_s
            && !(budget_s.is_finite() && budget_s > 0.0)
        {
            return refuse("budget_s", "a number of seconds above 0", budget_s.to_string());
        }
        if !(0.0..1.0).contains(&self.val_split) {
            return refuse("val_split", "at least 0 and below 1, such as 0.1", self.val_split.to_string());
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

    /// The loss, for a training set with so many images of each class.
    pub(crate) fn loss(&self, class_counts: &[usize]) -> CrossEntropy {
        let balanced = || {
            let (images, classes) = (class_counts.iter().sum::<usize>() as f64, class_counts.len() as f64);
            let weight = |&count: &usize| if count == 0 { 0.0 } else { images / (classes * count as f64) };
            class_counts.iter().map(|count| weight(count) as f32).collect()
        };
        let class_weights = self.class_weights.as_ref().map(|weights| match weights {
            ClassWeights::Balanced => balanced(),
            ClassWeights::Given(weights) => weights.clone(),
        });
        CrossEntropy { label_smoothing: self.label_smoothing, class_weights }
    }

    pub(crate) fn clip(&self) -> Option<Clip> {
        self.clip_grad.map(|bound| match self.clip_mode {
            ClipMode::Norm => Clip::Norm(bound),
            ClipMode::Value => Clip::Value(bound),
        })
    }

    /// Images for each update.
    pub(crate) fn update_size(&self) -> usize {
        self.batch_size * self.grad_accum_steps
    }

    /// Factors of the learning rate by pattern: what is frozen comes first, and so goes before layer decay.
    pub(crate) fn rates(&self, graph: &Graph) -> Vec<(String, f32)> {
        let mut rates = Vec::new();
        for what in &self.freeze {
            match what.parse::<usize>() {
                Ok(count) => {
                    let layers = layer_groups(graph).into_iter().take(count).flat_map(|group| group.layers);
                    rates.extend(layers.map(|layer| (layer, 0.0)));
                }
                Err(_) => rates.push((what.clone(), 0.0)),
            }
        }
        rates.extend(self.layer_decay.into_iter().flat_map(|decay| layer_decay(graph, decay)));
        rates
    }
}
