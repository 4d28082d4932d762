//! A crash, or a full disk, at any step of any write leaves a run that can be resumed to the same bits.

use super::*;
use crate::fit::fit_on;
use striate_formats::Checkpoint;
use striate_testkit::{Fault, SimDisk};

striate_testkit::implement_disk!(striate_formats);

#[test]
fn a_crash_at_any_step_of_any_write_leaves_a_run_that_can_be_resumed() {
    let config = FitConfig { epochs: 2, ..World::new().config };
    let world = World { config, ..World::new() };
    let expected = undisturbed(&world);
    for steps in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let run_dir = folder.path().join("run");
        let disk = TestDisk(SimDisk::failing(Fault::Full, steps, usize::MAX));
        let ended = fit_on(&disk, &world.job(Some(&run_dir), false), &mut []);
        let checkpoint = run_dir.join(crate::CHECKPOINT);
        if checkpoint.exists() {
            Checkpoint::load(&checkpoint).unwrap_or_else(|e| panic!("after {steps} steps: {e}"));
        }
        match ended {
            Ok(_) => {
                assert!(steps > 30, "a run writes more than that");
                assert_eq!(hashes(&run_dir), expected);
                return;
            }
            Err(error) => {
                let message = error.to_string();
                assert!(message.contains("run") && message.contains("the disk is full"), "{message}");
            }
        }
        if run_dir.exists() {
            world.finish(Some(&run_dir), true);
            assert_eq!(hashes(&run_dir), expected, "crashed after {steps} steps");
        }
    }
}
