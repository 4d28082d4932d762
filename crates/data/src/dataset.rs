//! A data set: images for training and for evaluation, and the hash of their content.

use sha2::{Digest, Sha256};

pub use crate::images::Images;

use crate::error::DataError;
use crate::split::Split;
use striate_base::hex;

/// A training and a test split with the names of their classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// `digits`, `mnist`, `fashion-mnist`, or the name of the folder that the images come from.
    pub name: String,
    /// The training split.
    pub train: Split,
    /// The split that selects the best epoch, if the data set has one besides `test`.
    pub val: Option<Split>,
    /// The split for evaluation.
    pub test: Split,
    /// Whether `test` was drawn from the training images, since the folder has no split for evaluation.
    pub is_drawn: bool,
    /// The names of the classes; a label is an index into them.
    pub classes: Vec<String>,
    /// The SHA-256 of the content in hexadecimal, see [`content_sha256`].
    pub sha256: String,
}

impl Dataset {
    /// Creates a data set and hashes its content.
    ///
    /// # Errors
    /// [`DataError::SplitShapes`] when both splits hold images of one size each, but of different sizes; [`DataError::Label`]
    /// when a label is not below the number of classes.
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

    /// Adds a validation split, which changes the hash.
    #[must_use]
    pub fn with_val(self, val: Split) -> Self {
        let sha256 = content_sha256(&self.train, Some(&val), &self.test);
        Self { val: Some(val), sha256, ..self }
    }
}

/// Computes the SHA-256, in hexadecimal, that identifies the content of a data set.
///
/// The hash covers the training split, then the test split, then the validation split if there is one. For images of one size,
/// these are N, C, H, W as little-endian `u64`, the pixels `[N, C, H, W]` and the labels `[N]`; for photos, N as `u64`, then
/// for each photo the SHA-256 of its file and its label as `u32`. Names, and the way in which the files were packed, have no
/// influence.
pub fn content_sha256(train: &Split, val: Option<&Split>, test: &Split) -> String {
    let mut hasher = Sha256::new();
    train.hash_into(&mut hasher);
    test.hash_into(&mut hasher);
    if let Some(val) = val {
        val.hash_into(&mut hasher);
    }
    hex(&hasher.finalize())
}
