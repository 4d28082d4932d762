//! Files that are whole or absent, whatever happens between.

use crate::error::{FormatError, Problem};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What writing a file asks of a file system. Tests put one in its place that fails where they like.
pub trait Disk: Sync {
    /// Makes a folder and those above it.
    ///
    /// # Errors
    /// Those of the file system.
    fn create_folder(&self, path: &Path) -> io::Result<()>;
    /// Makes or empties a file, fills it, and waits until it is on the medium.
    ///
    /// # Errors
    /// Those of the file system; what was written so far may stay.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Gives a file another name, in one step, in place of whatever had it.
    ///
    /// # Errors
    /// Those of the file system; both names are then as they were.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Waits until the names in a folder are on the medium.
    ///
    /// # Errors
    /// Those of the file system.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// Those of the file system.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// The file system of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        // Only Unix opens folders; elsewhere the rename is as durable as the system makes it.
        if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
}

/// Replaces a file in one step: a temporary file in the same folder, fsync, rename, fsync of the folder.
///
/// After a crash at any moment the file is the old one or the new one, whole.
///
/// # Errors
/// Those of the file system; the old file is then as it was.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_atomically_on(&RealDisk, path, bytes)
}

/// [`write_atomically`] on the given disk.
///
/// # Errors
/// Those of the disk.
pub fn write_atomically_on(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = partial(path)?;
    let written = disk.write(&partial, bytes).and_then(|()| disk.rename(&partial, path));
    if let Err(error) = written {
        // The error that counts is the first one.
        let _ = disk.remove(&partial);
        return Err(error);
    }
    disk.sync_folder(folder(path))
}

/// Writes what a file is to hold, or says what stands against it.
pub(crate) fn save(disk: &dyn Disk, path: &Path, bytes: Result<Vec<u8>, Problem>) -> Result<(), FormatError> {
    let bytes = bytes.map_err(|problem| problem.at(path))?;
    write_atomically_on(disk, path, &bytes)
        .map_err(|source| FormatError::Write { path: path.to_path_buf(), source })
}

/// `.NAME.partial` beside the file: one name, so that a crash leaves one file at most and the next write takes it over.
fn partial(path: &Path) -> io::Result<PathBuf> {
    let no_name = || io::Error::new(io::ErrorKind::InvalidInput, "the path does not end in a file name");
    let name = path.file_name().ok_or_else(no_name)?;
    let mut partial = std::ffi::OsString::from(".");
    partial.push(name);
    partial.push(".partial");
    Ok(path.with_file_name(partial))
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}
