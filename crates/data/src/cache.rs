//! Decoded pixels on disk, keyed by content, so that a photo is decoded once instead of once per epoch.
//!
//! A photo is kept in a [`Form`]: either as the network takes it, or, for random crops, with its shorter side reduced. Photos
//! are brought into this form with and without a cache, so results do not depend on it. An entry is
//!
//! ```text
//! "STRPIX01"  CRC-32 of what follows  width  height  channels  pixels [H, W, C]       (numbers: u32, little-endian)
//! ```
//!
//! in a file named after the SHA-256 of the photo's file and of the form. It is written atomically, by renaming; a damaged
//! entry counts as missing. A full disk only costs time, and the folder can be deleted at any time.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Crc;
use sha2::{Digest, Sha256};

use striate_base::hex;
use striate_image::Image;
use striate_image::Interpolation;
use striate_image::Preprocess;
use striate_image::resize;

const MAGIC: &[u8; 8] = b"STRPIX01";
const HEADER_BYTES: usize = 24;
/// Where that begins of which there is a checksum.
const CRC_COVERS: usize = 12;
/// What the photos of one data set may take in one form: 10,000 photos for crops of 224 pixels.
const MAX_BYTES: u64 = 8 << 30;
/// The key of the note that a photo can be decoded.
const SOUND: &str = "sound 1";

/// In what form a photo is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form<'a> {
    /// As the network takes it, before it is normalized.
    Sized(&'a Preprocess),
    /// Of any size, but with the shorter side no longer than `shorter`, for crops to be cut out.
    Reduced { preprocess: &'a Preprocess, shorter: usize },
}

impl Form<'_> {
    /// Everything that decides the pixels.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Sized(p) => format!(
                "sized {:?} {:?} {:?} {:?}",
                p.shape(),
                p.resize_shorter,
                p.interpolation,
                p.background
            ),
            Self::Reduced { preprocess: p, shorter } => {
                format!("reduced {} {shorter} {:?} {:?}", p.channels, p.interpolation, p.background)
            }
        }
    }

    pub(crate) fn background(&self) -> [u8; 3] {
        match self {
            Self::Sized(preprocess) | Self::Reduced { preprocess, .. } => preprocess.background,
        }
    }

    /// The image in this form.
    pub(crate) fn of(&self, image: Image) -> Image {
        match self {
            Self::Sized(preprocess) => preprocess.sized(&image),
            Self::Reduced { preprocess, shorter } => {
                let filter: Interpolation = preprocess.interpolation;
                resize::reduce(preprocess.colored(&image).into_owned(), *shorter, filter)
            }
        }
    }
}

