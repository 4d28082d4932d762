//! `kill -9` at random moments: this very test program is run as a child, killed, and run again.

use super::*;
use std::process::{Command, Stdio};
use std::time::Duration;

const RUN_DIR: &str = "STRIATE_TEST_RUN_DIR";

/// Long enough to be killed in the middle, with a checkpoint after every step.
fn world() -> World {
    let config = FitConfig { epochs: 30, checkpoint_every_s: Some(0.0), ..World::new().config };
    World { config, ..World::new() }
}

/// What the child does; nothing when it is run by hand.
#[test]
#[ignore = "the child of killed_twenty_times_it_ends_in_the_same_bits"]
fn child() {
    if let Some(run_dir) = std::env::var_os(RUN_DIR) {
        let run_dir = Path::new(&run_dir);
        world().finish(Some(run_dir), run_dir.exists());
    }
}

#[test]
fn killed_twenty_times_it_ends_in_the_same_bits() {
    let expected = undisturbed(&world());
    let folder = tempfile::tempdir().unwrap();
    let run_dir = folder.path().join("run");
    let (mut killed, mut finished) = (0, false);
    for attempt in 0_u64..200 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tests::killed::child", "--ignored", "--test-threads", "1"])
            .env(RUN_DIR, &run_dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        if killed < 20 {
            // Some of them before the first checkpoint, most of them later.
            std::thread::sleep(Duration::from_millis(3 + attempt * 37 % 61));
            if child.try_wait().unwrap().is_none() {
                child.kill().unwrap();
                killed += 1;
            }
        }
        finished = child.wait().unwrap().success();
        if finished {
            break;
        }
    }
    assert!(finished && killed > 5, "killed {killed} times");
    assert_eq!(hashes(&run_dir), expected);
}
