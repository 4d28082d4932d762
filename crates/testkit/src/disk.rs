//! A disk that fails on demand, and loses what has not yet reached the medium.
//!
//! [`SimDisk`] does everything on the real file system, without waiting for the medium. Its calls are counted, and some of them
//! may fail as a [`Fault`] describes. It also keeps a log, from which [`SimDisk::crash`] computes what a power failure at a
//! given moment may leave: names and contents that were not synced are lost, reordered, or torn at sectors of 512 bytes. The
//! model is SQLite's: a file system preserves order only across an fsync.

use crate::Sample;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Number of bytes that a medium writes completely or not at all.
const SECTOR: usize = 512;

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The disk is full (ENOSPC); half of a write was done.
    Full,
    /// The quota is used up (EDQUOT); half of a write was done.
    Quota,
    /// The medium fails (EIO); half of a write was done.
    Broken,
    /// A signal arrived (EINTR); nothing was done.
    Interrupted,
    /// A write does half of what was requested, and returns that number; no other call fails.
    Short,
}

impl Fault {
    /// All kinds of faults.
    pub const ALL: [Self; 5] = [Self::Full, Self::Quota, Self::Broken, Self::Interrupted, Self::Short];

    fn error(self) -> io::Error {
        match self {
            Self::Full => io::ErrorKind::StorageFull.into(),
            Self::Quota => io::ErrorKind::QuotaExceeded.into(),
            Self::Interrupted => io::ErrorKind::Interrupted.into(),
            Self::Broken | Self::Short => io::Error::other("input/output error"),
        }
    }
}

/// Fails at this call, counted from 0, and at the following ones.
#[derive(Debug, Clone, Copy)]
struct Plan {
    fault: Fault,
    at: usize,
    times: usize,
}

type Inode = usize;

#[derive(Debug, Clone)]
enum Done {
    /// The name refers to a new, empty file.
    Create(PathBuf, Inode),
    Write(Inode, Vec<u8>),
    Sync(Inode),
    Rename(PathBuf, PathBuf, Inode),
    Remove(PathBuf),
    SyncFolder(PathBuf),
}

#[derive(Debug, Default)]
struct State {
    calls: usize,
    paused: Duration,
    names: BTreeMap<PathBuf, Inode>,
    inodes: usize,
    record: Vec<Done>,
}

/// A disk for tests. [`implement_disk!`](crate::implement_disk) turns it into a `striate_formats::Disk`.
#[derive(Debug, Default)]
pub struct SimDisk {
    plan: Option<Plan>,
    refused: Vec<String>,
    state: Mutex<State>,
}

impl SimDisk {
    /// A disk that fails at the call with this number, counted from 0, and at the following ones, `times` in all.
    pub fn failing(fault: Fault, at: usize, times: usize) -> Self {
        Self { plan: Some(Plan { fault, at, times }), ..Self::default() }
    }

    /// A disk that is full for every file whose name contains one of these.
    pub fn refusing(names: &[&str]) -> Self {
        Self { refused: names.iter().map(ToString::to_string).collect(), ..Self::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of calls so far.
    pub fn calls(&self) -> usize {
        self.state().calls
    }

    /// The total time that was waited, or would have been.
    pub fn paused(&self) -> Duration {
        self.state().paused
    }

    /// The number of log entries so far: the moments at which [`SimDisk::crash`] can crash.
    pub fn moments(&self) -> usize {
        self.state().record.len()
    }

    /// Counts a call, and returns how it fails.
    fn fault(&self) -> Option<Fault> {
        let mut state = self.state();
        state.calls += 1;
        let plan = self.plan?;
        let since = (state.calls - 1).checked_sub(plan.at)?;
        (since < plan.times).then_some(plan.fault)
    }

    fn call<T>(&self, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        match self.fault() {
            None | Some(Fault::Short) => act(),
            Some(fault) => Err(fault.error()),
        }
    }

    /// Creates a folder and its parents.
    ///
    /// # Errors
    /// The planned fault, or the error of the file system; this applies to all methods below.
    pub fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.call(|| fs::create_dir_all(path))
    }

    /// Creates a file, or empties an existing one.
    pub fn create(&self, path: &Path) -> io::Result<SimFile<'_>> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_refused = self.refused.iter().any(|part| name.contains(part));
        let file = self.call(|| if is_refused { Err(Fault::Full.error()) } else { File::create(path) })?;
        let mut state = self.state();
        let inode = state.inodes;
        state.inodes += 1;
        state.names.insert(path.to_path_buf(), inode);
        state.record.push(Done::Create(path.to_path_buf(), inode));
        Ok(SimFile { disk: self, file, inode })
    }