/// A folder of decoded pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf() }
    }

    /// The entry of this photo in this form, if it is there and whole.
    pub(crate) fn read(&self, sha256: &[u8; 32], key: &str) -> Option<Image> {
        let mut bytes = fs::read(self.place(sha256, key)).ok()?;
        let (header, pixels) = bytes.split_at_checked(HEADER_BYTES)?;
        let (magic, numbers) = header.split_first_chunk()?;
        let &[crc, width, height, channels] = numbers.as_chunks().0 else { return None };
        let [crc, width, height, channels] = [crc, width, height, channels].map(u32::from_le_bytes);
        let (width, height, channels) = (width as usize, height as usize, channels as usize);
        let is_whole = magic == MAGIC
            && matches!(channels, 1 | 3)
            && width > 0
            && width.checked_mul(height)?.checked_mul(channels)? == pixels.len()
            && bytes.get(CRC_COVERS..).is_some_and(|covered| checksum(covered) == crc);
        is_whole.then(|| {
            bytes.drain(..HEADER_BYTES);
            Image { width, height, channels, pixels: bytes }
        })
    }

    /// True when photo number `i` of a data set may be kept: as if all before it were as large, they stay below 8 GiB. Those
    /// past it are decoded each time, which no result depends on.
    pub(crate) fn has_room(i: usize, image: &Image) -> bool {
        (i as u64 + 1).saturating_mul(image.pixels.len() as u64) <= MAX_BYTES
    }

    /// Keeps an image. Failing is no error: it will be decoded again.
    pub(crate) fn write(&self, sha256: &[u8; 32], key: &str, image: &Image) {
        let place = self.place(sha256, key);
        let Some(folder) = place.parent() else { return };
        let sizes = [image.width, image.height, image.channels].map(|size| (size as u32).to_le_bytes());
        let mut crc = Crc::new();
        sizes.iter().for_each(|size| crc.update(size));
        crc.update(&image.pixels);
        let header = [&MAGIC[..], &crc.sum().to_le_bytes(), &sizes.concat()].concat();
        let write = || -> std::io::Result<()> {
            fs::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(&header)?;
            file.write_all(&image.pixels)?;
            file.persist(&place)?;
            Ok(())
        };
        let _ = write();
    }

    /// True when this photo was decoded before, whatever became of its pixels.
    pub(crate) fn is_sound(&self, sha256: &[u8; 32]) -> bool {
        self.place(sha256, SOUND).is_file()
    }

    /// Notes that a photo can be decoded: a file without content. Failing is no error.
    pub(crate) fn note_sound(&self, sha256: &[u8; 32]) {
        let place = self.place(sha256, SOUND);
        let _ = place.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(place, []));
    }

    /// The first byte of the hash is a folder of its own: no folder becomes too long to list.
    fn place(&self, sha256: &[u8; 32], key: &str) -> PathBuf {
        let (photo, form) = (hex(sha256), hex(&Sha256::digest(key)));
        self.folder.join(format!("{photo:.2}")).join(format!("{photo}-{form:.16}"))
    }
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA256: [u8; 32] = [7; 32];

    fn image() -> Image {
        Image { width: 3, height: 2, channels: 3, pixels: (0..18).collect() }
    }

    #[test]
    fn what_is_kept_is_found_by_content_and_form() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(&folder.path().join("pixels"));
        assert_eq!(cache.read(&SHA256, "form"), None);
        cache.write(&SHA256, "form", &image());
        assert_eq!(cache.read(&SHA256, "form"), Some(image()));
        assert_eq!(cache.read(&SHA256, "other form"), None);
        assert_eq!(cache.read(&[8; 32], "form"), None);
    }

    #[test]
    fn every_damage_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path());
        cache.write(&SHA256, "form", &image());
        let place = cache.place(&SHA256, "form");
        let whole = fs::read(&place).unwrap();
        for i in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[i] ^= 0x10;
            fs::write(&place, &bytes).unwrap();
            assert_eq!(cache.read(&SHA256, "form"), None, "byte {i} is another");
            fs::write(&place, &whole[..i]).unwrap();
            assert_eq!(cache.read(&SHA256, "form"), None, "cut at {i}");
        }
    }

    #[test]
    fn a_large_data_set_does_not_fill_the_disk() {
        let large = Image { width: 1 << 10, height: 1 << 10, channels: 1, pixels: vec![0; 1 << 20] };
        assert!(Cache::has_room(8191, &large));
        assert!(!Cache::has_room(8192, &large), "8 GiB are 8192 of 1 MiB");
        assert!(Cache::has_room(1_000_000, &image()));
    }

    #[test]
    fn a_place_that_cannot_be_written_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "in the way").unwrap();
        let cache = Cache::new(&file);
        cache.write(&SHA256, "form", &image());
        assert_eq!(cache.read(&SHA256, "form"), None);
    }

    #[test]
    fn forms_that_differ_have_keys_that_differ() {
        let base = Preprocess::imagenet(32).unwrap();
        let changes: [fn(Preprocess) -> Preprocess; 4] = [
            |mut p: Preprocess| {
                p.interpolation = Interpolation::Bicubic;
                p
            },
            |mut p: Preprocess| {
                p.background = [0; 3];
                p
            },
            |mut p: Preprocess| {
                p.resize_shorter = Some(32);
                p
            },
            |mut p: Preprocess| {
                p.resize_shorter = None;
                p
            },
        ];
        for change in changes {
            assert_ne!(Form::Sized(&base).key(), Form::Sized(&change(base.clone())).key());
        }
        let reduced = |shorter| Form::Reduced { preprocess: &base, shorter }.key();
        assert_ne!(reduced(64), reduced(65));
        let mut other = base.clone();
        other.mean = vec![0.0; 3];
        assert_eq!(Form::Sized(&base).key(), Form::Sized(&other).key(), "normalized afterwards");
    }
}
