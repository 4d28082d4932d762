//! The flags, and the configuration that they produce.

use clap::{CommandFactory, Parser};
use striate::data::load;

use super::*;
use striate::data::Augment;
use striate::train::{ClassWeights, ClipMode, Metric};

#[derive(Debug, Parser)]
struct Cli {
    #[command(flatten)]
    recipe: RecipeFlags,
}

fn config(flags: &str) -> anyhow::Result<FitConfig> {
    let words = std::iter::once("train").chain(flags.split_whitespace());
    Cli::try_parse_from(words).unwrap().recipe.config("convnet", &load("digits").unwrap())
}

#[test]
fn no_flag_changes_nothing() {
    assert_eq!(config("").unwrap(), FitConfig::recipe("convnet", &load("digits").unwrap()));
}

/// The defaults in the help are the real ones.
#[test]
fn the_help_tells_the_defaults() {
    let help = Cli::command().render_help().to_string();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let (usual, digits) = (FitConfig::default(), FitConfig::recipe("convnet", &load("digits").unwrap()));
    for default in [
        format!("[default: {}, {} for the embedded digits, ", usual.epochs, digits.epochs),
        format!("[default: {}, or the recipe's]", usual.batch_size),
        format!("[default: {}, or the recipe's]", usual.learning_rate),
        format!(
            "[default: {}, and {} for the embedded digits]",
            usual.augment.shift_px, digits.augment.shift_px
        ),
        format!("[default: {}, or the recipe's]", usual.optimizer.name()),
        format!("with 0, the test images select it [default: {}]", usual.val_split),
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
         --val-split 0.2 --patience 3 --metric f1 --smoothing 0.1 --accum 4 --class-weights balanced --weighted-sampling --clip-grad 2 \
         --clip-mode value --ema-decay 0.99 --freeze conv1,2 --freeze fc? --layer-decay 0.5 --budget 1.5m --shift 2 --degrees 10 --scale 0.25 --fliplr 0.5 --reprob 0.25",
    )
    .unwrap();
    let expected = FitConfig {
        epochs: 9,
        batch_size: 100,
        learning_rate: 0.1,
        optimizer: Sgd { momentum: 0.8, ..Sgd::default() }.into(),
        // Half an epoch of what a fifth of each class leaves of 10,000 images, 400 an update.
        schedule: Schedule::step(3, 0.5).warmup(11),
        augment: Augment {
            shift_px: 2,
            rotate_deg: 10.0,
            scale_min: 0.75,
            scale_max: 1.25,
            flip_horizontal: 0.5,
            erase: 0.25,
            ..Augment::default()
        },
        label_smoothing: 0.1,
        seed: 7,
        val_split: 0.2,
        patience: Some(3),
        metric: Metric::F1Macro,
        grad_accum_steps: 4,
        class_weights: Some(ClassWeights::Balanced),
        weighted_sampling: true,
        clip_grad: Some(2.0),
        clip_mode: ClipMode::Value,
        ema_decay: Some(0.99),
        freeze: ["conv1", "2", "fc?"].map(String::from).to_vec(),
        layer_decay: Some(0.5),
        budget_s: Some(90.0),
        ..FitConfig::default()
    };
    assert_eq!(all, expected);
    let multi = config("--sched multistep --milestones 2,4").unwrap();
    assert_eq!(multi.schedule, Schedule::multi_step([2, 4], 0.1));
}

#[test]
fn flags_that_would_do_nothing_are_refused() {
    for flags in [
        "--momentum 0.9",
        "--gamma 0.5",
        "--step-size 3",
        "--milestones 3",
        "--sched multi-step",
        "--sched step --budget 9s",
    ] {
        assert!(config(flags).is_err(), "{flags}");
    }
}

#[test]
fn a_network_has_its_recipe_until_a_flag_says_otherwise() {
    let digits = load("digits").unwrap();
    let config = |flags: &str| {
        let words = std::iter::once("train").chain(flags.split_whitespace());
        Cli::try_parse_from(words).unwrap().recipe.config("resnet20", &digits).unwrap()
    };
    let recipe = FitConfig::recipe("resnet20", &digits);
    assert_eq!(config(""), recipe);
    assert_eq!(config("--lr 0.05"), FitConfig { learning_rate: 0.05, ..recipe.clone() });
    // The rate of its sgd would blow adam up.
    assert_eq!(config("--opt adam").learning_rate, FitConfig::default().learning_rate);
    assert_eq!(config("--opt sgd").learning_rate, recipe.learning_rate);
    assert_eq!(config("--budget 90s").epochs, 1_000_000);
}
