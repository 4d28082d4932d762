//! A labelled image set in memory.

use sha2::{Digest, Sha256};

use crate::error::DataError;

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

    /// How many images each class has; labels past `classes` are not counted.
    pub fn class_counts(&self, classes: usize) -> Vec<usize> {
        let mut counts = vec![0; classes];
        for &label in &self.labels {
            if let Some(count) = counts.get_mut(usize::from(label)) {
                *count += 1;
            }
        }
        counts
    }

    fn hash_into(&self, hasher: &mut Sha256) {
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
    pub train: Images,
    /// What is kept apart to measure.
    pub test: Images,
    /// Class names; a label is an index into them.
    pub classes: Vec<String>,
    /// SHA-256 of the content, in hex, see [`content_sha256`].
    pub sha256: String,
}

impl Dataset {
    /// Puts a data set together and hashes its content.
    ///
    /// # Errors
    /// [`DataError::SplitShapes`] when the splits have images of different shapes, and
    /// [`DataError::Label`] when a label is past the classes.
    pub fn new(name: &str, train: Images, test: Images, classes: Vec<String>) -> Result<Self, DataError> {
        if train.shape() != test.shape() {
            return Err(DataError::SplitShapes { train: train.shape(), test: test.shape() });
        }
        for (split, images) in [("train", &train), ("test", &test)] {
            if let Some(index) = images.labels.iter().position(|&label| usize::from(label) >= classes.len()) {
                let (label, classes) = (images.labels[index], classes.len());
                return Err(DataError::Label { split, index, label, classes });
            }
        }
        let sha256 = content_sha256(&train, &test);
        Ok(Self { name: name.to_string(), train, test, classes, sha256 })
    }
}

/// The SHA-256 that names the content of a data set, in hex.
///
/// Hashed are, for the training split and then for the test split: N, C, H, W as little-endian `u64`, the
/// pixels `[N, C, H, W]`, the labels `[N]`. Names of classes and the way the files were packed do not count.
pub fn content_sha256(train: &Images, test: &Images) -> String {
    let mut hasher = Sha256::new();
    train.hash_into(&mut hasher);
    test.hash_into(&mut hasher);
    hex(&hasher.finalize())
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|&b| [b >> 4, b & 15]).map(|d| char::from(DIGITS[usize::from(d)])).collect()
}