    /// Opens a file for reading.
    pub fn open(&self, path: &Path) -> io::Result<SimRead<'_>> {
        Ok(SimRead { disk: self, file: self.call(|| File::open(path))? })
    }

    /// Renames a file.
    pub fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(|| fs::rename(from, to))?;
        let mut state = self.state();
        // A file that this disk did not write is not simulated.
        if let Some(inode) = state.names.remove(from) {
            state.names.insert(to.to_path_buf(), inode);
            state.record.push(Done::Rename(from.to_path_buf(), to.to_path_buf(), inode));
        }
        Ok(())
    }

    /// Waits for the entries of a folder.
    pub fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.call(|| Ok(()))?;
        self.state().record.push(Done::SyncFolder(path.to_path_buf()));
        Ok(())
    }

    /// Removes a file.
    pub fn remove(&self, path: &Path) -> io::Result<()> {
        self.call(|| fs::remove_file(path))?;
        let mut state = self.state();
        state.names.remove(path);
        state.record.push(Done::Remove(path.to_path_buf()));
        Ok(())
    }

    /// Does not wait, but adds up the time.
    pub fn pause(&self, time: Duration) {
        self.state().paused += time;
    }

    /// What a crash after the first `moment` log entries may leave: files and their content.
    pub fn crash(&self, moment: usize, sample: &mut Sample) -> BTreeMap<PathBuf, Vec<u8>> {
        let state = self.state();
        let done = &state.record[..moment];
        let mut contents = BTreeMap::<Inode, (Vec<u8>, usize)>::new();
        let mut names = BTreeMap::<PathBuf, Inode>::new();
        let mut waiting = Vec::new();
        for act in done {
            match act {
                Done::Create(..) | Done::Rename(..) | Done::Remove(_) => waiting.push(act),
                Done::Write(inode, bytes) => contents.entry(*inode).or_default().0.extend(bytes),
                Done::Sync(inode) => {
                    let (bytes, synced) = contents.entry(*inode).or_default();
                    *synced = bytes.len();
                }
                Done::SyncFolder(folder) => {
                    let (here, elsewhere) =
                        waiting.into_iter().partition(|act| folder_of(act) == Some(folder));
                    waiting = elsewhere;
                    let here: Vec<&Done> = here;
                    here.into_iter().for_each(|act| name(&mut names, act));
                }
            }
        }
        // Any part of what was not synced may have reached the medium.
        let any = sample.choose(&[0.1, 0.5, 0.9]);
        for act in waiting {
            if sample.chance(any) {
                name(&mut names, act);
            }
        }
        let mut torn = BTreeMap::new();
        for inode in names.values().collect::<BTreeSet<_>>() {
            let (bytes, synced) = contents.get(inode).cloned().unwrap_or_default();
            torn.insert(*inode, tear(bytes, synced, any, sample));
        }
        names.into_iter().map(|(path, inode)| (path, torn[&inode].clone())).collect()
    }
}

fn folder_of(act: &Done) -> Option<&Path> {
    match act {
        Done::Create(path, _) | Done::Rename(_, path, _) | Done::Remove(path) => path.parent(),
        Done::Write(..) | Done::Sync(_) | Done::SyncFolder(_) => None,
    }
}

