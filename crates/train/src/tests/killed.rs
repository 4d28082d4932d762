//! `kill -9` at random moments: this very test program is run as a child, killed, and run again.

use super::resume::DAMAGES;
use super::*;
use std::process::{Command, Stdio};
use std::time::Duration;
use striate_formats::Checkpoint;

const RUN_DIR: &str = "STRIATE_TEST_RUN_DIR";

/// Long enough to be killed in the middle, with a checkpoint after every step.
fn world() -> World {
    let config = FitConfig { epochs: 30, checkpoint_every_s: Some(0.0), ..World::new().config };
    World { config, ..World::new() }
}

/// What the child does; nothing when it is run by hand.
#[test]
#[ignore = "a child of the other tests"]
fn child() {
    if let Some(run_dir) = std::env::var_os(RUN_DIR) {
        let run_dir = Path::new(&run_dir);
        world().finish(Some(run_dir), run_dir.exists());
    }
}

/// Kills a run so many times, does something to its folder after each, and lets it end.
fn killed(times: usize, mut after: impl FnMut(&Path, usize)) {
    let expected = undisturbed(&world());
    let folder = tempfile::tempdir().unwrap();
    let run_dir = folder.path().join("run");
    let (mut killed, mut finished) = (0, false);
    for attempt in 0..10 * times {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tests::killed::child", "--ignored", "--test-threads", "1"])
            .env(RUN_DIR, &run_dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut is_killed = false;
        if killed < times {
            // Some of them before the first checkpoint, most of them later.
            std::thread::sleep(Duration::from_millis(3 + attempt as u64 * 37 % 61));
            if child.try_wait().unwrap().is_none() {
                child.kill().unwrap();
                (killed, is_killed) = (killed + 1, true);
            }
        }
        finished = child.wait().unwrap().success();
        if is_killed {
            after(&run_dir, killed);
        } else if finished && killed < times {
            // It was faster than we: once more from the beginning.
            std::fs::remove_dir_all(&run_dir).unwrap();
        } else {
            break;
        }
    }
    assert!(finished && killed == times, "killed {killed} times");
    assert_eq!(hashes(&run_dir), expected);
}

#[test]
fn killed_twenty_times_it_ends_in_the_same_bits() {
    killed(20, |_, _| {});
}

/// Where there are two whole checkpoints, damages the newest, or the one before it. The next process may be killed before it
/// has made up for that: then nothing more is damaged.
fn damage_one(run_dir: &Path, number: usize, damaged: &mut usize) {
    let newest = run_dir.join(crate::CHECKPOINT);
    let both = [Checkpoint::previous(&newest), newest];
    if both.iter().all(|path| Checkpoint::load(path).is_ok()) {
        // Most often the newest: that is what costs something.
        DAMAGES[number % DAMAGES.len()](&both[usize::from(!number.is_multiple_of(5))]);
        *damaged += 1;
    }
}

#[test]
fn killed_a_hundred_times_with_a_checkpoint_damaged_each_time_it_ends_in_the_same_bits() {
    let mut damaged = 0;
    killed(100, |run_dir, number| damage_one(run_dir, number, &mut damaged));
    assert!(damaged > 20, "most of the kills come after the second checkpoint: {damaged}");
}
