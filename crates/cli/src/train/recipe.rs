//! The flags that decide what is learned, and the configuration that they mean.

use clap::{Args, ValueEnum};
use striate::data::{Augment, Dataset};
use striate::nn::schedule::Curve;
use striate::nn::{Adam, AdamW, OptimizerConfig, Schedule, Sgd};
use striate::train::FitConfig;

use crate::exit::Usage;
use crate::flags::{below_one, count, degrees, from_zero, positive, probability};

/// How to train. The defaults are those of [`FitConfig`]: a flag that is left out changes nothing.
#[derive(Debug, Clone, Args)]
pub(crate) struct Recipe {
    /// Times to go through the training images [default: 5, and 10 for the embedded digits]
    #[arg(long, value_name = "N", value_parser = count)]
    epochs: Option<usize>,
    /// Images for each update of the parameters
    #[arg(short, long, value_name = "N", value_parser = count, default_value_t = FitConfig::default().batch_size, alias = "batch-size")]
    batch: usize,
    /// Learning rate, the highest one of its schedule
    #[arg(long, value_name = "RATE", value_parser = positive, default_value_t = FitConfig::default().learning_rate, alias = "lr0", allow_negative_numbers = true)]
    lr: f32,
    /// Optimiser [default: adam]
    #[arg(long, value_enum, alias = "optimizer")]
    opt: Option<Opt>,
    /// Momentum of sgd [default: 0.9]
    #[arg(long, value_name = "SHARE", value_parser = below_one, help_heading = "Optimiser and schedule")]
    momentum: Option<f32>,
    /// Weight decay [default: 0, and 0.01 for adamw]
    #[arg(long, value_name = "RATE", value_parser = from_zero, help_heading = "Optimiser and schedule", alias = "wd")]
    weight_decay: Option<f32>,
    /// How the learning rate changes over the run; one-cycle rises, then falls to almost nothing [default: one-cycle]
    #[arg(long, value_enum, help_heading = "Optimiser and schedule")]
    sched: Option<Sched>,
    /// Epochs over which the learning rate first rises, with any schedule
    #[arg(long, value_name = "EPOCHS", value_parser = from_zero, help_heading = "Optimiser and schedule", alias = "warmup-epochs")]
    warmup: Option<f32>,
    /// Epochs between two steps of --sched step [default: a third of --epochs]
    #[arg(long, value_name = "EPOCHS", value_parser = count, help_heading = "Optimiser and schedule", alias = "lr-step-size")]
    step_size: Option<usize>,
    /// Factor of each step of --sched step and multi-step [default: 0.1]
    #[arg(long, value_name = "FACTOR", value_parser = probability, help_heading = "Optimiser and schedule", alias = "lr-gamma")]
    gamma: Option<f32>,
    /// Epochs at which --sched multi-step steps down, such as 10,15
    #[arg(long, value_name = "EPOCHS", value_delimiter = ',', value_parser = count, help_heading = "Optimiser and schedule")]
    milestones: Vec<usize>,
    /// Share of the target spread over all classes
    #[arg(long, value_name = "SHARE", value_parser = below_one, default_value_t = FitConfig::default().label_smoothing, alias = "smoothing")]
    label_smoothing: f32,
    /// Stop when the test accuracy has not risen for this many epochs
    #[arg(long, value_name = "EPOCHS", value_parser = count)]
    patience: Option<usize>,
    /// Key of every random number: the same seed gives the same bits, on any number of threads
    #[arg(long, value_name = "N", default_value_t = FitConfig::default().seed)]
    seed: u64,
    /// Move images by up to this many pixels [default: 0, and 2 for the embedded digits]
    #[arg(long, value_name = "PX", help_heading = "Augmentation", alias = "translate")]
    shift: Option<u32>,
    /// Turn images by up to this many degrees
    #[arg(long, value_name = "DEG", value_parser = degrees, help_heading = "Augmentation", alias = "degrees")]
    rotate: Option<f32>,
    /// Scale images by up to this share either way
    #[arg(long, value_name = "SHARE", value_parser = below_one, help_heading = "Augmentation")]
    scale: Option<f32>,
    /// Mirror images left to right with this probability
    #[arg(long, value_name = "P", value_parser = probability, help_heading = "Augmentation", alias = "fliplr")]
    hflip: Option<f32>,
    /// Erase a rectangle with this probability
    #[arg(long, value_name = "P", value_parser = probability, help_heading = "Augmentation", aliases = ["erasing", "reprob"])]
    erase: Option<f32>,
}

// Values of flags have no doc comments: with one, clap prints every help page in its long form.
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

