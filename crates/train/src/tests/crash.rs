//! A crash, or a disk that fails, at any call of any write: the run goes on, or can be resumed to the same bits.

use super::*;
use crate::fit::fit_on;
use crate::{CHECKPOINT, RESULTS_CSV};
use std::fs;
use striate_formats::Checkpoint;
use striate_testkit::{Fault, Sample, SimDisk};

striate_testkit::implement_disk!(striate_formats);

fn world(checkpoint_every_s: Option<f64>) -> World {
    let config = FitConfig { epochs: 2, checkpoint_every_s, ..World::new().config };
    World { config, ..World::new() }
}

/// Trains on a disk; how it ended, and the warnings on the way.
fn run_on(disk: &TestDisk, world: &World, run_dir: &Path) -> (Result<Outcome, FitError>, Vec<String>) {
    let mut warnings = Vec::new();
    let mut listen = |event: &Event<'_>| {
        if let Event::Warning { warning } = event {
            warnings.push(warning.to_string());
        }
        Ok::<(), FitError>(())
    };
    let ended = fit_on(disk, &world.job(Some(run_dir), false), &mut [&mut listen]);
    (ended, warnings)
}

#[test]
fn a_disk_that_fails_for_ever_leaves_a_run_that_can_be_resumed() {
    let world = world(None);
    let expected = undisturbed(&world);
    for at in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let run_dir = folder.path().join("run");
        let disk = TestDisk(SimDisk::failing(Fault::Full, at, usize::MAX));
        let (ended, warnings) = run_on(&disk, &world, &run_dir);
        let checkpoint = run_dir.join(CHECKPOINT);
        if checkpoint.exists() {
            Checkpoint::load(&checkpoint).unwrap_or_else(|e| panic!("after {at} calls: {e}"));
        }
        match ended {
            Ok(_) => {
                assert_eq!(hashes(&run_dir), expected);
                if disk.0.calls() <= at {
                    assert!(at > 60, "a run makes more calls than {at}");
                    return;
                }
                assert!(warnings.last().unwrap().ends_with("training continues without it"), "{warnings:?}");
            }
            Err(error) => {
                let message = error.to_string();
                assert!(message.contains("run") && message.contains("the disk is full"), "{message}");
                assert_eq!(disk.0.paused().as_millis() % 2600, 0, "tried again three times: {warnings:?}");
            }
        }
        if run_dir.exists() {
            world.finish(Some(&run_dir), true);
            assert_eq!(hashes(&run_dir), expected, "failed after {at} calls");
            let files: Vec<_> = fs::read_dir(&run_dir).unwrap().map(|e| e.unwrap().file_name()).collect();
            assert_eq!(files.len(), 11, "nothing else stays: {files:?}");
        }
    }
}

/// Every call, each in one of five ways and one to three times in a row.
#[test]
fn a_disk_that_fails_for_a_moment_does_not_end_a_run() {
    let world = world(None);
    let expected = undisturbed(&world);
    for at in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let run_dir = folder.path().join("run");
        let (fault, times) = (Fault::ALL[at % Fault::ALL.len()], 1 + at % 3);
        let disk = TestDisk(SimDisk::failing(fault, at, times));
        let (ended, warnings) = run_on(&disk, &world, &run_dir);
        ended.unwrap_or_else(|error| panic!("{fault:?} at {at}: {error}"));
        assert_eq!(hashes(&run_dir), expected, "{fault:?} at {at}");
        if disk.0.calls() <= at {
            assert!(at > 60 && warnings.is_empty(), "a run makes more calls than {at}");
            return;
        }
        // Signals and short writes are everyday matters.
        let is_told = warnings.iter().any(|warning| warning.contains("; trying again in 0.1 s"));
        assert!(is_told || matches!(fault, Fault::Interrupted | Fault::Short), "{fault:?} at {at}");
    }
}

#[test]
fn images_and_tables_that_cannot_be_written_are_said_once_and_end_nothing() {
    let world = world(None);
    let folder = tempfile::tempdir().unwrap();
    let run_dir = folder.path().join("run");
    let mut names = vec![RESULTS_CSV];
    if cfg!(feature = "charts") {
        names.extend([crate::CURVES_SVG, crate::CURVES_PNG, crate::CONFUSION_SVG, crate::CONFUSION_PNG]);
    }
    let (ended, warnings) = run_on(&TestDisk(SimDisk::refusing(&names)), &world, &run_dir);
    assert!(matches!(ended.unwrap(), Outcome::Finished(_)));
    assert_eq!(hashes(&run_dir), undisturbed(&world));
    let given_up: Vec<&String> =
        warnings.iter().filter(|w| w.ends_with("training continues without it")).collect();
    assert_eq!(given_up.len(), names.len(), "{given_up:?}");
    for (warning, name) in given_up.iter().zip(names) {
        assert!(warning.contains(&format!("run/{name}: cannot be written")), "{warning}");
    }
    // A model is what the run is for.
    let run_dir = folder.path().join("other");
    let (ended, _) = run_on(&TestDisk(SimDisk::refusing(&[crate::BEST_MODEL])), &world, &run_dir);
    let error = ended.unwrap_err().to_string();
    assert!(error.contains("model.safetensors: cannot be written"), "{error}");
}

/// Names that nobody waited for are lost or out of order, and contents torn.
#[test]
fn a_power_cut_at_any_moment_leaves_a_run_that_can_be_resumed() {
    let world = world(Some(0.0));
    let expected = undisturbed(&world);
    let folder = tempfile::tempdir().unwrap();
    let disk = TestDisk(SimDisk::default());
    run_on(&disk, &world, &folder.path().join("run")).0.unwrap();
    let mut sample = Sample::new(3);
    for state in 0..40 {
        let moment = sample.usize_in(0..=disk.0.moments());
        let run_dir = folder.path().join(format!("after {state}"));
        fs::create_dir(&run_dir).unwrap();
        for (path, bytes) in disk.0.crash(moment, &mut sample) {
            fs::write(run_dir.join(path.file_name().unwrap()), bytes).unwrap();
        }
        world.finish(Some(&run_dir), true);
        assert_eq!(hashes(&run_dir), expected, "state {state}, moment {moment}");
    }
}
