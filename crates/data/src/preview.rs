//! A preview of the network's input: samples of the loader, converted back into images.

use crate::augment::Augment;
use crate::error::DataError;
use crate::loader::Loader;
use crate::split::Split;
use striate_image::Image;
use striate_image::Preprocess;
use striate_kernels::Target;

/// One sample of an epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The sample as an image.
    pub image: Image,
    /// The target of the sample: its class, or the mixture of two.
    pub target: Target,
    /// The index, in the split, of the image that the sample was made from.
    pub index: usize,
}

/// Returns the first `n` samples of the first epoch of a seed, from the same loader that training uses.
///
/// Values are converted back by mean and deviation, rounded, and clipped to 8 bits.
///
/// # Errors
/// Those of [`Loader::new`] and [`Loader::write`].
///
/// # Example
/// ```
/// use striate_data::preview::preview;
/// use striate_data::{Augment, Preprocess};
///
/// let digits = striate_data::load("digits")?;
/// let preprocess = Preprocess::new([1, 28, 28], &[0.1307], &[0.3081])?;
/// let seen = preview(&digits.train, &preprocess, Augment { shift_px: 2, ..Augment::default() }, 0, 16)?;
/// assert_eq!((seen.len(), seen[0].image.width), (16, 28));
/// # Ok::<(), striate_data::DataError>(())
/// ```
pub fn preview(
    split: &Split,
    preprocess: &Preprocess,
    augment: Augment,
    seed: u64,
    n: usize,
) -> Result<Vec<Seen>, DataError> {
    let loader = Loader::new(split, preprocess, augment, 1, seed, true)?;
    let mut values = vec![0.0; preprocess.sample_len()];
    let sample = |sample: u32| {
        let target = loader.write(0, sample, &mut values)?;
        let image = preprocess.denormalize(&values);
        Ok(Seen { image, target, index: sample as usize })
    };
    loader.order(0).into_iter().take(n).map(sample).collect()
}
