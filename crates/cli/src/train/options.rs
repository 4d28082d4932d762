//! The flags of the loss, the gradients and the parameter average, and of when a run stops.

use clap::{Args, ValueEnum};
use striate::train::{ClassWeights, ClipMode, FitConfig, Metric};

use crate::exit::Usage;
use crate::flags::{below_one, count, positive, seconds};

/// A flag that is left out leaves the configuration as it is.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Share of the target that is spread over all classes
    #[arg(long, value_name = "SHARE", value_parser = below_one, help_heading = LOSS, alias = "smoothing")]
    label_smoothing: Option<f32>,
    /// Weight of each class in the loss: one number per class, such as 1,2.5,1, or 'balanced'
    #[arg(long, value_name = "LIST", value_parser = class_weights, help_heading = LOSS)]
    class_weights: Option<ClassWeights>,
    /// Sample all classes equally often, even if they differ in size
    #[arg(long, help_heading = LOSS)]
    weighted_sampling: bool,
    /// Accumulate the gradients of N batches for each update: a large batch in the memory of a small one
    #[arg(long, value_name = "N", value_parser = count, help_heading = LOSS, alias = "grad-accum-steps")]
    accum: Option<usize>,
    /// Clip the gradients at this bound
    #[arg(long, value_name = "BOUND", value_parser = positive, help_heading = LOSS, aliases = ["clip-grad-norm"])]
    clip_grad: Option<f32>,
    /// What --clip-grad bounds: the norm of all gradients, or the magnitude of each value [default: norm]
    #[arg(long, value_enum, value_name = "MODE", help_heading = LOSS, requires = "clip_grad")]
    clip_mode: Option<Mode>,
    /// Validate and keep an exponential moving average of the parameters with this decay per update; try 0.999
    #[arg(long, value_name = "SHARE", value_parser = below_one, help_heading = LOSS, alias = "model-ema-decay")]
    ema_decay: Option<f32>,
    /// Layers to freeze: names and patterns such as features,layer?.*, or a number N for the first N layers
    #[arg(long, value_name = "LAYERS", value_delimiter = ',', help_heading = LOSS)]
    freeze: Vec<String>,
    /// Multiply the learning rate by this factor from each layer to the one before it; try 0.75
    #[arg(long, value_name = "FACTOR", value_parser = positive, help_heading = LOSS)]
    layer_decay: Option<f32>,
    /// Share of the training images held out to select the best epoch, at most 5,000 images, where the data set has no val
    /// part; with 0, the test images select it [default: 0.1]
    #[arg(long, value_name = "SHARE", value_parser = below_one)]
    pub(super) val_split: Option<f32>,
    /// Stop when the validation metric has not improved for this many epochs
    #[arg(long, value_name = "EPOCHS", value_parser = count)]
    patience: Option<usize>,
    /// Validation metric that selects the best epoch [default: accuracy_top1]
    #[arg(long, value_enum, value_name = "METRIC")]
    metric: Option<By>,
    /// Time limit for training, such as 90s, 10m or 1h; the learning-rate schedule is fitted to it
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    budget: Option<f64>,
}

const LOSS: &str = "Loss, gradients, average";

// The values of flags have no doc comments: with one, clap prints the whole help in its long form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    Norm,
    Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    #[value(name = "accuracy_top1", aliases = ["accuracy", "top1"])]
    AccuracyTop1,
    Loss,
    #[value(name = "f1_macro", alias = "f1")]
    F1Macro,
}

fn class_weights(text: &str) -> Result<ClassWeights, String> {
    if text == "balanced" {
        return Ok(ClassWeights::Balanced);
    }
    let numbers: Result<Vec<f32>, _> = text.split(',').map(|one| one.trim().parse()).collect();
    numbers.map(ClassWeights::Given).map_err(|_| {
        format!("expected one number per class, separated by commas, or balanced, got {text}; try balanced")
    })
}

impl Options {
    pub(super) fn apply(&self, config: FitConfig) -> FitConfig {
        let clip_mode = match self.clip_mode {
            None => config.clip_mode,
            Some(Mode::Norm) => ClipMode::Norm,
            Some(Mode::Value) => ClipMode::Value,
        };
        let metric = match self.metric {
            None => config.metric,
            Some(By::AccuracyTop1) => Metric::AccuracyTop1,
            Some(By::Loss) => Metric::Loss,
            Some(By::F1Macro) => Metric::F1Macro,
        };
        FitConfig {
            label_smoothing: self.label_smoothing.unwrap_or(config.label_smoothing),
            class_weights: self.class_weights.clone().or(config.class_weights),
            weighted_sampling: self.weighted_sampling || config.weighted_sampling,
            grad_accum_steps: self.accum.unwrap_or(config.grad_accum_steps),
            clip_grad: self.clip_grad.or(config.clip_grad),
            clip_mode,
            ema_decay: self.ema_decay.or(config.ema_decay),
            freeze: if self.freeze.is_empty() { config.freeze } else { self.freeze.clone() },
            layer_decay: self.layer_decay.or(config.layer_decay),
            val_split: self.val_split.unwrap_or(config.val_split),
            patience: self.patience.or(config.patience),
            metric,
            budget_s: self.budget.or(config.budget_s),
            ..config
        }
    }

    /// Epochs to wait for a better validation.
    pub(super) fn patience(&self) -> Option<usize> {
        self.patience
    }

    /// The most epochs that a run of a budget may have where none are asked for.
    pub(super) fn most_epochs(&self) -> Option<usize> {
        self.budget.map(|_| 1_000_000)
    }

    /// Refuses a schedule that needs to know the number of epochs.
    pub(super) fn check_steps(&self, needs_epochs: bool) -> Result<(), Usage> {
        match self.budget {
            Some(_) if needs_epochs => Err(Usage(
                "--sched step with --budget: the number of epochs is not known in advance; add --step-size"
                    .into(),
            )),
            _ => Ok(()),
        }
    }
}
