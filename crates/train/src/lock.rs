//! The lock of a run folder, so that only one run uses it at a time.

use crate::error::FitError;
use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use striate_formats::{FormatError, remove_partials};

/// The name of the lock file, which shows that a run is in progress in a folder, and in which process.
pub const LOCK: &str = ".lock";

/// The exclusive right to write into a run folder, held until it is dropped.
///
/// It is an operating-system lock on the file [`LOCK`]. The system releases it when the process ends, in whatever way, so there
/// are no stale locks. The file itself stays, since another process may be about to lock it. A file system without locks gives
/// no protection.
#[derive(Debug)]
pub struct FolderLock {
    folder: PathBuf,
    file: File,
}

impl FolderLock {
    /// Locks a folder, and removes the temporary files of a crashed run.
    ///
    /// # Errors
    /// [`FitError::InUse`] when another run holds the lock, in this process or another; [`FitError::Format`] when the folder does
    /// not exist or cannot be written to.
    pub fn take(folder: &Path) -> Result<Self, FitError> {
        let path = folder.join(LOCK);
        let fail = |source| FormatError::Write { path: path.clone(), source };
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(fail)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                return Err(FitError::InUse { folder: folder.to_path_buf(), process: holder(&mut file) });
            }
            Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Unsupported => {
                return Err(fail(error).into());
            }
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        // The number is for messages only, and what a crash left only takes room.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        let _ = remove_partials(folder);
        Ok(Self { folder: folder.to_path_buf(), file })
    }

    /// The locked folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Or the next one might be taken for this process, before it has written its own number.
        let _ = self.file.set_len(0);
    }
}

/// The process that holds the lock; `None` where the system does not let others read a locked file.
fn holder(file: &mut File) -> Option<u32> {
    for _ in 0..20 {
        let mut text = String::new();
        file.rewind().ok()?;
        file.read_to_string(&mut text).ok()?;
        if let Ok(process) = text.trim().parse() {
            return Some(process);
        }
        // It has the lock, and is about to say so.
        std::thread::sleep(Duration::from_millis(5));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use std::sync::Barrier;

    #[test]
    fn a_folder_has_one_holder_who_is_named() {
        let place = tempfile::tempdir().unwrap();
        let lock = FolderLock::take(place.path()).unwrap();
        let error = FolderLock::take(place.path()).unwrap_err().to_string();
        let place_text = place.path().display().to_string();
        let error = error.replace(&place_text, "FOLDER").replace(&std::process::id().to_string(), "PID");
        expect!["FOLDER: another run is in progress in this folder (process PID); wait until it ends, stop it, or choose another name or folder"].assert_eq(&error);
        drop(lock);
        FolderLock::take(place.path()).unwrap();
    }

    #[test]
    fn of_fifty_who_want_it_at_once_one_gets_it() {
        let place = tempfile::tempdir().unwrap();
        let (start, end) = (Barrier::new(50), Barrier::new(50));
        let one = || {
            start.wait();
            let lock = FolderLock::take(place.path());
            end.wait();
            match lock {
                Ok(_) => 1,
                Err(FitError::InUse { process, .. }) => {
                    assert_eq!(process, Some(std::process::id()));
                    0
                }
                Err(other) => panic!("{other}"),
            }
        };
        let got = std::thread::scope(|scope| {
            let all: Vec<_> = (0..50).map(|_| scope.spawn(one)).collect();
            all.into_iter().map(|one| one.join().unwrap()).sum::<usize>()
        });
        assert_eq!(got, 1);
    }

    #[test]
    fn what_a_crash_left_is_removed() {
        let place = tempfile::tempdir().unwrap();
        let left = place.path().join(".model.safetensors.1-0.partial");
        std::fs::write(&left, "half").unwrap();
        // A number that is not cleared, as after `kill -9`, holds nobody up.
        std::fs::write(place.path().join(LOCK), "1\n").unwrap();
        let _lock = FolderLock::take(place.path()).unwrap();
        assert!(!left.exists());
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let place = tempfile::tempdir().unwrap();
        let error = FolderLock::take(&place.path().join("missing")).unwrap_err().to_string();
        assert!(error.contains("missing/.lock: cannot be written"), "{error}");
    }
}
