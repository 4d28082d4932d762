//! A run that was stopped and resumed ends in the same bits as one that was not.

use super::*;
use crate::{CHECKPOINT, RESULTS_CSV, saved_run};
use expect_test::expect;
use std::fs;
use striate_formats::Checkpoint;
use striate_graph::Params;
use striate_nn::Schedule;

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

/// Ways in which a file is lost.
pub(super) const DAMAGES: [fn(&Path); 4] = [
    |path| {
        let mut bytes = fs::read(path).unwrap();
        let at = bytes.len() - 40;
        bytes[at] ^= 1;
        fs::write(path, bytes).unwrap();
    },
    |path| {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() / 3]).unwrap();
    },
    |path| fs::write(path, "").unwrap(),
    |path| fs::remove_file(path).unwrap(),
];

#[test]
fn a_lost_checkpoint_is_replaced_by_the_one_before_it() {
    let world = World::new();
    let expected = undisturbed(&world);
    for (number, damage) in DAMAGES.iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        world.run_for(8, folder.path(), false);
        let path = folder.path().join(CHECKPOINT);
        damage(&path);
        let saved = saved_run(folder.path()).unwrap().unwrap();
        assert_eq!((saved.epochs_done, saved.steps_done), (1, 0), "of the end of the epoch");
        let (mut warnings, mut whole) = (Vec::new(), 0);
        let mut listen = |event: &Event<'_>| {
            match event {
                Event::Warning { warning } => warnings.push(warning.to_string()),
                Event::Started { .. } => {
                    let both = [path.clone(), Checkpoint::previous(&path)];
                    whole = both.iter().filter(|path| Checkpoint::load(path).is_ok()).count();
                }
                _ => {}
            }
            Ok::<(), FitError>(())
        };
        fit(&world.job(Some(folder.path()), true), &mut [&mut listen]).unwrap();
        let end = "; resuming from the checkpoint before it, FOLDER/checkpoint.previous.safetensors";
        let warning = warnings.join("\n").replace(&folder.path().display().to_string(), "FOLDER");
        assert!(
            warning.starts_with("FOLDER/checkpoint.safetensors: ") && warning.ends_with(end),
            "{warning}"
        );
        assert_eq!((warnings.len(), whole), (1, 2), "damage {number}");
        assert_eq!(hashes(folder.path()), expected, "damage {number}");
    }
}

#[test]
fn with_one_checkpoint_damaged_each_time_it_ends_in_the_same_bits() {
    let config = FitConfig { checkpoint_every_s: Some(0.0), ..World::new().config };
    let world = World { config, ..World::new() };
    let expected = undisturbed(&world);
    let folder = tempfile::tempdir().unwrap();
    let newest = folder.path().join(CHECKPOINT);
    let mut stops = 0;
    while world.run_for(4, folder.path(), stops > 0) {
        let victim = if stops % 3 == 2 { Checkpoint::previous(&newest) } else { newest.clone() };
        DAMAGES[stops % DAMAGES.len()](&victim);
        stops += 1;
    }
    assert!(stops > 4, "{stops}");
    assert_eq!(hashes(folder.path()), expected);
}

#[test]
fn without_a_whole_checkpoint_a_run_is_refused() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    world.run_for(4, folder.path(), false);
    let newest = folder.path().join(CHECKPOINT);
    let refused = || {
        let error = fit(&world.job(Some(folder.path()), true), &mut []).unwrap_err();
        assert!(saved_run(folder.path()).is_err());
        error.to_string().replace(&folder.path().display().to_string(), "FOLDER")
    };
    DAMAGES[1](&newest);
    DAMAGES[2](&Checkpoint::previous(&newest));
    expect!["FOLDER/checkpoint.safetensors: the header says that it is 4384 bytes long, in a file of 2404 bytes and with a limit of 8388608; the file is cut short, or it is not a safetensors file; the checkpoint before it cannot be used either: FOLDER/checkpoint.previous.safetensors: 0 bytes are too few for a safetensors file; the file is cut short, or it is of another kind; there is nothing left to resume from, so start the run again"].assert_eq(&refused());
    fs::remove_file(Checkpoint::previous(&newest)).unwrap();
    DAMAGES[2](&newest);
    expect!["FOLDER/checkpoint.safetensors: 0 bytes are too few for a safetensors file; the file is cut short, or it is of another kind"].assert_eq(&refused());
}

