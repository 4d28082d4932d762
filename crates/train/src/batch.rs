//! A batch in memory, filled by all threads.

use std::sync::{Mutex, PoisonError};

use striate_data::{DataError, Loader};
use striate_graph::{Engine, Target};

/// A buffer for the images and targets of a batch, which all threads of an engine fill.
#[derive(Debug)]
pub struct Batch {
    images: Vec<f32>,
    targets: Vec<Target>,
    sample_len: usize,
}

impl Batch {
    /// Allocates a batch of `batch_size` images with `sample_len` values each.
    pub fn new(batch_size: usize, sample_len: usize) -> Self {
        Self {
            images: vec![0.0; batch_size * sample_len],
            targets: Vec::with_capacity(batch_size),
            sample_len,
        }
    }

    /// Fills the batch with these samples and returns images `[N, C, H, W]` and targets. Every sample is a pure function of
    /// (seed, epoch, its index), so it does not matter which thread writes it.
    ///
    /// # Errors
    /// When a photo cannot be used; of several, the error of the first in the batch.
    ///
    /// # Panics
    /// When there are more samples than `batch_size`, or an index is out of range for the split.
    pub fn fetch(
        &mut self,
        engine: &Engine,
        loader: &Loader<'_>,
        epoch: usize,
        samples: &[u32],
    ) -> Result<(&[f32], &[Target]), DataError> {
        let epoch = u32::try_from(epoch).expect("epochs were checked to be few");
        let images = &mut self.images[..samples.len() * self.sample_len];
        let written = Mutex::new((vec![Target::from(0_u32); samples.len()], None));
        engine.pool().for_each_chunk(images, self.sample_len, |i, out| {
            let result = loader.write(epoch, samples[i], out);
            let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
            match (result, &written.1) {
                (Ok(target), _) => written.0[i] = target,
                (Err(_), Some((first, _))) if *first < i => {}
                (Err(error), _) => written.1 = Some((i, error)),
            }
        });
        let (targets, error) = written.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, error)) = error {
            return Err(error);
        }
        self.targets = targets;
        Ok((images, &self.targets))
    }
}