impl Recipe {
    /// The configuration for this data set.
    pub(crate) fn config(&self, data: &Dataset) -> Result<FitConfig, Usage> {
        let default = FitConfig::for_data(&data.name);
        let config = FitConfig {
            epochs: self.epochs.unwrap_or(default.epochs),
            batch_size: self.batch,
            learning_rate: self.lr,
            label_smoothing: self.label_smoothing,
            patience: self.patience,
            seed: self.seed,
            ..default
        };
        let optimizer = self.optimizer(config.optimizer.clone())?;
        let schedule = self.schedule(&config, data.train.len())?;
        Ok(FitConfig { optimizer, schedule, augment: self.augment(config.augment), ..config })
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

    fn schedule(&self, config: &FitConfig, images: usize) -> Result<Schedule, Usage> {
        let gamma = self.gamma.map_or(0.1, exact);
        let step_size = self.step_size.unwrap_or(config.epochs.div_ceil(3)) as u64;
        let mut schedule = match self.sched {
            None => config.schedule.clone(),
            Some(Sched::Constant) => Schedule::constant(),
            Some(Sched::Step) => Schedule::step(step_size, gamma),
            Some(Sched::MultiStep) if self.milestones.is_empty() => {
                return Err(Usage(
                    "--sched multi-step needs the epochs to step at, such as --milestones 10,15".into(),
                ));
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
                )));
            }
        }
        if let Some(epochs) = self.warmup {
            schedule = schedule.warmup((epochs * images.div_ceil(config.batch_size) as f32).round() as u64);
        }
        Ok(schedule)
    }

    fn augment(&self, default: Augment) -> Augment {
        let (scale_min, scale_max) = match self.scale {
            Some(share) => (1.0 - share, 1.0 + share),
            None => (default.scale_min, default.scale_max),
        };
        Augment {
            shift_px: self.shift.unwrap_or(default.shift_px),
            rotate_deg: self.rotate.unwrap_or(default.rotate_deg),
            scale_min,
            scale_max,
            flip_horizontal: self.hflip.unwrap_or(default.flip_horizontal),
            erase: self.erase.unwrap_or(default.erase),
        }
    }
}

/// The number that was typed, not the one nearest to it in f32: 0.9 and not 0.8999999762.
fn exact(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(value.into())
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};
    use striate::data::load;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        recipe: Recipe,
    }

    fn config(flags: &str) -> Result<FitConfig, Usage> {
        let words = std::iter::once("train").chain(flags.split_whitespace());
        Cli::try_parse_from(words).unwrap().recipe.config(&load("digits").unwrap())
    }

    #[test]
    fn no_flag_changes_nothing() {
        assert_eq!(config("").unwrap(), FitConfig::for_data("digits"));
    }

    /// What the help says the defaults are, they are.
    #[test]
    fn the_help_tells_the_defaults() {
        let help = Cli::command().render_help().to_string();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        let (usual, digits) = (FitConfig::default(), FitConfig::for_data("digits"));
        for default in [
            format!("[default: {}, and {} for the embedded digits]", usual.epochs, digits.epochs),
            format!(
                "[default: {}, and {} for the embedded digits]",
                usual.augment.shift_px, digits.augment.shift_px
            ),
            format!("[default: {}]", usual.optimizer.name()),
        ] {
            assert!(help.contains(&default), "{default}");
        }
        assert_eq!(config("").unwrap().schedule, config("--sched one-cycle").unwrap().schedule);
        let sgd = Sgd { momentum: 0.9, ..Sgd::default() };
        assert_eq!(config("--opt sgd").unwrap().optimizer, sgd.into());
        assert_eq!(config("--opt adamw --wd 0.01").unwrap(), config("--opt adamw").unwrap());
        assert_eq!(config("--opt adam --wd 0").unwrap(), config("--opt adam").unwrap());
    }

    #[test]
    fn flags_mean_what_they_say() {
        let all = config(
            "--epochs 9 -b 100 --lr0 0.1 --optimizer sgd --momentum 0.8 --sched step --gamma 0.5 --warmup 0.5 --seed 7 \
             --patience 3 --smoothing 0.1 --translate 2 --degrees 10 --scale 0.25 --fliplr 0.5 --reprob 0.25",
        )
        .unwrap();
        let expected = FitConfig {
            epochs: 9,
            batch_size: 100,
            learning_rate: 0.1,
            optimizer: Sgd { momentum: 0.8, ..Sgd::default() }.into(),
            schedule: Schedule::step(3, 0.5).warmup(50),
            augment: Augment {
                shift_px: 2,
                rotate_deg: 10.0,
                scale_min: 0.75,
                scale_max: 1.25,
                flip_horizontal: 0.5,
                erase: 0.25,
            },
            label_smoothing: 0.1,
            seed: 7,
            patience: Some(3),
            ..FitConfig::default()
        };
        assert_eq!(all, expected);
        let multi = config("--sched multistep --milestones 2,4").unwrap();
        assert_eq!(multi.schedule, Schedule::multi_step([2, 4], 0.1));
    }

    #[test]
    fn flags_that_would_do_nothing_are_refused() {
        for flags in
            ["--momentum 0.9", "--gamma 0.5", "--step-size 3", "--milestones 3", "--sched multi-step"]
        {
            assert!(config(flags).is_err(), "{flags}");
        }
    }
}
