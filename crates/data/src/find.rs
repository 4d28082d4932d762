//! Finds a data set by its name or folder, and loads it into memory.
//!
//! A known name is searched for in `$STRIATE_DATA/NAME`, in `$STRIATE_DATA` itself if that folder is called NAME, in the
//! folders where PyTorch and Debian store it, and in the cache that `striate data fetch` fills. Anything else is a folder of
//! four idx files or of images. A name takes precedence over a folder of the same name; write `./mnist` for the folder.

use std::env;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::classes::Classes;
use crate::dataset::Dataset;
use crate::error::DataError;
use crate::idx::{self, LABELS_MAGIC};
use crate::images::Images;
use crate::layout::Layout;
use crate::registry::{self, FILE_NAMES, KNOWN, Known};
use crate::splits::Splits;
use striate_base::hex;

/// The folders of this machine in which data sets are searched for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// The user's folder of data sets, `$STRIATE_DATA`.
    pub data: Option<PathBuf>,
    /// The folder of downloads, with one folder per data set: `$STRIATE_CACHE/datasets`, or `striate/datasets` in the user's
    /// cache folder.
    pub cache: Option<PathBuf>,
}

impl Places {
    /// Returns the folders that the environment variables determine.
    pub fn from_env() -> Self {
        let folder = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let user_cache = || {
            let xdg = folder("XDG_CACHE_HOME").filter(|path| path.is_absolute());
            let cache =
                xdg.or_else(|| folder("LOCALAPPDATA")).or_else(|| Some(folder("HOME")?.join(".cache")));
            Some(cache?.join("striate"))
        };
        let cache = folder("STRIATE_CACHE").or_else(user_cache).map(|cache| cache.join("datasets"));
        Self { data: folder("STRIATE_DATA"), cache }
    }

    /// Returns the folder for decoded photos: `pixels` beside the downloads.
    pub fn pixels(&self) -> Option<PathBuf> {
        self.beside("pixels")
    }

    /// Returns the folder of this name beside the downloads, for files that can be created or downloaded again.
    pub fn beside(&self, name: &str) -> Option<PathBuf> {
        Some(self.cache.as_ref()?.parent()?.join(name))
    }

    /// Returns the folder for the downloads of this data set.
    ///
    /// # Errors
    /// [`DataError::NoCache`] when the environment determines no cache folder.
    pub fn cache_of(&self, known: &Known) -> Result<PathBuf, DataError> {
        Ok(self.cache.as_ref().ok_or(DataError::NoCache)?.join(known.name))
    }

    /// Returns every folder in which this data set is searched for, in order.
    pub fn candidates(&self, known: &Known) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        if let Some(data) = &self.data {
            folders.push(data.join(known.name));
            if data.file_name().is_some_and(|name| name == known.name) {
                folders.push(data.clone());
            }
        }
        for &path in known.also_in {
            match &self.data {
                _ if Path::new(path).has_root() => folders.push(path.into()),
                Some(data) => folders.push(data.join(path)),
                None => {}
            }
        }
        folders.extend(self.cache.as_ref().map(|cache| cache.join(known.name)));
        folders
    }
}

/// The place where a data set was found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Found {
    /// The data set is embedded in this program.
    Embedded(&'static Known),
    /// The data set is a folder of idx files.
    Folder {
        /// The known data set by whose name it was found; `None` for a folder that the user named.
        known: Option<&'static Known>,
        /// The folder.
        folder: PathBuf,
        /// The paths of the training images and labels and of the test images and labels.
        files: [PathBuf; 4],
    },
    /// The data set is a folder of images, see [`folder`](crate::folder).
    Images {
        /// The folder of the data set.
        folder: PathBuf,
    },
}

/// Finds a data set by name or folder, in the folders that the environment variables determine.
///
/// # Errors
/// [`DataError::NotFound`] with every folder that was searched, [`DataError::UnknownName`] with the most similar name,
/// [`DataError::FolderIncomplete`] with the missing files.
pub fn find(name_or_dir: &str) -> Result<Found, DataError> {
    find_in(&Places::from_env(), name_or_dir)
}

/// Finds a data set like [`find`], in the given folders.
///
/// # Errors
/// Those of [`find`].
pub fn find_in(places: &Places, name_or_dir: &str) -> Result<Found, DataError> {
    let Some(known) = Known::get(name_or_dir) else {
        let folder = Path::new(name_or_dir);
        if folder.is_dir() {
            return match files_in(folder) {
                Ok(files) => Ok(Found::Folder { known: None, folder: folder.into(), files }),
                // A part of four idx files is a mistake; without any, folders in the folder are classes.
                Err(DataError::FolderIncomplete { missing, .. })
                    if missing.len() == FILE_NAMES.len() && crate::layout::is_likely(folder) =>
                {
                    Ok(Found::Images { folder: folder.into() })
                }
                Err(DataError::FolderIncomplete { missing, .. }) if missing.len() == FILE_NAMES.len() => {
                    Err(crate::folder::without_classes(folder))
                }
                Err(error) => Err(error),
            };
        }
        let nearest = registry::nearest(name_or_dir);
        return Err(DataError::UnknownName { name: name_or_dir.to_string(), nearest });
    };
    let Some(files) = known.files else { return Ok(Found::Embedded(known)) };
    let looked = places.candidates(known);
    for folder in &looked {
        if let Ok(files) = files_in(folder) {
            return Ok(Found::Folder { known: Some(known), folder: folder.clone(), files });
        }
    }
    let put = places.cache_of(known).unwrap_or_else(|_| Path::new("a folder").into());
    let (bytes, files) = (known.download_bytes(), files.map(|file| file.name).to_vec());
    Err(DataError::NotFound { name: known.name, looked, bytes, put, files })
}

