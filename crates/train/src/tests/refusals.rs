//! What cannot work is refused, in words that help.

use super::*;
use crate::{CHECKPOINT, ClassWeights};
use expect_test::{Expect, expect};
use std::fs;
use striate_formats::Checkpoint;
use striate_nn::{OptimizerConfig, Schedule, Sgd};

fn check(result: Result<Outcome, FitError>, folder: &Path, expected: &Expect) {
    let message = result.expect_err("it cannot work").to_string();
    expected.assert_eq(&message.replace(&folder.display().to_string(), "FOLDER"));
}

#[test]
fn settings_out_of_their_range() {
    let refused = |change: fn(&mut FitConfig), expected: Expect| {
        let mut world = World::new();
        change(&mut world.config);
        check(fit(&world.job(None, false), &mut []), Path::new("/nowhere"), &expected);
    };
    refused(|c| c.epochs = 0, expect!["epochs: expected 1 to 1000000, got 0"]);
    refused(|c| c.batch_size = 0, expect!["batch_size: expected 1 to 1048576, got 0"]);
    refused(
        |c| c.learning_rate = f32::NAN,
        expect!["learning_rate: expected a number above 0, such as 0.003, got NaN"],
    );
    refused(
        |c| c.learning_rate = -0.1,
        expect!["learning_rate: expected a number above 0, such as 0.003, got -0.1"],
    );
    refused(|c| c.label_smoothing = 1.0, expect!["label_smoothing: expected at least 0 and below 1, got 1"]);
    refused(
        |c| c.class_weights = Some(ClassWeights::Given(vec![1.0])),
        expect!["class_weights: expected 3 numbers, one per class, got 1"],
    );
    refused(
        |c| c.class_weights = Some(ClassWeights::Given(vec![0.0; 3])),
        expect!["class_weights: expected numbers of at least 0, not all of them 0, got [0.0, 0.0, 0.0]"],
    );
    refused(
        |c| c.grad_accum_steps = 0,
        expect!["grad_accum_steps: expected at least 1, and at most 1048576 images per update, got 0"],
    );
    refused(
        |c| c.grad_accum_steps = 1 << 20,
        expect!["grad_accum_steps: expected at least 1, and at most 1048576 images per update, got 1048576"],
    );
    refused(|c| c.clip_grad = Some(0.0), expect!["clip_grad: expected a number above 0, got 0"]);
    refused(|c| c.layer_decay = Some(f32::NAN), expect!["layer_decay: expected a number above 0, got NaN"]);
    refused(
        |c| c.ema_decay = Some(1.0),
        expect!["ema_decay: expected at least 0 and below 1, such as 0.999, got 1"],
    );
    refused(|c| c.budget_s = Some(0.0), expect!["budget_s: expected a number of seconds above 0, got 0"]);
    refused(
        |c| c.freeze = vec!["fc".into()],
        expect!["no parameter of this network matches `fc`; name a layer (0, 5), or use * for any text"],
    );
    refused(
        |c| c.freeze = vec!["0".into(), "2".into()],
        expect![
            "all 4 parameters are frozen, so nothing can be trained; freeze fewer layers, for example all but the last"
        ],
    );
    refused(|c| c.patience = Some(0), expect!["patience: expected at least 1 epoch, got 0"]);
    refused(
        |c| c.checkpoint_every_s = Some(-1.0),
        expect!["checkpoint_every_s: expected at least 0 seconds, got Some(-1.0)"],
    );
    refused(
        |c| c.augment.erase = 2.0,
        expect!["augmentation: erase: expected a probability from 0 to 1, got 2"],
    );
    refused(
        |c| c.schedule = Schedule::step(0, 0.1),
        expect!["schedule step: step_size = 0; expected at least 1 epoch; a usual value is 10"],
    );
    refused(
        |c| c.optimizer = OptimizerConfig::Sgd(Sgd { momentum: 1.5, ..Sgd::default() }),
        expect![
            "optimizer sgd: momentum = 1.5; expected at least 0 and below 1, in f32 too; a usual value is 0.9"
        ],
    );
}

