//! A folder of pictures becomes a data set: `ROOT/{train,val}/CLASS/...`, or `ROOT/CLASS/...` of which a part is kept apart.
//!
//! Classes are the folders, in the order of their code points as in torchvision ("10" before "2"), those of `train` count;
//! pictures may lie in folders below. What is a picture is decided by the content: a file that starts like one is one,
//! whatever it is called, a file that is called like one and is none stays in the list as a bad one, for
//! [`verify`](crate::Dataset::verify) to find, and anything else, such as `.DS_Store` or `notes.txt`, is passed over.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::dataset::Dataset;
use crate::error::DataError;
use crate::holdout::{self, VAL_SHARE};
use crate::parallel;
use crate::photos::{Photo, Photos};
use crate::picture::read_file;
use crate::split::Split;
use crate::walk::{Entry, files_below, subfolders};

/// Names of the folder to measure by, of which the first that is there counts.
const VAL: [&str; 4] = ["val", "valid", "validation", "test"];
const TRAIN: &str = "train";

/// Reads the names, classes and hashes of a folder of pictures; nothing is decoded yet.
///
/// Without a `val` (or `valid`, `validation`, `test`) folder a fifth of each class, drawn by seed 0 and always the same,
/// is kept apart to measure by.
///
/// # Errors
/// [`DataError::Folder`] with the place when a class is empty, is the only one, has a name that is not UTF-8, is in `val`
/// and not in `train`, or when links lead round in a circle.
pub fn load(root: &Path, pixels: Option<&Path>) -> Result<Dataset, DataError> {
    let train_root = root.join(TRAIN);
    // A class may be called `train`: then it holds pictures and no folders.
    let is_split = train_root.is_dir() && is_likely(&train_root);
    let train_root = if is_split { &train_root } else { root };
    let classes = class_names(train_root)?;
    let refuse = |place: &Path, why: String| Err(DataError::Folder { place: place.to_path_buf(), why });
    match classes.as_slice() {
        [] => {
            let why = "no class folder here; expected one folder of pictures a class, ROOT/CLASS/... or ROOT/train/CLASS/...";
            return refuse(train_root, why.into());
        }
        [only] => {
            let why = format!(
                "{only} is the only class; a classifier needs two: one folder of pictures a class, ROOT/CLASS/... or \
                 ROOT/train/CLASS/..."
            );
            return refuse(train_root, why);
        }
        names if !is_split && names.iter().all(|name| VAL.contains(&name.as_str())) => {
            return refuse(
                root,
                format!("{} without {TRAIN}; expected ROOT/{TRAIN}/CLASS/...", names.join(", ")),
            );
        }
        _ => {}
    }
    let mut train = photos(root, train_root, &classes)?;
    for (label, class) in classes.iter().enumerate() {
        if !train.iter().any(|photo| photo.label as usize == label) {
            let why = "no picture in this class; put some there or remove the folder".to_string();
            return refuse(&train_root.join(class), why);
        }
    }
    let val_root = VAL.iter().map(|name| root.join(name)).find(|path| is_split && path.is_dir());
    let val = match val_root {
        Some(val_root) => {
            if let Some(unknown) = class_names(&val_root)?.into_iter().find(|name| !classes.contains(name)) {
                let known = classes.join(", ");
                let why = format!("the class {unknown:?} is not one of {}: {known}", train_root.display());
                return refuse(&val_root.join(&unknown), why);
            }
            let val = photos(root, &val_root, &classes)?;
            if val.is_empty() {
                return refuse(&val_root, "no picture here to measure by".into());
            }
            val
        }
        None => {
            let val;
            (train, val) = holdout::split(train, classes.len(), VAL_SHARE, 0);
            if val.is_empty() {
                let why =
                    "every class has but one picture, so none can be kept apart to measure by; add some";
                return refuse(train_root, why.into());
            }
            val
        }
    };
    let split = |files| Split::Photos(Photos::new(root, files, pixels));
    let name =
        root.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    Dataset::new(&name.unwrap_or_else(|| "folder".into()), split(train), split(val), classes)
}

/// True when this could be a folder of pictures: it has folders in it.
pub(crate) fn is_likely(folder: &Path) -> bool {
    subfolders(folder).is_ok_and(|folders| !folders.is_empty())
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
fn photos(root: &Path, split_root: &Path, classes: &[String]) -> Result<Vec<Photo>, DataError> {
    let mut found: Vec<(PathBuf, u32)> = Vec::new();
    for (label, class) in (0u32..).zip(classes) {
        let folder = split_root.join(class);
        if folder.is_dir() {
            found.extend(files_below(&folder)?.into_iter().map(|path| (path, label)));
        }
    }
    let entries = parallel::map(found.len(), |i| {
        let (path, label) = &found[i];
        let entry = Entry::of(path);
        let is_kept = entry == Entry::Picture || entry == Entry::CalledPicture;
        is_kept.then(|| Photo {
            path: path.strip_prefix(root).unwrap_or(path).to_path_buf(),
            label: *label,
            // A file that cannot be read is found by `verify`, with the reason.
            sha256: read_file(path).map_or([0; 32], |bytes| Sha256::digest(bytes).into()),
        })
    });
    Ok(entries.into_iter().flatten().collect())
}
