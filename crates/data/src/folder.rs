//! Reads a folder of images as a data set: `ROOT/{train,val,test}/CLASS/...`, or `ROOT/CLASS/...`.
//!
//! `layout` decides which of the two it is. Classes are the folders, in the order of their code points as in torchvision ("10"
//! before "2"); images may be in folders below. The content decides which files are images: a file that begins like an image is
//! one, whatever its name; a file that is named like an image but is none stays in the list, so that
//! [`verify`](crate::Dataset::verify) reports it; and any other file, such as `.DS_Store` or `notes.txt`, is skipped.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::DataError;
use crate::layout::{self, Layout, SplitName};
use crate::names::composed;
use crate::photos::{Photo, Photos};
use crate::split::Split;
use crate::splits::Splits;
use crate::walk::{Entry, Walked, files_in, images_below, subfolders};
use striate_image::read_file;
use striate_kernels::map_on_all_cores;

/// Reads the names, classes and hashes of a folder of images; nothing is decoded yet. A class may be empty: this is an error
/// for training, but not for evaluation.
///
/// # Errors
/// [`DataError::Layout`] when the folders could be classes or splits, [`DataError::Folder`] with the place when there is no
/// class, when the name of a class is not UTF-8, or when links form a circle.
pub fn open(root: &Path, layout: Option<Layout>, pixels: Option<&Path>) -> Result<Splits, DataError> {
    let name =
        root.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let name = name.unwrap_or_else(|| "folder".into());
    let folders = layout::read(root, layout)?;
    let mut notes = folders.notes;
    // A folder of classes is read like one of a single part.
    let roots = match folders.parts.is_empty() {
        true => vec![(SplitName::Train, folders.root.clone())],
        false => folders.parts.clone(),
    };
    let folders_of: Vec<_> = roots.iter().map(|(_, root)| class_folders(root)).collect::<Result<_, _>>()?;
    let mut classes: Vec<String> = folders_of.iter().flatten().map(|(class, _)| class.clone()).collect();
    classes.sort_unstable();
    classes.dedup();
    if classes.is_empty() {
        return Err(without_classes(&folders.root));
    }
    let mut passed_over = Walked::default();
    let mut parts = [None, None, None];
    for ((part, _), folders_of) in roots.iter().zip(&folders_of) {
        let files = photos(&folders.root, folders_of, &classes, &mut passed_over.passed_over)?;
        parts[*part as usize] = Some(Photos::new(&folders.root, files, pixels));
    }
    notes.extend(passed_over.note());
    Ok(match (folders.parts.is_empty(), parts) {
        (true, [Some(photos), ..]) => Splits::undivided(name, classes, notes, photos),
        (_, parts) => Splits::divided(name, classes, notes, parts.map(|photos| photos.map(Split::Photos))),
    })
}

/// What is said of a folder without class folders: how many images lie in it, and where they belong.
pub(crate) fn without_classes(folder: &Path) -> DataError {
    let files = files_in(folder).unwrap_or_default();
    let images = files.iter().filter(|path| Entry::of(path) == Entry::Image);
    DataError::NoClasses { folder: folder.to_path_buf(), images: images.count() }
}

/// The class folders with the names of their classes, by code point. Names are compared in one form of Unicode: a part that came
/// from a Mac has the same classes as one that did not.
fn class_folders(root: &Path) -> Result<Vec<(String, PathBuf)>, DataError> {
    let refuse = |name: &OsStr, why: &str| Err(DataError::Folder { place: root.join(name), why: why.into() });
    let mut folders: Vec<(String, PathBuf)> = Vec::new();
    for name in subfolders(root)? {
        let Some(text) = name.to_str() else {
            return refuse(
                &name,
                "the name of this class is not UTF-8, so no model could hold it; rename the folder",
            );
        };
        let class = composed(text).into_owned();
        if folders.iter().any(|(other, _)| *other == class) {
            let why = "two folders here have this name, one with composed and one with decomposed accents; merge them";
            return refuse(&name, why);
        }
        folders.push((class, root.join(&name)));
    }
    folders.sort_unstable();
    Ok(folders)
}

/// The images of every class, class by class and in the order of their paths, with the hashes of their files.
fn photos(
    root: &Path,
    folders: &[(String, PathBuf)],
    classes: &[String],
    passed_over: &mut Vec<PathBuf>,
) -> Result<Vec<Photo>, DataError> {
    let mut found: Vec<(PathBuf, u32)> = Vec::new();
    for (class, folder) in folders {
        let label = classes.binary_search(class).expect("a class of the data set") as u32;
        let walked = images_below(folder)?;
        found.extend(walked.images.into_iter().map(|path| (path, label)));
        passed_over.extend(walked.passed_over);
    }
    Ok(map_on_all_cores(found.len(), |i| {
        let (path, label) = &found[i];
        Photo {
            path: path.strip_prefix(root).unwrap_or(path).to_path_buf(),
            label: *label,
            // A file that cannot be read is found by `verify`, with the reason.
            sha256: read_file(path).map_or([0; 32], |bytes| Sha256::digest(bytes).into()),
        }
    }))
}