/// Whatever a setting is, a run is refused or ends, and what it makes is finite.
#[test]
fn no_value_of_a_setting_makes_a_run_panic() {
    type Set = fn(&mut FitConfig, f32);
    let numbers: [(&str, Set); 15] = [
        ("learning_rate", |c, v| c.learning_rate = v),
        ("label_smoothing", |c, v| c.label_smoothing = v),
        ("class_weights", |c, v| c.class_weights = Some(ClassWeights::Given(vec![1.0, v, 1.0]))),
        ("clip_grad", |c, v| c.clip_grad = Some(v)),
        ("ema_decay", |c, v| c.ema_decay = Some(v)),
        ("layer_decay", |c, v| c.layer_decay = Some(v)),
        ("val_split", |c, v| c.val_split = v),
        ("checkpoint_every_s", |c, v| c.checkpoint_every_s = Some(v.into())),
        ("momentum", |c, v| c.optimizer = OptimizerConfig::Sgd(Sgd { momentum: v.into(), ..Sgd::default() })),
        ("weight_decay", |c, v| {
            c.optimizer = OptimizerConfig::Sgd(Sgd { weight_decay: v.into(), ..Sgd::default() })
        }),
        ("rotate_deg", |c, v| c.augment.rotate_deg = v),
        ("scale_max", |c, v| c.augment.scale_max = v),
        ("shear_deg", |c, v| c.augment.shear_deg = v),
        ("translate", |c, v| c.augment.translate = v),
        ("mixup", |c, v| c.augment.mixup = v),
    ];
    let values =
        [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0, -0.0, 0.0, f32::MIN_POSITIVE, 1.0, f32::MAX];
    for (name, set) in numbers {
        let mut refused = 0;
        for value in values {
            let mut world = World::new();
            world.config.epochs = 1;
            set(&mut world.config, value);
            match fit(&world.job(None, false), &mut []) {
                Err(_) => refused += 1,
                Ok(Outcome::Finished(trained)) => {
                    let is_finite = trained.model.params.iter().all(|(_, p)| p.iter().all(|v| v.is_finite()));
                    assert!(
                        is_finite && value.is_finite() || name == "checkpoint_every_s",
                        "{name}: {value}"
                    );
                }
                Ok(other) => panic!("{other:?}"),
            }
        }
        assert!(refused >= 3, "{name}: {refused} refused");
    }
}

#[test]
fn data_that_is_as_small_as_can_be() {
    let of = |images: usize, classes: usize| {
        let mut world = World::new();
        let names = world.data.classes[..classes].to_vec();
        let few = || {
            let all = bars(images * 3, 0);
            let keep = (0..images * 3).filter(|i| i % 3 < classes).take(images).collect::<Vec<_>>();
            let pixels = keep.iter().flat_map(|&i| all.sample(i).to_vec()).collect();
            Images::new([1, 8, 8], pixels, keep.iter().map(|&i| all.labels[i]).collect()).unwrap()
        };
        world.data = Dataset::new("few", few(), few(), names).unwrap();
        world.net = Box::new(Sequential::new().append(Flatten::new()).append(Linear::new(64, classes)));
        (world.config.batch_size, world.config.epochs) = (1 << 20, 1);
        world
    };
    // A batch larger than the data is all of the data.
    for (images, val_split) in [(1, 0.0), (2, 0.0), (4, 0.5), (7, 0.3)] {
        let mut world = of(images, 2);
        world.config.val_split = val_split;
        assert_eq!(world.finish(None, false).rows.len(), 1, "{images} images");
    }
    check(
        fit(&of(6, 1).job(None, false), &mut []),
        Path::new("/nowhere"),
        &expect!["classes: expected at least 2, got 1"],
    );
}

#[test]
fn a_network_for_other_classes_or_images() {
    let mut world = World::new();
    world.data.classes.push("fourth".into());
    check(
        fit(&world.job(None, false), &mut []),
        Path::new("/nowhere"),
        &expect![
            "the network bars-net has outputs [3], but the data set bars has 4 classes; build the network for 4"
        ],
    );
    let mut world = World::new();
    world.preprocess = Preprocess::new([1, 12, 12], &[0.3], &[0.25]).unwrap();
    assert!(matches!(fit(&world.job(None, false), &mut []), Err(FitError::Trace(_))));
}

