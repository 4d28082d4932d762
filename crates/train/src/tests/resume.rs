//! A run that was stopped and resumed ends in the same bits as one that was not.

use super::*;
use crate::{CHECKPOINT, RESULTS_CSV, saved_run};
use std::fs;

#[test]
fn stopped_after_any_step_it_ends_in_the_same_bits() {
    for world in [World::new(), World::with_batch_norm()] {
        let expected = undisturbed(&world);
        for steps in 1..world.steps() {
            let folder = tempfile::tempdir().unwrap();
            assert!(world.run_for(steps, folder.path(), false));
            world.finish(Some(folder.path()), true);
            assert_eq!(hashes(folder.path()), expected, "stopped after step {steps}");
        }
    }
}

#[test]
fn stopped_again_and_again_it_ends_in_the_same_bits() {
    let world = World::new();
    let expected = undisturbed(&world);
    for steps in [1, 4, 7] {
        let folder = tempfile::tempdir().unwrap();
        let mut stops = 0;
        while world.run_for(steps, folder.path(), stops > 0) {
            stops += 1;
            let saved = saved_run(folder.path()).unwrap().unwrap();
            assert_eq!(saved.epochs_done * 6 + saved.steps_done, stops * steps);
            assert_eq!((saved.config, saved.is_finished), (world.config.clone(), false));
        }
        assert!(stops >= world.steps() / steps - 1);
        assert_eq!(hashes(folder.path()), expected, "every {steps} steps");
    }
}

/// How often is saved, and when, decides nothing.
#[test]
fn checkpoints_after_every_step_change_nothing() {
    let world = World::new();
    let expected = undisturbed(&world);
    let often =
        World { config: FitConfig { checkpoint_every_s: Some(0.0), ..world.config.clone() }, ..World::new() };
    let folder = tempfile::tempdir().unwrap();
    let mut checkpoints = 0;
    let mut count = |event: &Event<'_>| {
        checkpoints += usize::from(matches!(event, Event::Checkpoint { .. }));
        Ok::<(), FitError>(())
    };
    fit(&often.job(Some(folder.path()), false), &mut [&mut count]).unwrap();
    assert_eq!(checkpoints, often.steps() + often.config.epochs);
    assert_eq!(hashes(folder.path()), expected);
}

#[test]
fn a_finished_run_says_so_and_repairs_its_files() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let first = world.finish(Some(folder.path()), false);
    assert!(!first.was_finished);
    let expected = hashes(folder.path());
    for name in [crate::BEST_MODEL, crate::LAST_MODEL, RESULTS_CSV] {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    let again = world.finish(Some(folder.path()), true);
    assert!(again.was_finished);
    assert_eq!(hashes(folder.path()), expected);
    assert_eq!((again.model, again.evaluation), (first.model, first.evaluation));
    assert_eq!(again.rows, first.rows, "timings too come from the checkpoint");
    assert!(saved_run(folder.path()).unwrap().unwrap().is_finished);
}

#[test]
fn a_run_killed_before_its_first_checkpoint_starts_again() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".checkpoint.safetensors.partial"), "half").unwrap();
    assert_eq!(saved_run(folder.path()).unwrap(), None);
    world.finish(Some(folder.path()), true);
    assert_eq!(hashes(folder.path()), undisturbed(&world));
}

#[test]
fn a_damaged_checkpoint_is_refused() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    world.run_for(4, folder.path(), false);
    let path = folder.path().join(CHECKPOINT);
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.len() - 40;
    bytes[at] ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = fit(&world.job(Some(folder.path()), true), &mut []).unwrap_err().to_string();
    assert!(error.contains(CHECKPOINT) && error.contains("SHA-256"), "{error}");
}
