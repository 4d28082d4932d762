//! The order of an epoch and the samples in it, as pure functions of (seed, epoch, sample).
//!
//! The loader has no threads: the training loop requests the samples of a batch from its own threads, in any order, and a run
//! that resumes at any step gets the same numbers without any state to restore.

use crate::augment::Augment;
use crate::cache::Form;
use crate::error::DataError;
use crate::rng::{Draws, Use, below};
use crate::split::Split;
use striate_image::Preprocess;
use striate_kernels::Target;

/// Provides the normalized, augmented samples of a split in the order of an epoch.
///
/// # Example
/// See the [crate].
#[derive(Debug, Clone)]
pub struct Loader<'a> {
    split: &'a Split,
    preprocess: Preprocess,
    augment: Option<Augment>,
    batch_size: usize,
    seed: u64,
    shuffle: bool,
    /// Samples in an epoch.
    epoch_len: usize,
    /// Sums of the weights of the samples up to each, if they are drawn by weight.
    weight_sums: Option<Vec<f64>>,
}

impl<'a> Loader<'a> {
    /// Creates a loader of a split. A loader for evaluation has no augmentation and does not shuffle.
    ///
    /// # Errors
    /// [`DataError::LoaderShapes`] when the shape of the images is not that of `preprocess`, [`DataError::Loader`] when there
    /// are no images or `batch_size` is 0, [`DataError::Augment`] when a setting of `augment` is out of range.
    pub fn new(
        split: &'a Split,
        preprocess: &Preprocess,
        augment: Augment,
        batch_size: usize,
        seed: u64,
        shuffle: bool,
    ) -> Result<Self, DataError> {
        if let Some(images) = split.fixed_shape()
            && images != preprocess.shape()
        {
            return Err(DataError::LoaderShapes { images, preprocess: preprocess.shape() });
        }
        if split.is_empty() || u32::try_from(split.len()).is_err() {
            let expected = "1 to 4294967295";
            return Err(DataError::Loader { what: "number of images", expected, got: split.len() });
        }
        if batch_size == 0 {
            return Err(DataError::Loader { what: "batch size", expected: "at least 1", got: 0 });
        }
        augment.check()?;
        let augment = (!augment.is_off()).then_some(augment);
        Ok(Self {
            split,
            preprocess: preprocess.clone(),
            augment,
            batch_size,
            seed,
            shuffle,
            epoch_len: split.len(),
            weight_sums: None,
        })
    }

    /// Draws samples by weight and with replacement: the probability of each sample is proportional to the weight of its class.
    ///
    /// The number of samples per epoch stays the same. A sample that is drawn more than once in an epoch is the same each time,
    /// since it is a function of (seed, epoch, sample).
    ///
    /// # Errors
    /// [`DataError::Weights`] when there is not one weight of at least 0 per class, or no sample has a weight above 0.
    ///
    /// # PyTorch
    /// `WeightedRandomSampler(weights[labels], len(labels), replacement=True)`.
    pub fn with_class_weights(self, weights: &[f32]) -> Result<Self, DataError> {
        let classes = self.split.labels().max().map_or(0, |label| label as usize + 1);
        let is_fine = weights.len() >= classes && weights.iter().all(|w| w.is_finite() && *w >= 0.0);
        let mut sum = 0.0;
        let sums: Vec<f64> = if is_fine {
            let weight = |label: u32| f64::from(weights[label as usize]);
            self.split
                .labels()
                .map(|label| {
                    sum += weight(label);
                    sum
                })
                .collect()
        } else {
            Vec::new()
        };
        if sum <= 0.0 {
            return Err(DataError::Weights { classes, got: weights.to_vec() });
        }
        Ok(Self { weight_sums: Some(sums), ..self })
    }

    /// Makes every class equally likely: [`with_class_weights`](Self::with_class_weights) with the inverse of the number of
    /// samples of each class.
    ///
    /// # Errors
    /// None for a loader that was created successfully.
    pub fn balanced(self) -> Result<Self, DataError> {
        let classes = self.split.labels().max().map_or(0, |label| label as usize + 1);
        let weight = |&count: &usize| if count == 0 { 0.0 } else { 1.0 / count as f32 };
        let weights: Vec<f32> = self.split.class_counts(classes).iter().map(weight).collect();
        self.with_class_weights(&weights)
    }

    /// Leaves out the last sample of each epoch if it would be alone in its batch, or in the last of the parts of `part`
    /// samples into which a batch is divided. With shuffling, a different sample is left out each epoch.
    ///
    /// This is for training networks with batch norm, which normalizes over the samples of a batch: a single sample has no
    /// others to be normalized with, and would change the running statistics as much as a whole batch does. Nothing is left out
    /// if `part` is 1, or if there is only one sample.
    ///
    /// # PyTorch
    /// `DataLoader(drop_last=True)`, which leaves out every smaller batch and not only a batch of one.
    pub fn without_single(self, part: usize) -> Self {
        let len = self.split.len();
        let is_alone = part > 1 && len > 1 && len % part == 1;
        Self { epoch_len: len - usize::from(is_alone), ..self }
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.split.len()
    }