fn name(names: &mut BTreeMap<PathBuf, Inode>, act: &Done) {
    match act {
        Done::Create(path, inode) => _ = names.insert(path.clone(), *inode),
        Done::Rename(from, to, inode) => {
            if names.get(from) == Some(inode) {
                names.remove(from);
            }
            names.insert(to.clone(), *inode);
        }
        Done::Remove(path) => _ = names.remove(path),
        Done::Write(..) | Done::Sync(_) | Done::SyncFolder(_) => {}
    }
}

/// Cuts the unsynced part at a random length, and leaves out sectors.
fn tear(mut bytes: Vec<u8>, synced: usize, any: f64, sample: &mut Sample) -> Vec<u8> {
    bytes.truncate(sample.usize_in(synced..=bytes.len()));
    let mut at = synced;
    while at < bytes.len() {
        let end = bytes.len().min((at / SECTOR + 1) * SECTOR);
        if !sample.chance(any) {
            bytes[at..end].fill(0);
        }
        at = end;
    }
    bytes
}

/// A file of a [`SimDisk`] that is being written.
#[derive(Debug)]
pub struct SimFile<'a> {
    disk: &'a SimDisk,
    file: File,
    inode: Inode,
}

impl SimFile<'_> {
    fn take(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all(bytes)?;
        self.disk.state().record.push(Done::Write(self.inode, bytes.to_vec()));
        Ok(bytes.len())
    }

    /// Waits for the data that was written.
    ///
    /// # Errors
    /// The planned fault.
    pub fn sync(&mut self) -> io::Result<()> {
        self.disk.call(|| Ok(()))?;
        self.disk.state().record.push(Done::Sync(self.inode));
        Ok(())
    }
}

impl Write for SimFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let half = &bytes[..bytes.len().div_ceil(2)];
        match self.disk.fault() {
            None => self.take(bytes),
            Some(Fault::Short) => self.take(half),
            Some(Fault::Interrupted) => Err(Fault::Interrupted.error()),
            Some(fault) => self.take(half).and(Err(fault.error())),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file of a [`SimDisk`] that is being read.
#[derive(Debug)]
pub struct SimRead<'a> {
    disk: &'a SimDisk,
    file: File,
}

impl Read for SimRead<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.disk.call(|| self.file.read(into))
    }
}

/// Defines `struct TestDisk(SimDisk)`, which implements the `Disk` trait of the formats crate:
/// `implement_disk!(striate_formats)`.
///
/// This crate depends on no other of the workspace, so tests that use a [`SimDisk`] connect the two.
#[macro_export]
macro_rules! implement_disk {
    ($formats:ident) => {
        struct TestDisk($crate::SimDisk);

        struct TestFile<'a>($crate::SimFile<'a>);

        impl std::io::Write for TestFile<'_> {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.write(bytes)
            }
            fn flush(&mut self) -> std::io::Result<()> {
                self.0.flush()
            }
        }

        impl $formats::DiskFile for TestFile<'_> {
            fn sync(&mut self) -> std::io::Result<()> {
                self.0.sync()
            }
        }

        impl $formats::Disk for TestDisk {
            fn create_folder(&self, path: &std::path::Path) -> std::io::Result<()> {
                self.0.create_folder(path)
            }
            fn create(&self, path: &std::path::Path) -> std::io::Result<Box<dyn $formats::DiskFile + '_>> {
                Ok(Box::new(TestFile(self.0.create(path)?)))
            }
            fn open(&self, path: &std::path::Path) -> std::io::Result<Box<dyn std::io::Read + '_>> {
                Ok(Box::new(self.0.open(path)?))
            }
            fn rename(&self, from: &std::path::Path, to: &std::path::Path) -> std::io::Result<()> {
                self.0.rename(from, to)
            }
            fn sync_folder(&self, path: &std::path::Path) -> std::io::Result<()> {
                self.0.sync_folder(path)
            }
            fn remove(&self, path: &std::path::Path) -> std::io::Result<()> {
                self.0.remove(path)
            }
            fn pause(&self, time: std::time::Duration) {
                self.0.pause(time);
            }
        }
    };
}
