//! What a data set is: images for training and for evaluation, and the hash of their content.

use sha2::{Digest, Sha256};

pub use crate::images::Images;

use crate::error::DataError;
use crate::split::Split;
use striate_base::hex;

/// A training and a test split with the names of their classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// `digits`, `mnist`, `fashion-mnist`, or the name of the folder it came from.
    pub name: String,
    /// The training split.
    pub train: Split,
    /// The split that selects the best epoch, if the data set has one besides `test`.
    pub val: Option<Split>,
    /// The split for evaluation.
    pub test: Split,
    /// `test` was drawn from the images of a folder without an evaluation part.
    pub is_drawn: bool,
    /// Class names; a label is an index into them.
    pub classes: Vec<String>,
    /// SHA-256 of the content, in hex, see [`content_sha256`].
    pub sha256: String,
}

impl Dataset {
    /// Assembles a data set and hashes its content.
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
/// Hashed are, for the training split, then for the test split, then for the validation split if there is one: of images of one
/// size N, C, H, W as little-endian `u64`, the pixels `[N, C, H, W]`, the labels `[N]`; of photos N as `u64`, then for each the
/// SHA-256 of its file and its label as `u32`. Names and the way the files were packed do not count.
pub fn content_sha256(train: &Split, val: Option<&Split>, test: &Split) -> String {
    let mut hasher = Sha256::new();
    train.hash_into(&mut hasher);
    test.hash_into(&mut hasher);
    if let Some(val) = val {
        val.hash_into(&mut hasher);
    }
    hex(&hasher.finalize())
}
