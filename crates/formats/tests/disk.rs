//! Whatever fails while a file is written, the old one stays whole, and the error names the path.

mod common;

use common::model;
use expect_test::expect;
use std::cell::Cell;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Mutex;
use striate_formats::{Disk, RealDisk, write_atomically, write_atomically_on};

/// A disk whose step of that number fails, as it does when it is full: part of the file is there.
struct Faulty {
    step: Mutex<Cell<usize>>,
    fails_at: usize,
}

impl Faulty {
    fn new(fails_at: usize) -> Self {
        Self { step: Mutex::new(Cell::new(0)), fails_at }
    }

    fn step(&self) -> io::Result<()> {
        let step = self.step.lock().unwrap();
        step.set(step.get() + 1);
        if step.get() == self.fails_at { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl Disk for Faulty {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.step().and_then(|()| RealDisk.create_folder(path))
    }
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.step().inspect_err(|_| fs::write(path, &bytes[..bytes.len() / 2]).unwrap())?;
        RealDisk.write(path, bytes)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step().and_then(|()| RealDisk.rename(from, to))
    }
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.step().and_then(|()| RealDisk.sync_folder(path))
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }
}

#[test]
fn a_step_that_fails_leaves_the_old_file_or_the_new_one() {
    for (fails_at, expected) in [(1, "old"), (2, "old"), (3, "newer"), (4, "newer")] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "old").unwrap();
        let written = write_atomically_on(&Faulty::new(fails_at), &path, b"newer");
        assert_eq!(written.is_err(), fails_at <= 3, "step {fails_at}");
        assert_eq!(fs::read_to_string(&path).unwrap(), expected, "step {fails_at}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else stays");
    }
}

#[test]
fn a_full_disk_is_said_with_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model().save(&path).unwrap();
    let before = fs::read(&path).unwrap();
    let error = model().save_on(&Faulty::new(1), &path).unwrap_err();
    let message = error.to_string().replace(&folder.path().display().to_string(), "FOLDER");
    expect!["FOLDER/model.safetensors: cannot be written: no storage space; the disk is full: free some space, then go on with --resume; the file before it is whole"].assert_eq(&message);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_folder_that_is_not_there_is_said_with_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let error = model().save(&folder.path().join("missing/model.safetensors")).unwrap_err();
    let message = error.to_string().replace(&folder.path().display().to_string(), "FOLDER");
    expect!["FOLDER/missing/model.safetensors: cannot be written: No such file or directory (os error 2); make the folder first"].assert_eq(&message);
    // A file where a folder should be.
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(model().save(&folder.path().join("file/model.safetensors")).is_err());
    assert!(write_atomically(Path::new("/"), b"").is_err());
}

#[test]
fn what_a_crash_left_behind_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(folder.path().join(".file.partial"), "half of something").unwrap();
    write_atomically(&path, b"whole").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
