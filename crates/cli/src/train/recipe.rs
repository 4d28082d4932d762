//! The flags that determine the training, and the configuration that they produce.

use clap::{Args, ValueEnum};
use striate::data::Dataset;
use striate::nn::schedule::Curve;
use striate::nn::{Adam, AdamW, OptimizerConfig, Schedule, Sgd};
use striate::train::{FitConfig, RunSplits};

use super::augment::Augmentation;
use super::options::Options;
use crate::exit::Usage;
use crate::flags::{below_one, count, from_zero, positive, probability};

/// The training flags. The defaults are those of [`FitConfig::recipe`]: a flag that is left out changes nothing.
#[derive(Debug, Clone, Args)]
pub(crate) struct RecipeFlags {
    /// Passes over the training images [default: 5, 10 for the embedded digits, or the recipe's]
    #[arg(long, value_name = "N", value_parser = count)]
    epochs: Option<usize>,
    /// Batch size [default: 64, or the recipe's]
    #[arg(short, long, value_name = "N", value_parser = count, alias = "batch-size")]
    batch: Option<usize>,
    /// Learning rate, the maximum of its schedule [default: 0.003, or the recipe's]
    #[arg(long, value_name = "RATE", value_parser = positive, alias = "lr0", allow_negative_numbers = true)]
    lr: Option<f32>,
    /// Optimizer [default: adam, or the recipe's]
    #[arg(long, value_enum, alias = "optimizer")]
    opt: Option<Opt>,
    /// Momentum of sgd [default: 0.9]
    #[arg(long, value_name = "SHARE", value_parser = below_one, help_heading = "Optimizer and schedule")]
    momentum: Option<f32>,
    /// Weight decay [default: 0, and 0.01 for adamw]
    #[arg(long, value_name = "RATE", value_parser = from_zero, help_heading = "Optimizer and schedule", alias = "wd")]
    weight_decay: Option<f32>,
    /// Learning-rate schedule; one-cycle rises, then falls to almost zero [default: one-cycle]
    #[arg(long, value_enum, help_heading = "Optimizer and schedule")]
    sched: Option<Sched>,
    /// Epochs of linear warm-up, with any schedule
    #[arg(long, value_name = "EPOCHS", value_parser = from_zero, help_heading = "Optimizer and schedule", alias = "warmup-epochs")]
    warmup: Option<f32>,
    /// Epochs between two steps of --sched step [default: a third of --epochs]
    #[arg(long, value_name = "EPOCHS", value_parser = count, help_heading = "Optimizer and schedule", alias = "lr-step-size")]
    step_size: Option<usize>,
    /// Factor of each step of --sched step and multi-step [default: 0.1]
    #[arg(long, value_name = "FACTOR", value_parser = probability, help_heading = "Optimizer and schedule", alias = "lr-gamma")]
    gamma: Option<f32>,
    /// Epochs at which --sched multi-step steps down, such as 10,15
    #[arg(long, value_name = "EPOCHS", value_delimiter = ',', value_parser = count, help_heading = "Optimizer and schedule")]
    milestones: Vec<usize>,
    #[command(flatten)]
    options: Options,
    /// Random seed: the same seed gives the same bits, with any number of threads
    #[arg(long, value_name = "N", default_value_t = FitConfig::default().seed)]
    seed: u64,
    #[command(flatten)]
    augmentation: Augmentation,
}

// The values of flags have no doc comments: with one, clap prints the whole help in its long form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Opt {
    Sgd,
    Adam,
    #[value(name = "adamw")]
    AdamW,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Sched {
    Constant,
    Step,
    #[value(alias = "multistep")]
    MultiStep,
    Cosine,
    #[value(alias = "onecycle")]
    OneCycle,
}

impl RecipeFlags {
    /// The configuration for this network and data set.
    pub(crate) fn config(&self, model: &str, data: &Dataset) -> anyhow::Result<FitConfig> {
        if data.val.is_some() && self.options.val_split.is_some() {
            return Err(Usage(format!(
                "--val-split: {} has a val part of its own, which selects the epoch; leave the flag out",
                data.name
            ))
            .into());
        }
        let recipe = FitConfig::recipe(model, data);
        let optimizer = self.optimizer(recipe.optimizer.clone())?;
        // A recipe's learning rate is for the recipe's optimizer.
        let is_recipes = optimizer.name() == recipe.optimizer.name();
        let usual = if is_recipes { recipe.learning_rate } else { FitConfig::default().learning_rate };
        let config = self.options.apply(FitConfig {
            epochs: self.epochs.or(self.options.most_epochs()).unwrap_or(recipe.epochs),
            batch_size: self.batch.unwrap_or(recipe.batch_size),
            learning_rate: self.lr.unwrap_or(usual),
            seed: self.seed,
            ..recipe
        });
        let schedule = self.schedule(&config, data)?;
        Ok(FitConfig { optimizer, schedule, augment: self.augmentation.apply(config.augment), ..config })
    }

