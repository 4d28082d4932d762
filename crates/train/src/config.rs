//! The training configuration: the settings, their defaults, and their valid ranges.

use crate::error::FitError;
use crate::metric::Metric;
use serde::{Deserialize, Serialize};
use striate_data::Augment;
use striate_graph::rates::{layer_decay, layer_groups};
use striate_graph::{Clip, CrossEntropy, Graph};
use striate_nn::{OptimizerConfig, Schedule};

/// The configuration of a training run.
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
    /// The number of passes over the training images.
    pub epochs: usize,
    /// The batch size; the last batch of an epoch may be smaller. With batch norm a batch never has a single image: an image that
    /// would be left over for a batch of its own is skipped in this epoch, a different one each time.
    pub batch_size: usize,
    /// The number of batches per update of the parameters. Their accumulated gradients equal those of one large batch, in the
    /// memory of a small one; batch norm sees one batch at a time. The last update of an epoch may have fewer images.
    pub grad_accum_steps: usize,
    /// The maximum learning rate of the schedule.
    pub learning_rate: f32,
    /// The optimizer and its settings.
    pub optimizer: OptimizerConfig,
    /// The learning-rate schedule.
    pub schedule: Schedule,
    /// The augmentation of the training images.
    pub augment: Augment,
    /// The share of the target that is spread over all classes, at least 0 and below 1.
    pub label_smoothing: f32,
    /// The weights of the classes in the loss, for imbalanced data.
    pub class_weights: Option<ClassWeights>,
    /// Whether all classes are sampled equally often, regardless of their size.
    pub weighted_sampling: bool,
    /// Whether the losses of auxiliary classifiers ([`Graph::auxiliary`]) are added, for networks that have them: GoogLeNet and
    /// Inception-v3. A model file does not contain their parameters, so training that starts from one needs `false`.
    pub auxiliary: bool,
    /// The bound for gradient clipping; `None` disables it.
    pub clip_grad: Option<f32>,
    /// The quantity that `clip_grad` bounds.
    pub clip_mode: ClipMode,
    /// The decay per update of an exponential moving average of the parameters; if set, the average is validated and kept.
    pub ema_decay: Option<f32>,
    /// The frozen layers: patterns of names (`layer1.*`, `features`), or a number N for the first N layers and blocks. A frozen
    /// batch norm uses its running statistics.
    pub freeze: Vec<String>,
    /// The factor of the learning rate from each layer or block to the previous one; the last has the full rate.
    pub layer_decay: Option<f32>,
    /// The random seed of the initial parameters, the order, the augmentation and dropout.
    pub seed: u64,
    /// The share of the training images that is held out to select the best epoch, so that the test images are not used for it;
    /// at most 5,000 images. It has no effect where the data set has a validation split. With 0 the epoch is selected on the test
    /// images, so their figures are slightly optimistic.
    pub val_split: f32,
    /// Stops the run after this many epochs without an improvement of the validation metric.
    pub patience: Option<usize>,
    /// The validation metric that selects the best epoch.
    pub metric: Metric,
    /// The time limit of the whole run in seconds. Before its first step, the run measures how many steps fit; `epochs` is the
    /// upper limit.
    pub budget_s: Option<f64>,
    /// The interval of checkpoints within an epoch, in seconds; with `None`, checkpoints are written only at the end of an epoch.
    /// It does not influence the result.
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

/// The weights of the classes in the loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeights {
    /// `images / (classes · images of the class)`: all classes count equally, like scikit-learn's `balanced`. A class
    /// without images has the weight 0.
    Balanced,
    /// One given weight per class.
    Given(Vec<f32>),
}

/// The quantity that `clip_grad` bounds.
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
    /// Checks that every setting is valid for a network with this number of classes.
    ///
    /// # Errors
    /// The first setting that is not valid.
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

    /// The loss, for a training set with these numbers of images per class.
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

    /// The factors of the learning rate by pattern. Frozen layers come first, and so take precedence over layer decay.
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
