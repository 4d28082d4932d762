//! The errors of this crate, grouped by where they occur.

use std::path::{Path, PathBuf};

use serde::Serialize;
use thiserror::Error;

use crate::idx::IdxError;
use crate::names::path_text;
use striate_image::InputError;

/// An error of this crate, with the place, the problem and a suggestion.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file is a damaged idx file, or not an idx file.
    #[error("{place}: {problem}", place = .place.display())]
    Idx {
        /// The file.
        place: PathBuf,
        /// The defect of the file.
        problem: IdxError,
    },
    /// An image that cannot be read, or a preprocessing that cannot be carried out.
    #[error(transparent)]
    Input(#[from] InputError),
    /// An image file and a label file do not belong together.
    #[error(
        "{labels}: {label_count} labels for the {image_count} images of {images}; the two files belong to different sets",
        labels = .labels.display(), images = .images.display()
    )]
    CountsDiffer {
        /// The image file.
        images: PathBuf,
        /// The label file.
        labels: PathBuf,
        /// The number of images.
        image_count: usize,
        /// The number of labels.
        label_count: usize,
    },
    /// The number of values does not match the shape.
    #[error("images of shape [N, C, H, W] = {shape:?} need {}, got {pixels} values", product(.shape))]
    ImageCount {
        /// The shape `[N, C, H, W]`, where N is the number of labels.
        shape: [usize; 4],
        /// The number of values given.
        pixels: usize,
    },
    /// The two splits hold images of different shapes.
    #[error(
        "training images have the shape [C, H, W] = {train:?}, but test images have {test:?}; both must have the same shape"
    )]
    SplitShapes {
        /// The shape `[C, H, W]` of the training images.
        train: [usize; 3],
        /// The shape `[C, H, W]` of the test images.
        test: [usize; 3],
    },
    /// A label is out of range.
    #[error("{split} label {label} at index {index} is too large for {classes} classes")]
    Label {
        /// The name of the split, `train` or `test`.
        split: &'static str,
        /// The index of the label in its split.
        index: usize,
        /// The value of the label.
        label: u32,
        /// The number of classes.
        classes: usize,
    },
    /// The name is neither a data set nor a folder.
    #[error(
        "no data set or folder is called {name:?}{}; the known data sets are {known}; or use a folder of images (FOLDER/CLASS/...) or of four idx files",
        nearest.map_or(String::new(), |near| format!(" (did you mean {near}?)")),
        known = crate::registry::names().join(", ")
    )]
    UnknownName {
        /// The name that was given.
        name: String,
        /// The known data set with the most similar name, if one is similar.
        nearest: Option<&'static str>,
    },
    /// A known data set is not on this machine.
    #[error(
        "the data set {name} is not on this machine; looked in{}\n  to download it ({size}): `striate_data::fetch::fetch`, with the feature `fetch`\n  or put these files, raw or .gz, into {put}:\n    {files}",
        list(looked),
        size = megabytes(*bytes), put = put.display(), files = files.join("  ")
    )]
    NotFound {
        /// The name of the data set.
        name: &'static str,
        /// The folders that were searched.
        looked: Vec<PathBuf>,
        /// The size of the download in bytes.
        bytes: u64,
        /// The folder where the files can be placed by hand.
        put: PathBuf,
        /// The names of the files.
        files: Vec<&'static str>,
    },
    /// A folder lacks idx files.
    #[error(
        "{folder}: {} not found in this folder (raw or .gz, with '-' or '.' before \"idx\"); a data set consists either of the four files {}, or of a folder of images for each class",
        missing.join(", "), files.join(", "), folder = .folder.display()
    )]
    FolderIncomplete {
        /// The folder.
        folder: PathBuf,
        /// The names of the missing files.
        missing: Vec<&'static str>,
        /// The names of all four files.
        files: Vec<&'static str>,
    },
    /// A folder has neither class folders nor idx files.
    #[error(
        "{folder}: there are no class folders here, {}; a data set has a folder of images for each class, such as {folder}/cat/1.jpg \
         and {folder}/dog/2.jpg (or {folder}/train/cat/1.jpg and {folder}/val/cat/2.jpg), or four idx files as MNIST has them",
        lying(*images), folder = .folder.display()
    )]
    NoClasses {
        /// The folder.
        folder: PathBuf,
        /// The number of images that are directly in the folder.
        images: usize,
    },
    /// A folder of images cannot be used as a data set.
    #[error("{place}: {why}", place = .place.display())]
    Folder {
        /// The folder or file with the problem.
        place: PathBuf,
        /// The problem, and a suggestion.
        why: String,
    },
    /// The folders of a folder are ambiguous.
    #[error(
        "{place}: its folders can be interpreted in two ways; choose one:\n  `Layout::Parts`: they are parts, with a folder for each class in them{parts}\n  `Layout::Classes`: each is a class: {classes}",
        place = .place.display()
    )]
    Layout {
        /// The folder.
        place: PathBuf,
        /// One line per folder, with the split that it would be.
        parts: String,
        /// The names of the classes, if the folders are classes.
        classes: String,
    },
    /// The data set does not have the requested split.
    #[error("{place}: there is no {part} part here; {there}")]
    NoPart {
        /// The name of the data set.
        place: String,
        /// The name of the requested split.
        part: &'static str,
        /// The splits that it has, and a suggestion.
        there: String,
    },
    /// A photo's file changed after the data set was read.
    #[error(
        "{place}: the file has changed since the data set was read; start again, so that all of it is read anew",
        place = .place.display()
    )]
    Changed {
        /// The file.
        place: PathBuf,
    },
    /// Some images of a folder cannot be decoded.
    #[error(
        "{folder}: {} of {total} images cannot be used; repair or remove them, or leave them out{}",
        bad.len(), list_bad(bad), folder = .folder.display()
    )]
    BadImages {
        /// The folder of the data set.
        folder: PathBuf,
        /// The number of images in the folder.
        total: usize,
        /// The images that cannot be decoded, each with its problem.
        bad: Vec<BadImage>,
    },
    /// `classes.txt` does not match the labels.
    #[error("{place}: {why}", place = .place.display())]
    Classes {
        /// The file.
        place: PathBuf,
        /// The problem.
        why: String,
    },
    /// A data set has classes that a model does not have.
    #[error(
        "{data}: its classes are not those of the model; expected {}; got {}; use the data set that the model was trained on",
        first(expected),
        first(got)
    )]
    OtherClasses {
        /// The name of the data set.
        data: String,
        /// The classes of the model.
        expected: Vec<String>,
        /// The classes of the data set.
        got: Vec<String>,
    },
    /// There is no folder to store downloads in.
    #[error(
        "there is no folder to keep data sets in: set STRIATE_CACHE, XDG_CACHE_HOME or HOME, or name a folder"
    )]
    NoCache,
    /// A download failed at every mirror.
    #[error(
        "{file}: the download failed from every mirror{}\n  check the network, try again, or put the file into {folder} by hand",
        list_tries(tries), folder = .folder.display()
    )]
    Fetch {
        /// The file.
        file: String,
        /// The folder where the file would have been stored.
        folder: PathBuf,
        /// Each address with the reason of its failure.
        tries: Vec<(String, String)>,
    },
    /// A setting of the augmentation is out of range.
    #[error("augmentation: {what}: expected {expected}, got {got}")]
    Augment {
        /// The name of the field.
        what: &'static str,
        /// The valid range.
        expected: &'static str,
        /// The value.
        got: f32,
    },
    /// No sample can be drawn with these class weights.
    #[error(
        "class weights: expected one number of at least 0 for each of {classes} classes, and a number above 0 for at least one class that occurs; got {got:?}"
    )]
    Weights {
        /// The number of classes.
        classes: usize,
        /// The weights.
        got: Vec<f32>,
    },
    /// Images and preprocessing have different shapes.
    #[error("the images are [C, H, W] = {images:?}, but the preprocessing expects {preprocess:?}")]
    LoaderShapes {
        /// The shape `[C, H, W]` of the images.
        images: [usize; 3],
        /// The shape `[C, H, W]` that the preprocessing expects.
        preprocess: [usize; 3],
    },
    /// The batch size is 0, or there are no images.
    #[error("{what}: expected {expected}, got {got}")]
    Loader {
        /// The name of the quantity.
        what: &'static str,
        /// The valid range.
        expected: &'static str,
        /// The value.
        got: usize,
    },
    /// A file system operation failed.
    #[error("{place}: cannot {what}: {source}", place = .place.display())]
    Io {
        /// The file or folder.
        place: PathBuf,
        /// The operation that failed.
        what: &'static str,
        /// The error of the operating system.
        source: std::io::Error,
    },
}

