//! The data of the benchmark: 60,000 images of 28 x 28 pixels.

use striate::data::{DataError, Dataset, Images, Preprocess, find, load};
use striate::preprocess_of;

/// How often the embedded digits are repeated where MNIST is not available.
const REPEATS: usize = 6;

/// A data set and its preprocessing.
pub(super) struct Work {
    pub(super) name: String,
    pub(super) data: Dataset,
    pub(super) preprocess: Preprocess,
}

impl Work {
    /// The named data set; or MNIST if it is on this machine; or as many images, repeated from the embedded digits.
    pub(super) fn find(named: Option<&str>) -> anyhow::Result<Self> {
        let (name, data) = match named {
            Some(name) => (name.to_owned(), load(name)?),
            None if find("mnist").is_ok() => ("mnist".to_owned(), load("mnist")?),
            None => (format!("the embedded digits, repeated {REPEATS} times"), repeated()?),
        };
        let preprocess = preprocess_of(&data)?;
        Ok(Self { name, data, preprocess })
    }
}

fn repeated() -> Result<Dataset, DataError> {
    let digits = load("digits")?;
    let train = digits.train.images().expect("digits are images in memory");
    let many = Images::new(train.shape(), train.pixels.repeat(REPEATS), train.labels.repeat(REPEATS))?;
    Dataset::new("digits", many, digits.test, digits.classes)
}
