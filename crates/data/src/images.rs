//! Labeled images of one size in memory.

use sha2::{Digest, Sha256};

use crate::error::DataError;
use striate_image::Image;

/// Labeled images of one size in memory.
///
/// # Shapes
/// `pixels` is `[N, C, H, W]` (planar, row by row, 0 to 255); `labels` is `[N]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    /// The number of color planes: 1 for gray, 3 for RGB.
    pub channels: usize,
    /// The number of rows of an image.
    pub height: usize,
    /// The number of columns of an image.
    pub width: usize,
    /// The values, `[N, C, H, W]`.
    pub pixels: Vec<u8>,
    /// The class of each image, `[N]`.
    pub labels: Vec<u8>,
}

impl Images {
    /// Creates images of shape `[C, H, W]` from their values and labels.
    ///
    /// # Errors
    /// [`DataError::ImageCount`] when the number of values does not match the shape and the labels, or when a size is 0.
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

    /// The number of images, N.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The shape `[C, H, W]` of every image.
    pub fn shape(&self) -> [usize; 3] {
        [self.channels, self.height, self.width]
    }

    /// The number of values in one image, `C * H * W`.
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

    /// Copies image `i` into an [`Image`].
    ///
    /// # Panics
    /// When `i` is not below [`len`](Self::len).
    pub fn image(&self, i: usize) -> Image {
        let (planar, plane) = (self.sample(i), self.height * self.width);
        let channels = self.channels;
        let pixels = (0..plane).flat_map(|p| (0..channels).map(move |c| planar[c * plane + p])).collect();
        Image { width: self.width, height: self.height, channels, pixels }
    }

    pub(crate) fn hash_into(&self, hasher: &mut Sha256) {
        for size in [self.len(), self.channels, self.height, self.width] {
            hasher.update((size as u64).to_le_bytes());
        }
        hasher.update(&self.pixels);
        hasher.update(&self.labels);
    }
}