/// It is whole: an older one in its place would throw work away.
#[test]
fn a_checkpoint_of_a_newer_program_is_refused() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    world.run_for(4, folder.path(), false);
    let path = folder.path().join(CHECKPOINT);
    let mut bytes = fs::read(&path).unwrap();
    let key = b"\"striate.checkpoint\":\"";
    let at = bytes.windows(key.len()).position(|part| part == key).unwrap() + key.len();
    bytes[at] = b'9';
    fs::write(&path, bytes).unwrap();
    let error = fit(&world.job(Some(folder.path()), true), &mut []).unwrap_err().to_string();
    assert!(error.contains("use a newer striate"), "{error}");
}

/// A schedule that does not depend on the length of the run.
fn constant() -> World {
    let world = World::new();
    World { config: FitConfig { schedule: Schedule::constant(), ..world.config.clone() }, ..world }
}

fn with(world: World, config: FitConfig) -> World {
    World { config, ..world }
}

/// The networks of both files and the epochs, without the command, which says how the run came about.
fn outcome(folder: &Path, trained: &Trained) -> (Vec<Params>, Vec<(f64, f64)>) {
    let params = [crate::BEST_MODEL, crate::LAST_MODEL]
        .map(|name| ModelFile::load(&folder.join(name)).unwrap().params);
    (params.into(), trained.rows.iter().map(|row| (row.train_loss, row.val_loss)).collect())
}

#[test]
fn a_finished_run_that_is_extended_is_the_longer_run() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let long = constant();
    let short = with(constant(), FitConfig { epochs: 2, ..long.config.clone() });
    let expected = long.finish(Some(folders[0].path()), false);
    short.finish(Some(folders[1].path()), false);
    let mut changes = Vec::new();
    let mut listen = |event: &Event<'_>| {
        if let Event::Started { changes: all, epochs, .. } = event {
            changes.extend(all.iter().map(|c| format!("{}: {} -> {}, {epochs}", c.what, c.saved, c.asked)));
        }
        Ok::<(), FitError>(())
    };
    let Outcome::Finished(got) = fit(&long.job(Some(folders[1].path()), true), &mut [&mut listen]).unwrap()
    else {
        panic!("nobody stopped it")
    };
    assert_eq!(changes, ["epochs: 2 -> 3, 3"]);
    assert!(!got.was_finished);
    assert_eq!(outcome(folders[1].path(), &got), outcome(folders[0].path(), &expected));
    let saved = saved_run(folders[1].path()).unwrap().unwrap();
    assert_eq!((saved.config.epochs, saved.is_finished), (3, true));
    assert_eq!(saved.command, "striate train bars # after epoch 2: epochs 3");
    let args = fs::read_to_string(folders[1].path().join(crate::ARGS_YAML)).unwrap();
    assert!(args.contains("epochs: 3\n") && args.contains("# after epoch 2: epochs 3"), "{args}");
}

#[test]
fn a_changed_run_that_is_stopped_ends_in_the_bits_of_a_changed_run_that_is_not() {
    let first = with(World::new(), FitConfig { epochs: 1, ..World::new().config });
    let settings = FitConfig { epochs: 3, batch_size: 32, learning_rate: 0.01, ..first.config.clone() };
    let second = with(World::new(), settings);
    let run = |stop_after: Option<usize>| {
        let folder = tempfile::tempdir().unwrap();
        first.finish(Some(folder.path()), false);
        if let Some(steps) = stop_after {
            assert!(second.run_for(steps, folder.path(), true));
        }
        let trained = second.finish(Some(folder.path()), true);
        assert_eq!(trained.rows.len(), 3);
        hashes(folder.path())
    };
    let expected = run(None);
    for steps in [1, 3, 5] {
        assert_eq!(run(Some(steps)), expected, "stopped after {steps} steps");
    }
}

#[test]
fn what_cannot_change_is_refused() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    world.run_for(8, folder.path(), false);
    let refused = |config: FitConfig| {
        let asked = with(World::new(), config);
        let error = fit(&asked.job(Some(folder.path()), true), &mut []).unwrap_err().to_string();
        error.replace(&folder.path().display().to_string(), "FOLDER")
    };
    let config = || world.config.clone();
    expect!["epochs: expected at least the 2 that the run has begun, got 1"]
        .assert_eq(&refused(FitConfig { epochs: 1, ..config() }));
    expect!["batch_size: expected 16 until epoch 2 is over, since the run was stopped within it; resume without this change first, got 8"].assert_eq(&refused(FitConfig { batch_size: 8, ..config() }));
    expect![[r#"
        FOLDER/checkpoint.safetensors belongs to another run: only epochs, batch_size, learning_rate and patience may change when a run is resumed:
          seed: the checkpoint has 0, this run has 7"#]]
    .assert_eq(&refused(FitConfig { seed: 7, epochs: 9, ..config() }));
    // And nothing was touched.
    world.finish(Some(folder.path()), true);
    assert_eq!(hashes(folder.path()), undisturbed(&world));
}
