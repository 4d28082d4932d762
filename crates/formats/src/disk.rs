//! Files that are complete or absent, even after a crash.

use crate::error::{FormatError, Problem};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The operations of a file system that writing a file needs. Tests substitute one that fails at any chosen point.
pub trait Disk: Sync {
    /// Creates a folder and its parents.
    ///
    /// # Errors
    /// If the file system reports an error.
    fn create_folder(&self, path: &Path) -> io::Result<()>;
    /// Creates a file, or empties an existing one, for writing.
    ///
    /// # Errors
    /// If the file system reports an error.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile + '_>>;
    /// Opens a file for reading.
    ///
    /// # Errors
    /// If the file system reports an error.
    fn open(&self, path: &Path) -> io::Result<Box<dyn Read + '_>>;
    /// Renames a file in one step, replacing any file with the new name.
    ///
    /// # Errors
    /// If the file system reports an error; both names are then unchanged.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Waits until the entries of a folder are on the storage medium.
    ///
    /// # Errors
    /// If the file system reports an error.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// If the file system reports an error.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Waits before a failed operation is tried again.
    fn pause(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// A file that is being written.
pub trait DiskFile: Write {
    /// Waits until all written bytes are on the storage medium.
    ///
    /// # Errors
    /// If the file system reports an error; it is then unknown how many bytes are on the medium.
    fn sync(&mut self) -> io::Result<()>;
}

impl DiskFile for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

/// The file system of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile + '_>> {
        Ok(Box::new(File::create(path)?))
    }
    fn open(&self, path: &Path) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(File::open(path)?))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        // Only Unix can open folders; elsewhere the rename is as durable as the system makes it.
        if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
}

/// Replaces a file in one step: a temporary file in the same folder, fsync, rename, fsync of the folder.
///
/// After a crash at any moment, the file is either the old one or the new one, and complete. This also holds if several
/// processes or threads write it at once: each has its own temporary file, and the last one to finish replaces the others.
///
/// # Errors
/// If the file system reports an error; the old file is then unchanged.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_atomically_on(&RealDisk, path, bytes)
}

/// Replaces a file like [`write_atomically`], on the given disk.
///
/// # Errors
/// If the disk reports an error.
pub fn write_atomically_on(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(disk, path, bytes, &|partial| disk.rename(partial, path))
}

/// Like [`write_atomically_on`], and keeps the file that was there before as `previous`, replacing any file of that name.
///
/// The new file is read back first, so there is a moment at which both names hold complete files; after a crash at any moment
/// at least one of them does.
///
/// # Errors
/// If the disk reports an error, and [`io::ErrorKind::InvalidData`] if other bytes are read back than were written. The old
/// file is then at `path` or, if even a rename fails, at `previous`.
pub(crate) fn write_keeping_on(
    disk: &dyn Disk,
    path: &Path,
    previous: &Path,
    bytes: &[u8],
) -> io::Result<()> {
    replace(disk, path, bytes, &|partial| {
        read_back(disk, partial, bytes)?;
        let was_there = match disk.rename(path, previous) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            renamed => renamed.map(|()| true)?,
        };
        disk.rename(partial, path).inspect_err(|_| {
            if was_there {
                let _ = disk.rename(previous, path);
            }
        })
    })
}

/// Fills a temporary file, lets `publish` rename it, and makes that durable.
fn replace(
    disk: &dyn Disk,
    path: &Path,
    bytes: &[u8],
    publish: &dyn Fn(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let partial = partial(path)?;
    if let Err(error) = fill(disk, &partial, bytes).and_then(|()| publish(&partial)) {
        // The first error is the one to report.
        let _ = disk.remove(&partial);
        return Err(error);
    }
    disk.sync_folder(folder(path))
}

fn fill(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = disk.create(path)?;
    file.write_all(bytes)?;
    file.sync()
}

/// Checks that a file holds these bytes.
fn read_back(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let other = || {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "the bytes that were read back differ from those that were written",
        )
    };
    let mut file = disk.open(path)?;
    let (mut part, mut rest) = (vec![0; 1 << 16], bytes);
    loop {
        match file.read(&mut part) {
            Ok(0) => return if rest.is_empty() { Ok(()) } else { Err(other()) },
            Ok(read) => rest = rest.strip_prefix(&part[..read]).ok_or_else(other)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Writes the content of a file, or reports why it cannot be written.
pub(crate) fn save(disk: &dyn Disk, path: &Path, bytes: Result<Vec<u8>, Problem>) -> Result<(), FormatError> {
    let bytes = bytes.map_err(|problem| problem.at(path))?;
    write_atomically_on(disk, path, &bytes)
        .map_err(|source| FormatError::Write { path: path.to_path_buf(), source })
}

const PARTIAL: &str = ".partial";

/// `.NAME.PID-NUMBER.partial` next to the file; every writer has its own.
fn partial(path: &Path) -> io::Result<PathBuf> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let no_name = || io::Error::new(io::ErrorKind::InvalidInput, "the path does not end in a file name");
    let name = path.file_name().ok_or_else(no_name)?;
    let mut partial = OsString::from(".");
    partial.push(name);
    let (process, number) = (std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    partial.push(format!(".{process}-{number}{PARTIAL}"));
    Ok(path.with_file_name(partial))
}

/// Removes the temporary files that crashed writers left in a folder. Call it only for a folder to which nothing is being
/// written, since temporary files in use would be removed as well.
///
/// # Errors
/// If the file system reports an error.
pub fn remove_partials(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_partial = name.to_str().is_some_and(|name| name.starts_with('.') && name.ends_with(PARTIAL));
        if is_partial && entry.file_type()?.is_file() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}
