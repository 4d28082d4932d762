//! Whatever fails while a file is written, the old one stays whole, and the error names the path.

mod common;

use common::model;
use expect_test::expect;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use striate_formats::{Checkpoint, Disk, remove_partials, write_atomically, write_atomically_on};
use striate_testkit::{Fault, Sample, SimDisk};

striate_testkit::implement_disk!(striate_formats);

const FOR_EVER: usize = usize::MAX;

fn generation(number: usize) -> Checkpoint {
    // A few sectors, and another number of them each time.
    Checkpoint {
        state: format!("{number} {}", "state ".repeat(300 + 90 * (number % 3))),
        ..Checkpoint::default()
    }
}

fn number(bytes: &[u8]) -> Option<usize> {
    let checkpoint = Checkpoint::from_bytes(bytes).ok()?;
    Some(checkpoint.state.split(' ').next()?.parse().expect("a number"))
}

/// Calls `act` on disks that fail at every call it makes, in every way, once, three times and from then on; it says
/// whether it succeeded.
fn every_fault(mut act: impl FnMut(&TestDisk, (Fault, usize, usize)) -> bool) {
    for fault in Fault::ALL {
        for times in [1, 2, 3, FOR_EVER] {
            if (fault, times) == (Fault::Interrupted, FOR_EVER) {
                // Signals end; and a write that is interrupted is tried again until they do.
                continue;
            }
            for at in 0.. {
                let disk = TestDisk(SimDisk::failing(fault, at, times));
                let succeeded = act(&disk, (fault, at, times));
                if disk.0.calls() <= at {
                    assert!(succeeded && at > 3, "{fault:?}: {at} calls");
                    break;
                }
            }
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_call_that_fails_leaves_the_old_file_or_the_new_one() {
    every_fault(|disk, (fault, at, times)| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "old").unwrap();
        let written = write_atomically_on(disk, &path, b"newer");
        let found = fs::read_to_string(&path).unwrap();
        let place = format!("{fault:?} {at} {times}: {found}");
        assert!(found == "newer" || (written.is_err() && found == "old"), "{place}");
        if times == 1 {
            assert_eq!(names(folder.path()), ["file"], "{place}: nothing else stays");
        }
        written.is_ok()
    });
}

#[test]
fn a_checkpoint_that_cannot_be_written_leaves_the_one_before_it() {
    every_fault(|disk, (fault, at, times)| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.safetensors");
        generation(1).save(&path).unwrap();
        generation(2).save(&path).unwrap();
        let saved = generation(3).save_on(disk, &path);
        let place = format!("{fault:?} {at} {times}");
        let load = |path: &Path| fs::read(path).ok().map(|bytes| number(&bytes).expect("a whole file"));
        let found = (load(&path), load(&Checkpoint::previous(&path)));
        match &saved {
            Ok(()) => assert_eq!(found, (Some(3), Some(2)), "{place}"),
            Err(error) => {
                assert!(error.to_string().contains(&path.display().to_string()), "{place}: {error}");
                let newest = found.0.or(found.1);
                assert!(newest == Some(2) || newest == Some(3), "{place}: {found:?}");
                if times == 1 {
                    assert!(found.0.is_some(), "{place}: at its own name");
                }
            }
        }
        saved.is_ok()
    });
}

/// A disk that keeps one bit of what is written as it likes.
struct Lying(TestDisk);

struct LyingFile<'a>(Box<dyn striate_formats::DiskFile + 'a>);

impl io::Write for LyingFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut other = bytes.to_vec();
        other[bytes.len() / 2] ^= 1;
        self.0.write(&other)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl striate_formats::DiskFile for LyingFile<'_> {
    fn sync(&mut self) -> io::Result<()> {
        self.0.sync()
    }
}

impl Disk for Lying {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.0.create_folder(path)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn striate_formats::DiskFile + '_>> {
        Ok(Box::new(LyingFile(self.0.create(path)?)))
    }
    fn open(&self, path: &Path) -> io::Result<Box<dyn io::Read + '_>> {
        self.0.open(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.0.sync_folder(path)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.remove(path)
    }
}

