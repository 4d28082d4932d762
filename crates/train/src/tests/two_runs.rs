//! A run folder has one run at a time.

use super::*;
use crate::{CHECKPOINT, FolderLock, RESULTS_CSV, clear_run, saved_at};
use std::fs;
use std::sync::Barrier;

/// Starts so many runs at once; how many ended well, and what the others said.
fn at_once(count: usize, run_dir: &Path, resume: bool) -> (usize, Vec<FitError>) {
    let start = Barrier::new(count);
    let ended = std::thread::scope(|scope| {
        let one = || {
            let world = World::new();
            start.wait();
            fit(&world.job(Some(run_dir), resume), &mut []).map(|_| ())
        };
        let all: Vec<_> = (0..count).map(|_| scope.spawn(one)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>()
    });
    let errors: Vec<FitError> = ended.into_iter().filter_map(Result::err).collect();
    (count - errors.len(), errors)
}

#[test]
fn of_runs_that_start_at_once_in_one_folder_one_wins() {
    let expected = undisturbed(&World::new());
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let run_dir = folder.path().join("run");
        let (won, errors) = at_once(6, &run_dir, false);
        assert_eq!(won, 1, "{errors:?}");
        for error in errors {
            // Of those that are late enough, some find the winner's run.
            assert!(matches!(error, FitError::InUse { .. } | FitError::RunExists { .. }), "{error}");
        }
        assert_eq!(hashes(&run_dir), expected);
    }
}

#[test]
fn of_runs_that_go_on_at_once_each_finds_a_whole_folder() {
    let expected = undisturbed(&World::new());
    let folder = tempfile::tempdir().unwrap();
    World::new().run_for(5, folder.path(), false);
    let (won, errors) = at_once(6, folder.path(), true);
    assert!(won >= 1, "{errors:?}");
    assert!(errors.iter().all(|error| matches!(error, FitError::InUse { .. })), "{errors:?}");
    assert_eq!(hashes(folder.path()), expected);
}

#[test]
fn a_folder_is_locked_until_the_end_and_by_whoever_has_its_lock() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let mut seen = 0;
    let mut listen = |event: &Event<'_>| {
        assert!(matches!(FolderLock::take(folder.path()), Err(FitError::InUse { .. })), "{event:?}");
        seen += 1;
        Ok::<(), FitError>(())
    };
    fit(&world.job(Some(folder.path()), false), &mut [&mut listen]).unwrap();
    assert!(seen > 20);
    let lock = FolderLock::take(folder.path()).unwrap();
    let error = fit(&world.job(Some(folder.path()), true), &mut []).unwrap_err();
    assert!(matches!(error, FitError::InUse { .. }), "{error}");
    let job = Job { lock: Some(&lock), ..world.job(Some(folder.path()), true) };
    fit(&job, &mut []).unwrap();
    assert!(FolderLock::take(folder.path()).is_err(), "it is still whose it was");
    // The lock of another folder opens nothing here.
    let other = tempfile::tempdir().unwrap();
    let other = FolderLock::take(other.path()).unwrap();
    let job = Job { lock: Some(&other), ..world.job(Some(folder.path()), true) };
    assert!(matches!(fit(&job, &mut []), Err(FitError::InUse { .. })));
}

#[test]
fn another_run_takes_the_place_of_one_that_is_cleared() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(saved_at(folder.path()), None);
    world.finish(Some(folder.path()), false);
    assert!(saved_at(folder.path()).is_some());
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    // Either checkpoint makes it a run.
    fs::remove_file(folder.path().join(CHECKPOINT)).unwrap();
    assert!(saved_at(folder.path()).is_some());
    assert!(matches!(fit(&world.job(Some(folder.path()), false), &mut []), Err(FitError::RunExists { .. })));
    clear_run(&FolderLock::take(folder.path()).unwrap()).unwrap();
    let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, [crate::LOCK, "notes.txt"]);
    world.finish(Some(folder.path()), false);
    // What cannot be removed is named.
    fs::remove_file(folder.path().join(RESULTS_CSV)).unwrap();
    fs::create_dir(folder.path().join(RESULTS_CSV)).unwrap();
    let error = clear_run(&FolderLock::take(folder.path()).unwrap()).unwrap_err().to_string();
    assert!(error.contains(RESULTS_CSV), "{error}");
}
