//! What cannot work is refused, in words that help.

use super::*;
use crate::CHECKPOINT;
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
    refused(|c| c.epochs = 0, expect![[r#""#]]);
    refused(|c| c.batch_size = 0, expect![[r#""#]]);
    refused(|c| c.learning_rate = f32::NAN, expect![[r#""#]]);
    refused(|c| c.learning_rate = -0.1, expect![[r#""#]]);
    refused(|c| c.label_smoothing = 1.0, expect![[r#""#]]);
    refused(|c| c.class_weights = Some(vec![1.0]), expect![[r#""#]]);
    refused(|c| c.class_weights = Some(vec![0.0; 3]), expect![[r#""#]]);
    refused(|c| c.patience = Some(0), expect![[r#""#]]);
    refused(|c| c.checkpoint_every_s = Some(-1.0), expect![[r#""#]]);
    refused(|c| c.augment.erase = 2.0, expect![[r#""#]]);
    refused(|c| c.schedule = Schedule::step(0, 0.1), expect![[r#""#]]);
    refused(
        |c| c.optimizer = OptimizerConfig::Sgd(Sgd { momentum: 1.5, ..Sgd::default() }),
        expect![[r#""#]],
    );
}

#[test]
fn a_network_for_other_classes_or_images() {
    let mut world = World::new();
    world.data.classes.push("fourth".into());
    check(fit(&world.job(None, false), &mut []), Path::new("/nowhere"), &expect![[r#""#]]);
    let mut world = World::new();
    world.preprocess = Preprocess::new([1, 12, 12], &[0.3], &[0.25]).unwrap();
    assert!(matches!(fit(&world.job(None, false), &mut []), Err(FitError::Trace(_))));
}

#[test]
fn runs_that_are_there_or_not() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let (there, missing) = (folder.path().join("there"), folder.path().join("missing"));
    check(fit(&world.job(None, true), &mut []), folder.path(), &expect![[r#""#]]);
    check(fit(&world.job(Some(&missing), true), &mut []), folder.path(), &expect![[r#""#]]);
    assert!(!missing.exists(), "a wrong name makes no folder");
    world.run_for(2, &there, false);
    check(fit(&world.job(Some(&there), false), &mut []), folder.path(), &expect![[r#""#]]);
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
    check(fit(&other.job(Some(folder.path()), true), &mut []), folder.path(), &expect![[r#""#]]);
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
    check(result, folder.path(), &expect![[r#""#]]);
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
    check(fit(&world.job(None, false), &mut [&mut fail]), Path::new("/nowhere"), &expect![[r#""#]]);
}