#[test]
fn a_checkpoint_is_read_back_before_the_one_before_it_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    generation(1).save(&path).unwrap();
    generation(2).save(&path).unwrap();
    let error = generation(3).save_on(&Lying(TestDisk(SimDisk::default())), &path).unwrap_err().to_string();
    assert!(error.contains("the bytes that were read back differ from those that were written"), "{error}");
    let load = |path: &Path| number(&fs::read(path).unwrap());
    assert_eq!((load(&path), load(&Checkpoint::previous(&path))), (Some(2), Some(1)));
    assert_eq!(names(folder.path()), ["checkpoint.previous.safetensors", "checkpoint.safetensors"]);
}

/// 20,000 power cuts while checkpoints are written: each leaves the one that was written last or, while one was being
/// written, the one before it, under one of two names.
#[test]
fn no_power_cut_loses_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let disk = TestDisk(SimDisk::default());
    // How much of the record there was when a generation was safe.
    let mut safe_at = Vec::new();
    for number in 0..8 {
        generation(number).save_on(&disk, &path).unwrap();
        safe_at.push(disk.0.moments());
    }
    let mut found_at = BTreeMap::<&str, usize>::new();
    let mut sample = Sample::new(10);
    for state in 0..20_000 {
        let moment = sample.usize_in(0..=disk.0.moments());
        let files: BTreeMap<PathBuf, Vec<u8>> = disk.0.crash(moment, &mut sample);
        let load = |path: &Path| files.get(path).and_then(|bytes| number(bytes));
        let (newest, previous) = (load(&path), load(&Checkpoint::previous(&path)));
        assert_eq!(newest.is_some(), files.contains_key(&path), "state {state}: what has the name is whole");
        *found_at.entry(if newest.is_some() { "newest" } else { "previous" }).or_default() += 1;
        // Of those that were saved, the last one at least.
        let safe = safe_at.iter().rposition(|&at| at <= moment);
        assert!(newest.or(previous) >= safe, "state {state}: {newest:?}, {previous:?}, {safe:?}");
    }
    assert!(found_at.len() == 2, "both ways are taken: {found_at:?}");
}

#[test]
fn a_full_disk_is_said_with_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model().save(&path).unwrap();
    let before = fs::read(&path).unwrap();
    let full = TestDisk(SimDisk::failing(Fault::Full, 1, FOR_EVER));
    let error = model().save_on(&full, &path).unwrap_err();
    let message = error.to_string().replace(&folder.path().display().to_string(), "FOLDER");
    expect!["FOLDER/model.safetensors: cannot be written: no storage space; the disk is full: free some space, then try again; the previous file is intact"].assert_eq(&message);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_folder_that_is_not_there_is_said_with_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let error = model().save(&folder.path().join("missing/model.safetensors")).unwrap_err();
    let message = error.to_string().replace(&folder.path().display().to_string(), "FOLDER");
    expect!["FOLDER/missing/model.safetensors: cannot be written: No such file or directory (os error 2); create the folder first"].assert_eq(&message);
    // A file where a folder should be.
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(model().save(&folder.path().join("file/model.safetensors")).is_err());
    assert!(write_atomically(Path::new("/"), b"").is_err());
}

#[test]
fn what_a_crash_left_behind_is_removed_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    for name in [".file.partial", ".file.77-0.partial"] {
        fs::write(folder.path().join(name), "half of something").unwrap();
    }
    fs::write(folder.path().join("mine.partial"), "somebody's own").unwrap();
    write_atomically(&folder.path().join("file"), b"whole").unwrap();
    remove_partials(folder.path()).unwrap();
    assert_eq!(names(folder.path()), ["file", "mine.partial"]);
}

/// Two writers with one temporary file would tear it, or find it gone.
#[test]
fn many_may_write_one_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let content = |writer: usize| vec![writer as u8; 100_000 + writer];
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let path = &path;
            scope.spawn(move || {
                for _ in 0..20 {
                    write_atomically(path, &content(writer)).unwrap();
                    let found = fs::read(path).unwrap();
                    assert_eq!(found, content(found[0].into()), "one writer's, whole");
                }
            });
        }
    });
    assert_eq!(names(folder.path()), ["file"]);
}

#[test]
fn the_previous_checkpoint_lies_beside_the_newest() {
    for (path, expected) in [
        ("run/checkpoint.safetensors", "run/checkpoint.previous.safetensors"),
        ("a.b.c", "a.b.previous.c"),
        ("bare", "bare.previous"),
    ] {
        assert_eq!(Checkpoint::previous(Path::new(path)), Path::new(expected));
    }
}
