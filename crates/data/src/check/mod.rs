//! The check of a data set: examines every photo and reports problems before training.

mod near;
mod verdict;

pub use verdict::Verdict;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::dataset::Dataset;
use crate::error::BadImage;
use crate::nature::{BLACK, Nature};
use crate::photos::Photos;
use near::Thumb;
use striate_image::{Image, ImageError, WHITE, Wholeness, decode_as, misnamed, read_file};
use striate_kernels::map_on_all_cores;

/// The result of a check of a data set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// The numbers of photos of each class.
    pub classes: Vec<ClassCount>,
    /// The total number of photos.
    pub images: usize,
    /// The total size of their files in bytes.
    pub bytes: u64,
    /// The photos that cannot be decoded.
    pub unreadable: Vec<BadImage>,
    /// Files whose extension is that of another format. They are read nevertheless.
    pub misnamed: Vec<Misnamed>,
    /// Photos with identical pixels.
    pub copies: Vec<Copies>,
    /// Photos that differ only in size or compression: probable, not certain, copies.
    pub near_copies: Vec<Copies>,
    /// Photos that are nearly black, such as images of 10 to 14 bits stored in files of 16 bits.
    pub dark: Vec<Dark>,
    /// Classes without training images.
    pub empty: Vec<String>,
    /// The kind of the images; `None` when none can be read.
    pub nature: Option<Nature>,
    /// The smallest, the median and the largest image by number of pixels, as `[width, height]`; `None` when none can be read.
    pub sizes_px: Option<[[usize; 2]; 3]>,
    /// The number of training photos of the largest class divided by that of the smallest nonempty class.
    pub imbalance: f64,
}

/// The numbers of photos of a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClassCount {
    /// The name of the class.
    pub class: String,
    /// The number of training images.
    pub train: usize,
    /// The number of images for evaluation.
    pub val: usize,
}

/// A photo that is nearly black.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dark {
    /// The path of the photo, relative to the folder of the data set.
    #[serde(serialize_with = "crate::names::serialize")]
    pub path: PathBuf,
    /// The brightest value of the photo, 0 to 255.
    pub brightest: u8,
}

/// A photo whose file extension does not match its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Misnamed {
    /// The path of the photo, relative to the folder of the data set.
    #[serde(serialize_with = "crate::names::serialize")]
    pub path: PathBuf,
    /// The format of the content, such as `png`.
    pub content: &'static str,
}

/// Photos that are copies of each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Copies {
    /// The paths of the photos, relative to the folder of the data set.
    #[serde(serialize_with = "crate::names::serialize_all")]
    pub paths: Vec<PathBuf>,
    /// Whether some are training images and some are for evaluation, so that the accuracy is overestimated.
    pub is_leak: bool,
    /// Whether they have different classes, so that at least one label is wrong.
    pub is_contradiction: bool,
}

/// What one file is.
struct Look {
    path: PathBuf,
    label: u32,
    is_val: bool,
    bytes: u64,
    misnamed: Option<&'static str>,
    pixels: Result<Pixels, ImageError>,
}

/// What is kept of decoded pixels.
struct Pixels {
    size_px: [usize; 2],
    hash: [u8; 32],
    brightest: u8,
    thumb: Thumb,
}