    /// A stored configuration with the flags that may change when a run is resumed.
    pub(super) fn changed(&self, stored: FitConfig) -> FitConfig {
        FitConfig {
            epochs: self.epochs.unwrap_or(stored.epochs),
            batch_size: self.batch.unwrap_or(stored.batch_size),
            learning_rate: self.lr.unwrap_or(stored.learning_rate),
            patience: self.options.patience().or(stored.patience),
            ..stored
        }
    }

    fn optimizer(&self, default: OptimizerConfig) -> Result<OptimizerConfig, Usage> {
        let mut optimizer = match self.opt {
            None => default,
            Some(Opt::Sgd) => Sgd { momentum: 0.9, ..Sgd::default() }.into(),
            Some(Opt::Adam) => Adam::default().into(),
            Some(Opt::AdamW) => AdamW::default().into(),
        };
        match (&mut optimizer, self.momentum) {
            (OptimizerConfig::Sgd(sgd), Some(momentum)) => sgd.momentum = exact(momentum),
            (_, Some(_)) => {
                return Err(Usage("--momentum is for --opt sgd; leave it out, or add --opt sgd".into()));
            }
            (_, None) => {}
        }
        if let Some(decay) = self.weight_decay.map(exact) {
            match &mut optimizer {
                OptimizerConfig::Sgd(sgd) => sgd.weight_decay = decay,
                OptimizerConfig::Adam(adam) => adam.weight_decay = decay,
                OptimizerConfig::AdamW(adamw) => adamw.weight_decay = decay,
            }
        }
        Ok(optimizer)
    }

    fn schedule(&self, config: &FitConfig, data: &Dataset) -> anyhow::Result<Schedule> {
        let gamma = self.gamma.map_or(0.1, exact);
        self.options.check_steps(
            self.sched == Some(Sched::Step) && self.step_size.is_none() && self.epochs.is_none(),
        )?;
        let step_size = self.step_size.unwrap_or(config.epochs.div_ceil(3)) as u64;
        let mut schedule = match self.sched {
            None => config.schedule.clone(),
            Some(Sched::Constant) => Schedule::constant(),
            Some(Sched::Step) => Schedule::step(step_size, gamma),
            Some(Sched::MultiStep) if self.milestones.is_empty() => {
                return Err(Usage(
                    "--sched multi-step needs the epochs of its steps, such as --milestones 10,15".into(),
                )
                .into());
            }
            Some(Sched::MultiStep) => Schedule::multi_step(
                self.milestones.iter().map(|&epoch| epoch as u64).collect::<Vec<_>>(),
                gamma,
            ),
            Some(Sched::Cosine) => Schedule::cosine(0.0),
            Some(Sched::OneCycle) => Schedule::one_cycle(),
        };
        let is_step = matches!(schedule.curve, Curve::Step { .. });
        let is_multi_step = matches!(schedule.curve, Curve::MultiStep { .. });
        for (flag, given, applies, sched) in [
            ("--step-size", self.step_size.is_some(), is_step, "step"),
            ("--milestones", !self.milestones.is_empty(), is_multi_step, "multi-step"),
            ("--gamma", self.gamma.is_some(), is_step || is_multi_step, "step"),
        ] {
            if given && !applies {
                return Err(Usage(format!(
                    "{flag} is for --sched {sched}; leave it out, or add --sched {sched}"
                ))
                .into());
            }
        }
        if let Some(epochs) = self.warmup {
            let images = RunSplits::of(data, config)?.train.len();
            schedule = schedule.warmup(
                (epochs * images.div_ceil(config.batch_size * config.grad_accum_steps) as f32).round() as u64,
            );
        }
        Ok(schedule)
    }
}

/// The number as it was typed, rather than the nearest f32: 0.9, not 0.8999999762.
fn exact(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(value.into())
}

#[cfg(test)]
mod tests;
