//! A folder of pictures becomes a data set: `ROOT/{train,val,test}/CLASS/...`, or `ROOT/CLASS/...`.
//!
//! Which it is, `layout` decides. Classes are the folders, in the order of their code points as in torchvision ("10" before "2");
//! pictures may lie in folders below. What is a picture is decided by the content: a file that starts like one is one,
//! whatever it is called, a file that is called like one and is none stays in the list as a bad one, for
//! [`verify`](crate::Dataset::verify) to find, and anything else, such as `.DS_Store` or `notes.txt`, is passed over.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::DataError;
use crate::layout::{self, Layout};
use crate::parallel;
use crate::parts::Parts;
use crate::photos::{Photo, Photos};
use crate::picture::read_file;
use crate::split::Split;
use crate::walk::{Walked, pictures_below, subfolders};

/// Reads the names, classes and hashes of a folder of pictures; nothing is decoded yet. A class may be empty: training refuses it,
/// measuring does not.
///
/// # Errors
/// [`DataError::Layout`] when the folders could mean classes and parts, [`DataError::Folder`] with the place when there is no class, a
/// class has a name that is not UTF-8, or links lead round in a circle.
pub fn open(root: &Path, layout: Option<Layout>, pixels: Option<&Path>) -> Result<Parts, DataError> {
    let name =
        root.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let name = name.unwrap_or_else(|| "folder".into());
    let folders = layout::read(root, layout)?;
    let mut notes = folders.notes;
    let roots: Vec<&Path> = match folders.parts.as_slice() {
        [] => vec![&folders.root],
        parts => parts.iter().map(|(_, path)| path.as_path()).collect(),
    };
    let mut classes = Vec::new();
    for root in &roots {
        classes.extend(class_names(root)?);
    }
    classes.sort_unstable();
    classes.dedup();
    if classes.is_empty() {
        let why = "no class folder here; expected one folder of pictures a class, ROOT/CLASS/... or ROOT/train/CLASS/...";
        return Err(DataError::Folder { place: folders.root, why: why.into() });
    }
    let mut passed_over = Walked::default();
    let mut read = |part: &Path| {
        let files = photos(&folders.root, part, &classes, &mut passed_over.passed_over)?;
        Ok::<_, DataError>(Photos::new(&folders.root, files, pixels))
    };
    let parts = if folders.parts.is_empty() {
        let photos = read(&folders.root)?;
        notes.extend(passed_over.note());
        return Ok(Parts::undivided(name, classes, notes, photos));
    } else {
        let mut parts = [None, None, None];
        for (part, path) in &folders.parts {
            parts[*part as usize] = Some(Split::Photos(read(path)?));
        }
        parts
    };
    notes.extend(passed_over.note());
    Ok(Parts::divided(name, classes, notes, parts))
}

/// The names of the class folders, by code point.
fn class_names(root: &Path) -> Result<Vec<String>, DataError> {
    let mut names = Vec::new();
    for name in subfolders(root)? {
        match name.into_string() {
            Ok(name) => names.push(name),
            Err(name) => {
                let why = "the name of this class is not UTF-8, so no model could hold it; rename the folder";
                return Err(DataError::Folder { place: root.join(name), why: why.into() });
            }
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// The pictures of every class, class by class and in the order of their paths, with the hashes of their files.
fn photos(
    root: &Path,
    split_root: &Path,
    classes: &[String],
    passed_over: &mut Vec<PathBuf>,
) -> Result<Vec<Photo>, DataError> {
    let mut found: Vec<(PathBuf, u32)> = Vec::new();
    for (label, class) in (0u32..).zip(classes) {
        let folder = split_root.join(class);
        if folder.is_dir() {
            let walked = pictures_below(&folder)?;
            found.extend(walked.pictures.into_iter().map(|path| (path, label)));
            passed_over.extend(walked.passed_over);
        }
    }
    Ok(parallel::map(found.len(), |i| {
        let (path, label) = &found[i];
        Photo {
            path: path.strip_prefix(root).unwrap_or(path).to_path_buf(),
            label: *label,
            // A file that cannot be read is found by `verify`, with the reason.
            sha256: read_file(path).map_or([0; 32], |bytes| Sha256::digest(bytes).into()),
        }
    }))
}
