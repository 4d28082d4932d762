//! Looks at every photo of a data set, and says what is wrong with it before anything is learned from it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use image::ImageFormat;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::dataset::Dataset;
use crate::parallel;
use crate::photos::Photos;
use crate::picture::{Picture, PictureError, WHITE, decode, read_file};
use crate::verify::BadPicture;

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// How many photos each class has.
    pub classes: Vec<ClassCount>,
    /// Photos in all.
    pub pictures: usize,
    /// Size of their files.
    pub bytes: u64,
    /// Those that cannot be decoded.
    pub unreadable: Vec<BadPicture>,
    /// Those whose name promises another format than they have. They are read nevertheless.
    pub misnamed: Vec<Misnamed>,
    /// Photos with the very same pixels.
    pub copies: Vec<Copies>,
    /// Smallest, median and largest picture by number of pixels, `[width, height]`; none when none can be read.
    pub sizes_px: Option<[[usize; 2]; 3]>,
    /// Training photos of the largest class for each of the smallest.
    pub imbalance: f64,
}

/// How many photos a class has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClassCount {
    /// Its name.
    pub class: String,
    /// To learn from.
    pub train: usize,
    /// To measure by.
    pub val: usize,
}

/// A photo that is called something else than it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Misnamed {
    /// Where it is, below the folder of the data set.
    pub path: PathBuf,
    /// What its content is, such as `png`.
    pub content: &'static str,
}

/// Photos with the very same pixels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Copies {
    /// Where they are, below the folder of the data set.
    pub paths: Vec<PathBuf>,
    /// Some are to learn from and some to measure by: the measure flatters.
    pub is_leak: bool,
    /// They have different classes: at least one of them is wrong.
    pub is_contradiction: bool,
}

impl Check {
    /// True when something is wrong that makes training or its measure wrong: unreadable photos, leaks, contradictions.
    pub fn is_bad(&self) -> bool {
        !self.unreadable.is_empty()
            || self.copies.iter().any(|copies| copies.is_leak || copies.is_contradiction)
    }
}

/// What one file is.
struct Look {
    path: PathBuf,
    label: u32,
    is_val: bool,
    bytes: u64,
    misnamed: Option<&'static str>,
    /// Size and hash of the pixels.
    pixels: Result<([usize; 2], [u8; 32]), PictureError>,
}

/// Decodes every photo, on every core. Images in memory have been checked when they were read: they are only counted.
///
/// `progress` is told of every photo that is done, from any thread.
pub fn check(data: &Dataset, progress: &(dyn Fn() + Sync)) -> Check {
    let mut looks = Vec::new();
    for (split, is_val) in [(&data.train, false), (&data.test, true)] {
        if let Some(photos) = split.photos() {
            looks.extend(parallel::map(photos.len(), |i| {
                let look = look(photos, i, is_val);
                progress();
                look
            }));
        }
    }
    let train = data.train.class_counts(data.classes.len());
    let val = data.test.class_counts(data.classes.len());
    let counts = data.classes.iter().zip(train.iter().zip(&val));
    let bad = |look: &Look| {
        let why = look.pixels.as_ref().err()?.to_string();
        Some(BadPicture { path: look.path.clone(), why })
    };
    let mut sizes: Vec<[usize; 2]> =
        looks.iter().filter_map(|look| look.pixels.as_ref().ok().map(|(size, _)| *size)).collect();
    sizes.sort_unstable_by_key(|&[width, height]| (width * height, width));
    let (most, least) = (train.iter().max().copied(), train.iter().min().copied());
    Check {
        classes: counts
            .map(|(class, (&train, &val))| ClassCount { class: class.clone(), train, val })
            .collect(),
        pictures: data.train.len() + data.test.len(),
        bytes: looks.iter().map(|look| look.bytes).sum(),
        unreadable: looks.iter().filter_map(bad).collect(),
        misnamed: looks
            .iter()
            .filter_map(|look| Some(Misnamed { path: look.path.clone(), content: look.misnamed? }))
            .collect(),
        copies: copies(&looks),
        sizes_px: match sizes[..] {
            [] => None,
            [smallest, ..] => Some([smallest, sizes[sizes.len() / 2], sizes[sizes.len() - 1]]),
        },
        imbalance: most.unwrap_or(0) as f64 / least.unwrap_or(0).max(1) as f64,
    }
}

fn look(photos: &Photos, i: usize, is_val: bool) -> Look {
    let photo = &photos.files()[i];
    let (path, label) = (photo.path.clone(), photo.label);
    let bytes = match read_file(&photos.path(i)) {
        Ok(bytes) => bytes,
        Err(error) => return Look { path, label, is_val, bytes: 0, misnamed: None, pixels: Err(error) },
    };
    let misnamed = misnamed(&path, &bytes);
    let pixels = decode(&bytes, WHITE).map(|picture| ([picture.width, picture.height], hash(&picture)));
    Look { path, label, is_val, bytes: bytes.len() as u64, misnamed, pixels }
}

/// What the content is, when the ending of the name is that of another format.
fn misnamed(path: &Path, bytes: &[u8]) -> Option<&'static str> {
    let content = image::guess_format(bytes).ok()?;
    let named = path.extension().and_then(OsStr::to_str).and_then(ImageFormat::from_extension);
    let is_other = named.is_some_and(|named| named != content);
    is_other.then(|| content.extensions_str().first().copied().unwrap_or("picture"))
}

fn hash(picture: &Picture) -> [u8; 32] {
    let mut hasher = Sha256::new();
    [picture.width, picture.height, picture.channels]
        .iter()
        .for_each(|&size| hasher.update((size as u64).to_le_bytes()));
    hasher.update(&picture.pixels);
    hasher.finalize().into()
}

fn copies(looks: &[Look]) -> Vec<Copies> {
    let mut groups: BTreeMap<[u8; 32], Vec<&Look>> = BTreeMap::new();
    for look in looks {
        if let Ok((_, hash)) = look.pixels {
            groups.entry(hash).or_default().push(look);
        }
    }
    let several = groups.into_values().filter(|group| group.len() > 1);
    let mut copies: Vec<Copies> = several
        .map(|group| Copies {
            is_leak: group.iter().any(|look| look.is_val) && group.iter().any(|look| !look.is_val),
            is_contradiction: group.iter().any(|look| look.label != group[0].label),
            paths: group.into_iter().map(|look| look.path.clone()).collect(),
        })
        .collect();
    copies.sort_unstable_by(|a, b| a.paths.cmp(&b.paths));
    copies
}
