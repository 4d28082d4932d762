//! A crash, or a full disk, at any step of any write leaves a run that can be resumed to the same bits.

use super::*;
use crate::fit::fit_on;
use std::fs;
use std::io;
use std::sync::atomic::AtomicUsize;
use striate_formats::{Checkpoint, Disk, RealDisk};

/// From its n-th step on, nothing is done any more, as after a crash; the step itself is done by half.
struct Crashing {
    left: AtomicUsize,
}

impl Crashing {
    fn step(&self) -> io::Result<()> {
        match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)) {
            Ok(_) => Ok(()),
            Err(_) => Err(io::ErrorKind::StorageFull.into()),
        }
    }
}

impl Disk for Crashing {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.step().and_then(|()| RealDisk.create_folder(path))
    }
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.step().inspect_err(|_| fs::write(path, &bytes[..bytes.len() / 2]).unwrap_or(()))?;
        fs::write(path, bytes)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step().and_then(|()| RealDisk.rename(from, to))
    }
    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        self.step()
    }
    fn remove(&self, _: &Path) -> io::Result<()> {
        // A crash removes nothing.
        Ok(())
    }
}

#[test]
fn a_crash_at_any_step_of_any_write_leaves_a_run_that_can_be_resumed() {
    let config = FitConfig { epochs: 2, ..World::new().config };
    let world = World { config, ..World::new() };
    let expected = undisturbed(&world);
    for steps in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let run_dir = folder.path().join("run");
        let disk = Crashing { left: AtomicUsize::new(steps) };
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
            let leftovers: Vec<_> = fs::read_dir(&run_dir).unwrap().map(|e| e.unwrap().file_name()).collect();
            assert_eq!(leftovers.len(), 9, "{leftovers:?}");
        }
    }
}