    /// Always false: an empty loader cannot be made.
    pub fn is_empty(&self) -> bool {
        self.split.is_empty()
    }

    /// The number of samples in a batch; the last one of an epoch may be smaller.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// The number of batches in an epoch, including a smaller last one.
    pub fn batches_per_epoch(&self) -> usize {
        self.epoch_len.div_ceil(self.batch_size)
    }

    /// Returns the indices of the samples of an epoch, in the order of training.
    ///
    /// The order is a Fisher-Yates shuffle keyed by (seed, epoch), in which every order is equally likely; without `shuffle`,
    /// it is 0, 1, 2, and so on. With class weights it consists of independent draws. It has one sample fewer where
    /// [`without_single`](Self::without_single) leaves one out.
    pub fn order(&self, epoch: u32) -> Vec<u32> {
        let draws = Draws::new(self.seed, epoch, 0, Use::Order);
        let mut words = (0u32..).flat_map(|index| draws.block(index));
        if let Some(sums) = &self.weight_sums {
            let total = sums.last().expect("there is at least one sample");
            let mut draw = || {
                let [high, low] = [(); 2].map(|()| words.next().expect("the stream has 2^34 words"));
                // 53 bits, which an f64 holds exactly.
                let word = u64::from(high) << 21 | u64::from(low) >> 11;
                let place = word as f64 / (1u64 << 53) as f64 * total;
                sums.partition_point(|&sum| sum <= place).min(sums.len() - 1) as u32
            };
            return (0..self.epoch_len).map(|_| draw()).collect();
        }
        let mut order: Vec<u32> = (0..self.len() as u32).collect();
        if self.shuffle {
            for i in (1..order.len()).rev() {
                order.swap(i, below(i as u32 + 1, &mut words) as usize);
            }
        }
        order.truncate(self.epoch_len);
        order
    }

    /// Returns the part of an epoch's order that makes up batch `step`.
    ///
    /// # Panics
    /// When `step` is not below [`batches_per_epoch`](Self::batches_per_epoch).
    pub fn batch_indices<'o>(&self, order: &'o [u32], step: usize) -> &'o [u32] {
        let start = step * self.batch_size;
        assert!(start < order.len(), "batch {step} of {}", self.batches_per_epoch());
        &order[start..order.len().min(start + self.batch_size)]
    }

    /// Writes one normalized (and augmented) sample `[C, H, W]`, and returns its target.
    ///
    /// No memory is allocated for images in memory without augmentation. The function may be called from several threads at
    /// once.
    ///
    /// # Errors
    /// [`DataError::Input`] or [`DataError::Changed`] when the file of a photo cannot be used any more.
    ///
    /// # Panics
    /// When `sample` is not below [`len`](Self::len) or `out` does not have `C * H * W` values.
    pub fn write(&self, epoch: u32, sample: u32, out: &mut [f32]) -> Result<Target, DataError> {
        let label = |sample: u32| self.split.label(sample as usize);
        self.write_one(epoch, sample, out)?;
        let key = (self.seed, epoch, sample);
        let Some(mix) = self.augment.and_then(|augment| augment.mix(key, self.len() as u32)) else {
            return Ok(Target::from(label(sample)));
        };
        let mut partner = vec![0.0; out.len()];
        self.write_one(epoch, mix.partner, &mut partner)?;
        Ok(mix.apply(self.preprocess.shape(), out, &partner, [label(sample), label(mix.partner)]))
    }

    /// One sample, augmented by itself.
    fn write_one(&self, epoch: u32, sample: u32, out: &mut [f32]) -> Result<(), DataError> {
        let (index, preprocess, key) = (sample as usize, &self.preprocess, (self.seed, epoch, sample));
        match (self.split, &self.augment) {
            (Split::Images(images), None) => preprocess.normalize(images.sample(index), out),
            (Split::Images(images), Some(augment)) => {
                augment.apply_to_pixels(preprocess, key, images.sample(index), out)
            }
            (Split::Photos(photos), None) => {
                let image = photos.load(index, &Form::Sized(preprocess))?;
                preprocess.normalize(&preprocess.planar(&image), out);
            }
            (Split::Photos(photos), Some(augment)) => {
                let size = preprocess.height.max(preprocess.width);
                let form = match augment.crop {
                    None => Form::Sized(preprocess),
                    Some(crop) => Form::Reduced { preprocess, shorter: crop.shorter_px(size) },
                };
                augment.apply_to_photo(preprocess, key, photos.load(index, &form)?, out);
            }
        }
        Ok(())
    }
}