#[test]
fn runs_that_are_there_or_not() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let (there, missing) = (folder.path().join("there"), folder.path().join("missing"));
    check(
        fit(&world.job(None, true), &mut []),
        folder.path(),
        &expect!["a run without a folder has no checkpoint; name the folder of the run to resume it"],
    );
    check(
        fit(&world.job(Some(&missing), true), &mut []),
        folder.path(),
        &expect![
            "FOLDER/missing: there is no run to resume; check the name, or start one without `Job::resume`"
        ],
    );
    assert!(!missing.exists(), "a wrong name makes no folder");
    world.run_for(2, &there, false);
    check(
        fit(&world.job(Some(&there), false), &mut []),
        folder.path(),
        &expect![
            "FOLDER/there already contains a run; resume it (`Job::resume`), remove it (`clear_run`), or choose another folder"
        ],
    );
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(fit(&world.job(Some(&folder.path().join("file")), false), &mut []).is_err());
}

#[test]
fn a_checkpoint_of_another_run() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    world.run_for(2, folder.path(), false);
    let before = fs::read(folder.path().join(CHECKPOINT)).unwrap();
    let mut other = World::new();
    other.config.learning_rate = 0.03;
    other.config.augment.shift_px = 1;
    other.config.schedule = Schedule::constant();
    other.preprocess.mean[0] = 0.5;
    check(
        fit(&other.job(Some(folder.path()), true), &mut []),
        folder.path(),
        &expect![[r#"
        FOLDER/checkpoint.safetensors belongs to another run: only epochs, batch_size, learning_rate and patience may change when a run is resumed:
          augment.shift_px: the checkpoint has 0, this run has 1
          preprocess.mean: the checkpoint has [0.3], this run has [0.5]
          schedule.curve.div_factor: the checkpoint has 25.0, this run has nothing
          schedule.curve.final_div_factor: the checkpoint has 10000.0, this run has nothing
          schedule.curve.name: the checkpoint has "one_cycle", this run has "constant"
          schedule.curve.pct_start: the checkpoint has 0.3, this run has nothing"#]],
    );
    let mut other = World::with_batch_norm();
    other.data = Dataset::new("bars", bars(91, 0), bars(40, 0), other.data.classes).unwrap();
    let Err(FitError::OtherRun { differences, .. }) = fit(&other.job(Some(folder.path()), true), &mut [])
    else {
        panic!("another run");
    };
    let what: Vec<&str> = differences.iter().map(|d| d.what.as_str()).collect();
    assert_eq!(what, ["data_sha256", "layers_sha256"]);
    assert_eq!(fs::read(folder.path().join(CHECKPOINT)).unwrap(), before);
}

#[test]
fn a_run_that_diverges_says_where_and_keeps_the_last_good_checkpoint() {
    let mut world = World::new();
    world.config.learning_rate = 1e30;
    world.config.schedule = Schedule::constant();
    world.config.optimizer = OptimizerConfig::Sgd(Sgd::default());
    let folder = tempfile::tempdir().unwrap();
    let result = fit(&world.job(Some(folder.path()), false), &mut []);
    check(
        result,
        folder.path(),
        &expect![
            "epoch 1, step 2 of 6: training diverged at learning rate 1e30: the loss is NaN, and the gradient of 0.weight is the first with a value that is not finite; try a learning rate of 1e29; the last good checkpoint is FOLDER/checkpoint.safetensors"
        ],
    );
    let checkpoint = Checkpoint::load(&folder.path().join(CHECKPOINT)).unwrap();
    assert!(checkpoint.params.iter().all(|(_, array)| array.iter().all(|v| v.is_finite())));
    // Adam with the rate of the issue: whatever happens, nothing that is not finite is saved.
    world.config = FitConfig { learning_rate: 1e9, ..World::new().config };
    match fit(&world.job(None, false), &mut []) {
        Err(FitError::NonFinite { epoch, steps, .. }) => assert_eq!((epoch, steps), (1, 6)),
        Err(other) => panic!("{other}"),
        Ok(Outcome::Finished(trained)) => {
            assert!(trained.model.params.iter().all(|(_, array)| array.iter().all(|v| v.is_finite())));
        }
        Ok(other) => panic!("{other:?}"),
    }
}

#[test]
fn an_observer_can_end_a_run() {
    let world = World::new();
    let mut fail = |_: &Event<'_>| Err(FitError::Observer("the pipe is closed".into()));
    check(
        fit(&world.job(None, false), &mut [&mut fail]),
        Path::new("/nowhere"),
        &expect!["an observer of the run failed: the pipe is closed"],
    );
}
