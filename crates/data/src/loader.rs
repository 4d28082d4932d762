//! The order of an epoch and the samples in it, as pure functions of (seed, epoch, sample).
//!
//! The loader owns no thread: the trainer asks for the samples of a batch from its own threads, in any order, and a run
//! that resumes at any step gets the same numbers without any state to restore.

use crate::augment::Augment;
use crate::dataset::Images;
use crate::error::DataError;
use crate::preprocess::Preprocess;
use crate::rng::{Draws, Use};

/// Gives normalised, augmented samples of a split in the order of an epoch.
///
/// # Example
/// See the [crate].
#[derive(Debug, Clone)]
pub struct Loader<'a> {
    images: &'a Images,
    preprocess: Preprocess,
    augment: Option<Augment>,
    batch_size: usize,
    seed: u64,
    shuffle: bool,
}

impl<'a> Loader<'a> {
    /// A loader of these images.
    ///
    /// # Errors
    /// [`DataError::LoaderShapes`] when the images are not of the shape that `preprocess` names,
    /// [`DataError::Loader`] when there is no image or `batch_size` is 0, [`DataError::Augment`] when `augment` makes no
    /// sense.
    pub fn new(
        images: &'a Images,
        preprocess: &Preprocess,
        augment: Augment,
        batch_size: usize,
        seed: u64,
        shuffle: bool,
    ) -> Result<Self, DataError> {
        if images.shape() != preprocess.shape() {
            return Err(DataError::LoaderShapes { images: images.shape(), preprocess: preprocess.shape() });
        }
        if images.is_empty() || u32::try_from(images.len()).is_err() {
            let expected = "1 to 4294967295";
            return Err(DataError::Loader { what: "number of images", expected, got: images.len() });
        }
        if batch_size == 0 {
            return Err(DataError::Loader { what: "batch size", expected: "at least 1", got: 0 });
        }
        augment.check()?;
        let augment = (!augment.is_off()).then_some(augment);
        Ok(Self { images, preprocess: preprocess.clone(), augment, batch_size, seed, shuffle })
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.images.len()
    }

    /// Always false: a loader of nothing cannot be made.
    pub fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    /// Samples in a batch; the last one of an epoch may be smaller.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// Batches in an epoch, the last partial one included.
    pub fn batches_per_epoch(&self) -> usize {
        self.len().div_ceil(self.batch_size)
    }

    /// The sample indices of an epoch in the order in which they are trained on.
    ///
    /// A Fisher-Yates shuffle keyed by (seed, epoch); every order is equally likely. Without `shuffle`, 0, 1, 2, ...
    pub fn order(&self, epoch: u32) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.len() as u32).collect();
        if self.shuffle {
            let draws = Draws::new(self.seed, epoch, 0, Use::Order);
            let mut words = (0u32..).flat_map(|index| draws.block(index));
            for i in (1..order.len()).rev() {
                order.swap(i, below(i as u32 + 1, &mut words) as usize);
            }
        }
        order
    }

    /// The part of an epoch's order that is batch `step`.
    ///
    /// # Panics
    /// When `step` is not below [`batches_per_epoch`](Self::batches_per_epoch).
    pub fn batch_indices<'o>(&self, order: &'o [u32], step: usize) -> &'o [u32] {
        let start = step * self.batch_size;
        assert!(start < order.len(), "batch {step} of {}", self.batches_per_epoch());
        &order[start..order.len().min(start + self.batch_size)]
    }

    /// Writes one normalised (and augmented) sample `[C, H, W]` and gives its label.
    ///
    /// Allocates nothing unless it augments. May be called from any thread at the same moment as from others.
    ///
    /// # Panics
    /// When `sample` is not below [`len`](Self::len) or `out` does not have `C * H * W` values.
    pub fn write(&self, epoch: u32, sample: u32, out: &mut [f32]) -> u8 {
        let index = sample as usize;
        let pixels = self.images.sample(index);
        match &self.augment {
            None => self.preprocess.normalise(pixels, out),
            Some(augment) => {
                augment.apply(&self.preprocess, [self.seed, epoch.into(), sample.into()], pixels, out)
            }
        }
        self.images.labels[index]
    }
}

/// Uniform below `bound`, without bias.
///
/// # Source
/// Lemire: *Fast random integer generation in an interval*, ACM TOMACS 29(1), 2019.
fn below(bound: u32, words: &mut impl Iterator<Item = u32>) -> u32 {
    loop {
        let word = words.next().expect("the stream has 2^34 words");
        let product = u64::from(word) * u64::from(bound);
        // The low half tells the words of which some values would get one more than others.
        if product as u32 >= bound.wrapping_neg() % bound {
            return (product >> 32) as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn words_that_would_bias_are_skipped() {
        // 2^32 leaves 1 when divided by 3, so one word is too many: 0.
        assert_eq!(below(3, &mut [0, 1 << 31].into_iter()), 1);
        assert_eq!(below(3, &mut [1, 1 << 31].into_iter()), 0);
        // A power of two needs no word to be skipped.
        assert_eq!(below(4, &mut [0].into_iter()), 0);
        assert_eq!(below(4, &mut [u32::MAX].into_iter()), 3);
    }
}
