//! The handwritten digits that are embedded in the binary.
//!
//! These are 10,000 training and 2,000 test digits of MNIST: every sixth and every fifth pair of neighbors of the original
//! files. `tools/digits/pack.py` creates the file and defines the selection; `assets/LICENSE-digits.md` is its license.

use flate2::read::GzDecoder;

use crate::dataset::Dataset;
use crate::error::DataError;
use crate::idx::{self, IMAGES_MAGIC, IdxError, LABELS_MAGIC};
use crate::images::Images;

/// One gzip stream of four idx files: training images and labels, test images and labels.
static PACKED: &[u8] = include_bytes!("../assets/digits.gz");

/// Unpacks the embedded digits: 28x28 gray, white ink on black, 10 classes.
///
/// # Errors
/// None with the file as committed; damage is reported as for any other idx file.
///
/// # Example
/// ```
/// let digits = striate_data::digits::load()?;
/// assert_eq!((digits.train.len(), digits.test.len()), (10_000, 2_000));
/// assert_eq!(digits.train.fixed_shape(), Some([1, 28, 28]));
/// # Ok::<(), striate_data::DataError>(())
/// ```
pub fn load() -> Result<Dataset, DataError> {
    let mut stream = GzDecoder::new(PACKED);
    let mut split = || -> Result<Images, IdxError> {
        let (shape, pixels) = idx::read_next(&mut stream, IMAGES_MAGIC)?;
        let (_, labels) = idx::read_next(&mut stream, LABELS_MAGIC)?;
        Ok(Images { channels: 1, height: shape[1] as usize, width: shape[2] as usize, pixels, labels })
    };
    let place = |problem| DataError::idx("the embedded digits".as_ref(), problem);
    let (train, test) = (split().map_err(place)?, split().map_err(place)?);
    Dataset::new("digits", train, test, (0..10).map(|digit| digit.to_string()).collect())
}
