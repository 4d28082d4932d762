//! Walks a folder tree that may be hostile: circular links, names that are not text, special files.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::DataError;
use striate_image::{is_image, open_regular};
use striate_kernels::map_on_all_cores;

/// Folders in folders; a tree of photos has a handful.
const MAX_DEPTH: usize = 64;

/// Endings that promise an image.
const ENDINGS: [&str; 17] = [
    "png", "jpg", "jpeg", "jpe", "jfif", "bmp", "gif", "pnm", "pbm", "pgm", "ppm", "pam", "webp", "tif",
    "tiff", "avif", "heic",
];

/// What a file is, as far as its first bytes and its name tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It starts like an image.
    Image,
    /// It is called like an image and does not start like one, or cannot be read.
    CalledImage,
    /// Neither.
    Other,
}

impl Entry {
    pub(crate) fn of(path: &Path) -> Self {
        let mut start = Vec::new();
        let is_read = open_regular(path).and_then(|file| file.take(64).read_to_end(&mut start)).is_ok();
        let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
        if is_read && is_image(&start) {
            Self::Image
        } else if ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) {
            Self::CalledImage
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

/// The regular files in a folder itself, in the order of their names. Links are followed.
pub(crate) fn files_in(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    Ok(list(folder)?.into_iter().map(|name| folder.join(name)).filter(|path| path.is_file()).collect())
}

/// The images in a folder and in the folders below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Walked {
    /// The files that begin like an image or are named like one, in the order of their paths. Whether they can be decoded is
    /// found out when they are read.
    pub images: Vec<PathBuf>,
    /// The files that were skipped: files that are not images, and hidden files.
    pub passed_over: Vec<PathBuf>,
}

impl Walked {
    /// Describes the skipped files in a sentence; `None` when there are none.
    pub fn note(&self) -> Option<String> {
        const SHOWN: usize = 3;
        let count = self.passed_over.len();
        let mut names: Vec<String> =
            self.passed_over.iter().take(SHOWN).map(|path| path.display().to_string()).collect();
        if count > SHOWN {
            names.push(format!("and {} more", count - SHOWN));
        }
        (count > 0).then(|| format!("skipped because hidden or not an image ({count}): {}", names.join(", ")))
    }
}

/// Finds every image in `folder` and in the folders below it, by the rules that all commands follow.
///
/// The content decides which files are images: a file that begins like an image is one, whatever its name. Links are followed.
///
/// # Errors
/// [`DataError::Io`] when a folder cannot be listed; [`DataError::Folder`] when links lead to the same folder twice, or folders
/// are nested too deeply.
///
/// # Example
/// ```
/// let folder = tempfile::tempdir()?;
/// std::fs::write(folder.path().join("a.heic"), "called an image")?;
/// std::fs::write(folder.path().join("notes.txt"), "no image")?;
/// let walked = striate_data::images_below(folder.path())?;
/// assert_eq!((walked.images.len(), walked.passed_over.len()), (1, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn images_below(folder: &Path) -> Result<Walked, DataError> {
    let (mut files, mut passed_over) = (Vec::new(), Vec::new());
    walk(folder, 0, &mut HashSet::new(), &mut files, &mut passed_over)?;
    let entries = map_on_all_cores(files.len(), |i| Entry::of(&files[i]));
    let mut images = Vec::new();
    for (path, entry) in files.into_iter().zip(entries) {
        if entry == Entry::Other { &mut passed_over } else { &mut images }.push(path);
    }
    passed_over.sort_unstable();
    Ok(Walked { images, passed_over })
}

fn walk(
    folder: &Path,
    depth: usize,
    seen: &mut HashSet<PathBuf>,
    files: &mut Vec<PathBuf>,
    passed_over: &mut Vec<PathBuf>,
) -> Result<(), DataError> {
    let refuse = |why: String| Err(DataError::Folder { place: folder.to_path_buf(), why });
    let real = folder.canonicalize().map_err(|error| DataError::io(folder, "list this folder", error))?;
    if depth >= MAX_DEPTH {
        return refuse(format!("is more than {MAX_DEPTH} folders deep, which no folder of photos should be"));
    }
    let text = real.display().to_string();
    if !seen.insert(real) {
        // A circle, or a few links that multiply: a tree of 64 folders with two links each has 2^64 paths.
        return refuse(format!("links lead here more than once: this is {text}; remove all but one"));
    }
    for name in all_names(folder)? {
        let path = folder.join(&name);
        if is_hidden(&name) {
            if !is_litter(&name) {
                passed_over.push(path);
            }
            continue;
        }
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => walk(&path, depth + 1, seen, files, passed_over)?,
            // A pipe or a device would never end. A link to nowhere is a file that cannot be read.
            Ok(metadata) if !metadata.is_file() => passed_over.push(path),
            _ => files.push(path),
        }
    }
    Ok(())
}

/// The names in a folder that are not hidden, sorted by their bytes.
fn list(folder: &Path) -> Result<Vec<OsString>, DataError> {
    let mut names = all_names(folder)?;
    names.retain(|name| !is_hidden(name));
    Ok(names)
}

/// The names in a folder, sorted by their bytes.
fn all_names(folder: &Path) -> Result<Vec<OsString>, DataError> {
    let read = || fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<_>>();
    let mut names: Vec<OsString> =
        read().map_err(|error| DataError::io(folder, "list this folder", error))?;
    names.sort_unstable();
    Ok(names)
}

/// What starts with a dot, and the folders that archives and network drives leave.
fn is_hidden(name: &OsString) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.') || matches!(name.as_ref(), "__MACOSX" | "@eaDir" | "Thumbs.db" | "desktop.ini")
}

/// What file managers leave everywhere, and nobody wants to hear of.
fn is_litter(name: &OsString) -> bool {
    matches!(
        name.to_string_lossy().as_ref(),
        ".DS_Store" | ".directory" | ".gitkeep" | ".gitignore" | "Thumbs.db" | "desktop.ini"
    )
}
