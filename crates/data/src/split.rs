//! One split of a data set: images of one size in memory, or photos decoded on demand.

use sha2::{Digest, Sha256};

use crate::error::DataError;
use crate::images::Images;
use crate::names::path_text;
use crate::photos::Photos;
use striate_image::Image;

/// Labeled images for training or for evaluation.
///
/// # Example
/// ```
/// use striate_data::{Images, Split};
///
/// let split = Split::from(Images::new([1, 1, 2], vec![0, 255, 255, 0], vec![1, 0])?);
/// assert_eq!((split.len(), split.label(0), split.fixed_shape()), (2, 1, Some([1, 1, 2])));
/// assert_eq!(split.image(1)?.pixels, [255, 0]);
/// # Ok::<(), striate_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Split {
    /// Images of one size, in memory.
    Images(Images),
    /// Photos in files, of any size.
    Photos(Photos),
}

impl From<Images> for Split {
    fn from(images: Images) -> Self {
        Self::Images(images)
    }
}

impl From<Photos> for Split {
    fn from(photos: Photos) -> Self {
        Self::Photos(photos)
    }
}

impl Split {
    /// The number of images, N.
    pub fn len(&self) -> usize {
        match self {
            Self::Images(images) => images.len(),
            Self::Photos(photos) => photos.len(),
        }
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends the images of `other`.
    ///
    /// # Errors
    /// [`DataError::SplitShapes`] when both hold images in memory, but of different sizes.
    ///
    /// # Panics
    /// When one holds images in memory and the other photos, which no data set does.
    pub fn and(self, other: Self) -> Result<Self, DataError> {
        match (self, other) {
            (Self::Images(mut images), Self::Images(other)) => {
                if images.shape() != other.shape() {
                    return Err(DataError::SplitShapes { train: images.shape(), test: other.shape() });
                }
                images.pixels.extend(other.pixels);
                images.labels.extend(other.labels);
                Ok(Self::Images(images))
            }
            (Self::Photos(photos), Self::Photos(other)) => {
                let files = [photos.files(), other.files()].concat();
                Ok(Self::Photos(photos.with_files(files)))
            }
            _ => panic!("a data set is in memory or in files, not both"),
        }
    }

    /// Returns the class of image `i`.
    ///
    /// # Panics
    /// When `i` is not below [`len`](Self::len).
    pub fn label(&self, i: usize) -> u32 {
        match self {
            Self::Images(images) => images.labels[i].into(),
            Self::Photos(photos) => photos.files()[i].label,
        }
    }

    /// Iterates over the classes of all images, in order.
    pub fn labels(&self) -> impl ExactSizeIterator<Item = u32> + '_ {
        (0..self.len()).map(|i| self.label(i))
    }

    /// Counts the images of each class; labels that are not below `classes` are ignored.
    pub fn class_counts(&self, classes: usize) -> Vec<usize> {
        let mut counts = vec![0; classes];
        for label in self.labels() {
            if let Some(count) = counts.get_mut(label as usize) {
                *count += 1;
            }
        }
        counts
    }

    /// The shape `[C, H, W]` of every image; `None` for photos, which may have any size.
    pub fn fixed_shape(&self) -> Option<[usize; 3]> {
        self.images().map(Images::shape)
    }

    /// The images in memory; `None` for photos.
    pub fn images(&self) -> Option<&Images> {
        match self {
            Self::Images(images) => Some(images),
            Self::Photos(_) => None,
        }
    }

    /// The photos; `None` for images in memory.
    pub fn photos(&self) -> Option<&Photos> {
        match self {
            Self::Images(_) => None,
            Self::Photos(photos) => Some(photos),
        }
    }

    /// Returns the name of image `i`: the path of a photo relative to the folder of its data set, or `image 17`.
    ///
    /// # Panics
    /// When `i` is not below [`len`](Self::len).
    pub fn name(&self, i: usize) -> String {
        match self {
            Self::Images(images) => {
                assert!(i < images.len(), "image {i} of {}", images.len());
                format!("image {i}")
            }
            Self::Photos(photos) => path_text(&photos.files()[i].path),
        }
    }

    /// Returns the decoded pixels of image `i`, without preprocessing.
    ///
    /// # Errors
    /// [`DataError::Input`] or [`DataError::Changed`] when the file of a photo can no longer be used.
    ///
    /// # Panics
    /// When `i` is not below [`len`](Self::len).
    pub fn image(&self, i: usize) -> Result<Image, DataError> {
        match self {
            Self::Images(images) => Ok(images.image(i)),
            Self::Photos(photos) => photos.image(i),
        }
    }

    /// Computes the SHA-256 of image `i`: of the file of a photo, or of the shape and pixels of an image in memory.
    ///
    /// # Panics
    /// When `i` is not below [`len`](Self::len).
    pub fn sha256(&self, i: usize) -> [u8; 32] {
        match self {
            Self::Images(images) => {
                let mut hasher = Sha256::new();
                images.shape().iter().for_each(|&size| hasher.update((size as u64).to_le_bytes()));
                hasher.update(images.sample(i));
                hasher.finalize().into()
            }
            Self::Photos(photos) => photos.files()[i].sha256,
        }
    }

    pub(crate) fn hash_into(&self, hasher: &mut Sha256) {
        match self {
            Self::Images(images) => images.hash_into(hasher),
            Self::Photos(photos) => photos.hash_into(hasher),
        }
    }
}