/// Loads a data set for training, by name or folder, from the folders that the environment variables determine. It is split as
/// in [`Splits::to_learn`].
///
/// # Errors
/// Those of [`find`] and [`Splits::to_learn`], and any defect of the files.
///
/// # Example
/// ```
/// let digits = striate_data::load("digits")?;
/// assert_eq!(digits.classes.len(), 10);
/// let error = striate_data::load("mnits").unwrap_err();
/// assert!(error.to_string().contains("did you mean mnist?"));
/// # Ok::<(), striate_data::DataError>(())
/// ```
pub fn load(name_or_dir: &str) -> Result<Dataset, DataError> {
    load_in(&Places::from_env(), name_or_dir)
}

/// Loads a data set like [`load`], from the given folders.
///
/// # Errors
/// Those of [`load`].
pub fn load_in(places: &Places, name_or_dir: &str) -> Result<Dataset, DataError> {
    Splits::open_in(places, name_or_dir, None)?.to_learn()
}

impl Splits {
    /// Opens a data set by name or folder, in the folders that the environment variables determine. `layout` says how a folder
    /// of images is interpreted where it is ambiguous.
    ///
    /// # Errors
    /// Those of [`find`](crate::find()), any defect of the files, and [`DataError::Layout`].
    pub fn open(name_or_dir: &str, layout: Option<Layout>) -> Result<Self, DataError> {
        Self::open_in(&Places::from_env(), name_or_dir, layout)
    }

    /// Opens a data set like [`open`](Self::open), in the given folders.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub fn open_in(places: &Places, name_or_dir: &str, layout: Option<Layout>) -> Result<Self, DataError> {
        let data = match find_in(places, name_or_dir)? {
            #[cfg(feature = "digits")]
            Found::Embedded(_) => crate::digits::load()?,
            #[cfg(not(feature = "digits"))]
            Found::Embedded(known) => {
                let name = format!("{} (built without it)", known.name);
                return Err(DataError::UnknownName { name, nearest: None });
            }
            Found::Folder { known, folder, files } => load_folder(known, &folder, &files)?,
            Found::Images { folder } => {
                return crate::folder::open(&folder, layout, places.pixels().as_deref());
            }
        };
        Ok(Splits::of(data))
    }
}

/// The four idx files of a folder, each raw or .gz and with either spelling.
fn files_in(folder: &Path) -> Result<[PathBuf; 4], DataError> {
    let paths = FILE_NAMES.map(|name| {
        let dotted = name.replacen("-idx", ".idx", 1);
        [name.to_string(), dotted.clone(), format!("{name}.gz"), format!("{dotted}.gz")]
            .into_iter()
            .map(|spelling| folder.join(spelling))
            .find(|path| path.is_file())
    });
    let missing: Vec<_> = FILE_NAMES.iter().zip(&paths).filter(|(_, path)| path.is_none()).collect();
    if !missing.is_empty() {
        let missing = missing.into_iter().map(|(&name, _)| name).collect();
        return Err(DataError::FolderIncomplete { folder: folder.into(), missing, files: FILE_NAMES.into() });
    }
    Ok(paths.map(|path| path.expect("every file was found, or the error above was returned")))
}

fn load_folder(
    known: Option<&'static Known>,
    folder: &Path,
    files: &[PathBuf; 4],
) -> Result<Dataset, DataError> {
    let [train_images, train_labels, test_images, test_labels] = files;
    // A label file is small and tells a copy of a known set from a set of the user's.
    let labels = idx::open_labels(train_labels, 256)?;
    let known = known.or_else(|| recognize(&labels));
    let classes = match known {
        Some(known) => Classes::from_zero(known.class_names()),
        None => Classes::of(folder, &labels)?,
    };
    let train = split(train_images, train_labels, labels, &classes)?;
    let test = split(test_images, test_labels, idx::open_labels(test_labels, 256)?, &classes)?;
    let folder_name =
        || folder.canonicalize().ok()?.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = known.map(|known| known.name.to_string()).or_else(folder_name);
    Dataset::new(&name.unwrap_or_else(|| "folder".into()), train, test, classes.names)
}

/// The known data set whose training labels these are.
fn recognize(labels: &[u8]) -> Option<&'static Known> {
    let mut hasher = Sha256::new();
    hasher.update(LABELS_MAGIC.to_be_bytes());
    hasher.update(u32::try_from(labels.len()).ok()?.to_be_bytes());
    hasher.update(labels);
    let sha256 = hex(&hasher.finalize());
    KNOWN.iter().find(|known| known.files.is_some_and(|files| files[1].raw_sha256 == sha256))
}

fn split(
    images_path: &Path,
    labels_path: &Path,
    labels: Vec<u8>,
    classes: &Classes,
) -> Result<Images, DataError> {
    let labels = classes.index(labels).map_err(|problem| DataError::idx(labels_path, problem))?;
    let images = idx::open_images(images_path)?;
    if images.count != labels.len() {
        return Err(DataError::CountsDiffer {
            images: images_path.into(),
            labels: labels_path.into(),
            image_count: images.count,
            label_count: labels.len(),
        });
    }
    Images::new([1, images.height, images.width], images.pixels, labels)
}