/// A photo that cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadImage {
    /// The path of the photo, relative to the folder of the data set.
    #[serde(serialize_with = "crate::names::serialize")]
    pub path: PathBuf,
    /// The problem of the file.
    pub why: String,
}

impl DataError {
    pub(crate) fn idx(place: &Path, problem: IdxError) -> Self {
        Self::Idx { place: place.to_path_buf(), problem }
    }

    pub(crate) fn io(place: &Path, what: &'static str, source: std::io::Error) -> Self {
        Self::Io { place: place.to_path_buf(), what, source }
    }
}

fn product(shape: &[usize; 4]) -> String {
    match shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size)) {
        Some(0) => "at least one row, one column and one channel".into(),
        Some(count) => format!("{count} values"),
        None => "more values than can be addressed".into(),
    }
}

/// The names in one line, or the first of them.
fn first(names: &[String]) -> String {
    const SHOWN: usize = 20;
    let shown = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN { format!("{shown} and {} more", names.len() - SHOWN) } else { shown }
}

fn lying(images: usize) -> String {
    match images {
        0 => "and no images".into(),
        1 => "but 1 image that belongs to no class".into(),
        n => format!("but {n} images that belong to no class"),
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn list(places: &[PathBuf]) -> String {
    if places.is_empty() {
        return " no folder, as none of STRIATE_DATA, STRIATE_CACHE and HOME is set".into();
    }
    places.iter().map(|place| format!("\n    {}", place.display())).collect()
}

fn list_tries(tries: &[(String, String)]) -> String {
    tries.iter().map(|(url, why)| format!("\n    {url}: {why}")).collect()
}

fn list_bad(bad: &[BadImage]) -> String {
    bad.iter().map(|bad| format!("\n    {}: {}", path_text(&bad.path), bad.why)).collect()
}
