//! Labelled images: those of one size in memory, and what a data set is.

use sha2::{Digest, Sha256};

use crate::error::DataError;
use crate::picture::Picture;
use crate::split::Split;

/// Images of one size with a label each.
///
/// # Shapes
/// `pixels` is `[N, C, H, W]` (planar, row by row, 0 to 255); `labels` is `[N]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    /// Colour planes: 1 for grey, 3 for RGB.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// The values, `[N, C, H, W]`.
    pub pixels: Vec<u8>,
    /// The class of each image.
    pub labels: Vec<u8>,
}

impl Images {
    /// Images of these values, whose number has to fit the sizes and the labels.
    ///
    /// # Errors
    /// [`DataError::ImageCount`] when it does not, or when a size is zero.
    pub fn new(
        [channels, height, width]: [usize; 3],
        pixels: Vec<u8>,
        labels: Vec<u8>,
    ) -> Result<Self, DataError> {
        let expected = channels.checked_mul(height).and_then(|p| p.checked_mul(width)).unwrap_or(0);
        if expected == 0 || expected.checked_mul(labels.len()) != Some(pixels.len()) {
            let got = [labels.len(), channels, height, width];
            return Err(DataError::ImageCount { shape: got, pixels: pixels.len() });
        }
        Ok(Self { channels, height, width, pixels, labels })
    }

    /// Number of images, N.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// True when there is no image.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// `[C, H, W]`.
    pub fn shape(&self) -> [usize; 3] {
        [self.channels, self.height, self.width]
    }

    /// Values in one image, `C * H * W`.
    pub fn sample_len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// The values of image `i`, `[C, H, W]`.
    ///
    /// # Panics
    /// When `i` is not below [`len`](Self::len).
    pub fn sample(&self, i: usize) -> &[u8] {
        let sample_len = self.sample_len();
        &self.pixels[i * sample_len..(i + 1) * sample_len]
    }

    /// Image `i` as a picture.
    ///
    /// # Panics
    /// When `i` is not below [`len`](Self::len).
    pub fn picture(&self, i: usize) -> Picture {
        let (planar, plane) = (self.sample(i), self.height * self.width);
        let channels = self.channels;
        let pixels = (0..plane).flat_map(|p| (0..channels).map(move |c| planar[c * plane + p])).collect();
        Picture { width: self.width, height: self.height, channels, pixels }
    }

    pub(crate) fn hash_into(&self, hasher: &mut Sha256) {
        for size in [self.len(), self.channels, self.height, self.width] {
            hasher.update((size as u64).to_le_bytes());
        }
        hasher.update(&self.pixels);
        hasher.update(&self.labels);
    }
}

/// A training and a test split with the names of their classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// `digits`, `mnist`, `fashion-mnist`, or the name of the folder it came from.
    pub name: String,
    /// What is learned from.
    pub train: Split,
    /// What the best epoch is chosen by, where the data set has such a part of its own beside `test`.
    pub val: Option<Split>,
    /// What is kept apart to measure.
    pub test: Split,
    /// `test` was drawn from the pictures of a folder that has no part of its own to measure by.
    pub is_drawn: bool,
    /// Class names; a label is an index into them.
    pub classes: Vec<String>,
    /// SHA-256 of the content, in hex, see [`content_sha256`].
    pub sha256: String,
}

impl Dataset {
    /// Puts a data set together and hashes its content.
    ///
    /// # Errors
    /// [`DataError::SplitShapes`] when both splits are images of one size each, but not of the same, and
    /// [`DataError::Label`] when a label is past the classes.
    pub fn new(
        name: &str,
        train: impl Into<Split>,
        test: impl Into<Split>,
        classes: Vec<String>,
    ) -> Result<Self, DataError> {
        let (train, test) = (train.into(), test.into());
        if let (Some(train), Some(test)) = (train.fixed_shape(), test.fixed_shape())
            && train != test
        {
            return Err(DataError::SplitShapes { train, test });
        }
        for (split, images) in [("train", &train), ("test", &test)] {
            if let Some(index) = images.labels().position(|label| label as usize >= classes.len()) {
                let (label, classes) = (images.label(index), classes.len());
                return Err(DataError::Label { split, index, label, classes });
            }
        }
        let sha256 = content_sha256(&train, None, &test);
        Ok(Self { name: name.to_string(), train, val: None, test, is_drawn: false, classes, sha256 })
    }

    /// The same with a validation part, which counts for the hash.
    #[must_use]
    pub fn with_val(self, val: Split) -> Self {
        let sha256 = content_sha256(&self.train, Some(&val), &self.test);
        Self { val: Some(val), sha256, ..self }
    }
}

/// The SHA-256 that names the content of a data set, in hex.
///
/// Hashed are, for the training split, then for the test split, then for the validation split if there is one: of images of one size N, C, H, W as little-endian
/// `u64`, the pixels `[N, C, H, W]`, the labels `[N]`; of photos N as `u64`, then for each the SHA-256 of its file and its
/// label as `u32`. Names and the way the files were packed do not count.
pub fn content_sha256(train: &Split, val: Option<&Split>, test: &Split) -> String {
    let mut hasher = Sha256::new();
    train.hash_into(&mut hasher);
    test.hash_into(&mut hasher);
    if let Some(val) = val {
        val.hash_into(&mut hasher);
    }
    hex(&hasher.finalize())
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|&b| [b >> 4, b & 15]).map(|d| char::from(DIGITS[usize::from(d)])).collect()
}
