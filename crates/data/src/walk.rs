//! Walks a tree of folders that may be hostile: links that lead in circles, names that are no text, files that are none.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::DataError;

/// Folders in folders; a tree of photos has a handful.
const MAX_DEPTH: usize = 64;

/// Endings that promise a picture.
const ENDINGS: [&str; 17] = [
    "png", "jpg", "jpeg", "jpe", "jfif", "bmp", "gif", "pnm", "pbm", "pgm", "ppm", "pam", "webp", "tif",
    "tiff", "avif", "heic",
];

/// What a file is, as far as its first bytes and its name tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It starts like a picture.
    Picture,
    /// It is called like a picture and does not start like one, or cannot be read.
    CalledPicture,
    /// Neither.
    Other,
}

impl Entry {
    pub(crate) fn of(path: &Path) -> Self {
        let mut start = Vec::new();
        let is_read = File::open(path).and_then(|file| file.take(64).read_to_end(&mut start)).is_ok();
        let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
        if is_read && image::guess_format(&start).is_ok() {
            Self::Picture
        } else if ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) {
            Self::CalledPicture
        } else {
            Self::Other
        }
    }
}

/// The names of the folders in a folder; hidden ones, and those of systems, are passed over.
pub(crate) fn subfolders(folder: &Path) -> Result<Vec<OsString>, DataError> {
    let names = list(folder)?.into_iter().filter(|name| folder.join(name).is_dir());
    Ok(names.collect())
}

/// Every regular file in a folder and the folders below, in the order of their paths. Links are followed.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut files = Vec::new();
    walk(folder, 0, &mut HashSet::new(), &mut files)?;
    Ok(files)
}

fn walk(
    folder: &Path,
    depth: usize,
    seen: &mut HashSet<PathBuf>,
    files: &mut Vec<PathBuf>,
) -> Result<(), DataError> {
    let refuse = |why: String| Err(DataError::Folder { place: folder.to_path_buf(), why });
    let real = folder.canonicalize().map_err(|error| DataError::io(folder, "list this folder", error))?;
    if depth >= MAX_DEPTH {
        return refuse(format!("is more than {MAX_DEPTH} folders deep; no tree of photos is"));
    }
    let text = real.display().to_string();
    if !seen.insert(real) {
        // A circle, or a few links that multiply: a tree of 64 folders with two links each has 2^64 paths.
        return refuse(format!("links lead here more than once: this is {text}; remove all but one"));
    }
    for name in list(folder)? {
        let path = folder.join(name);
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => walk(&path, depth + 1, seen, files)?,
            // A pipe or a device would never end. A link to nowhere is a file that cannot be read.
            Ok(metadata) if !metadata.is_file() => {}
            _ => files.push(path),
        }
    }
    Ok(())
}

/// The names in a folder that are not hidden, sorted by their bytes.
fn list(folder: &Path) -> Result<Vec<OsString>, DataError> {
    let read = || fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<_>>();
    let mut names: Vec<OsString> =
        read().map_err(|error| DataError::io(folder, "list this folder", error))?;
    names.retain(|name| !is_hidden(name));
    names.sort_unstable();
    Ok(names)
}

/// What starts with a dot, and the folders that archives and network drives leave.
fn is_hidden(name: &OsString) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.') || matches!(name.as_ref(), "__MACOSX" | "@eaDir" | "Thumbs.db" | "desktop.ini")
}