/// Decodes every photo, on all cores. Images in memory are only counted, since they were checked when they were read.
///
/// `progress` is called for every photo that is done, from any thread.
pub fn check(data: &Dataset, progress: &(dyn Fn() + Sync)) -> Check {
    let mut looks = Vec::new();
    let splits = [(Some(&data.train), false), (data.val.as_ref(), true), (Some(&data.test), true)];
    for (split, is_val) in splits.into_iter().filter_map(|(split, is_val)| Some((split?, is_val))) {
        if let Some(photos) = split.photos() {
            looks.extend(map_on_all_cores(photos.len(), |i| {
                let look = look(photos, i, is_val);
                progress();
                look
            }));
        }
    }
    let train = data.train.class_counts(data.classes.len());
    let mut val = data.test.class_counts(data.classes.len());
    if let Some(of_val) = &data.val {
        let counts = of_val.class_counts(data.classes.len());
        val.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    let counts = data.classes.iter().zip(train.iter().zip(&val));
    let bad = |look: &Look| {
        let why = look.pixels.as_ref().err()?.to_string();
        Some(BadImage { path: look.path.clone(), why })
    };
    let mut sizes: Vec<[usize; 2]> =
        looks.iter().filter_map(|look| Some(look.pixels.as_ref().ok()?.size_px)).collect();
    sizes.sort_unstable_by_key(|&[width, height]| (width * height, width));
    let least = train.iter().filter(|&&count| count > 0).min().copied();
    let most = train.iter().max().copied();
    let dark = |look: &Look| {
        let brightest = look.pixels.as_ref().ok()?.brightest;
        (brightest <= BLACK).then(|| Dark { path: look.path.clone(), brightest })
    };
    let empty = data.classes.iter().zip(&train).filter(|&(_, &count)| count == 0);
    Check {
        classes: counts
            .map(|(class, (&train, &val))| ClassCount { class: class.clone(), train, val })
            .collect(),
        images: train.iter().chain(&val).sum(),
        bytes: looks.iter().map(|look| look.bytes).sum(),
        unreadable: looks.iter().filter_map(bad).collect(),
        misnamed: looks
            .iter()
            .filter_map(|look| Some(Misnamed { path: look.path.clone(), content: look.misnamed? }))
            .collect(),
        copies: copies(&looks),
        near_copies: near_copies(&looks),
        dark: looks.iter().filter_map(dark).collect(),
        empty: empty.map(|(class, _)| class.clone()).collect(),
        nature: Nature::of(data),
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
    let pixels = decode_as(&bytes, WHITE, Wholeness::Check).map(|image| Pixels {
        size_px: [image.width, image.height],
        hash: hash(&image),
        brightest: image.pixels.iter().copied().max().unwrap_or(0),
        thumb: Thumb::of(&image),
    });
    Look { path, label, is_val, bytes: bytes.len() as u64, misnamed, pixels }
}

fn hash(image: &Image) -> [u8; 32] {
    let mut hasher = Sha256::new();
    [image.width, image.height, image.channels]
        .iter()
        .for_each(|&size| hasher.update((size as u64).to_le_bytes()));
    hasher.update(&image.pixels);
    hasher.finalize().into()
}

fn copies(looks: &[Look]) -> Vec<Copies> {
    let mut groups: BTreeMap<[u8; 32], Vec<&Look>> = BTreeMap::new();
    for look in looks {
        if let Ok(pixels) = &look.pixels {
            groups.entry(pixels.hash).or_default().push(look);
        }
    }
    told(groups.into_values().filter(|group| group.len() > 1))
}

/// Those that are not exact copies all.
fn near_copies(looks: &[Look]) -> Vec<Copies> {
    let known: Vec<(&Look, &Pixels)> =
        looks.iter().filter_map(|look| Some((look, look.pixels.as_ref().ok()?))).collect();
    let thumbs: Vec<&Thumb> = known.iter().map(|(_, pixels)| &pixels.thumb).collect();
    let groups = near::groups(&thumbs).into_iter();
    let groups = groups.filter(|group| group.iter().any(|&i| known[i].1.hash != known[group[0]].1.hash));
    told(groups.map(|group| group.into_iter().map(|i| known[i].0).collect()))
}

fn told<'a>(groups: impl Iterator<Item = Vec<&'a Look>>) -> Vec<Copies> {
    let mut copies: Vec<Copies> = groups
        .map(|group| Copies {
            is_leak: group.iter().any(|look| look.is_val) && group.iter().any(|look| !look.is_val),
            is_contradiction: group.iter().any(|look| look.label != group[0].label),
            paths: group.into_iter().map(|look| look.path.clone()).collect(),
        })
        .collect();
    copies.sort_unstable_by(|a, b| a.paths.cmp(&b.paths));
    copies
}
