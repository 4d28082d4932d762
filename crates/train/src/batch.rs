//! A batch in memory, filled by all threads.

use striate_data::{Images, Loader};
use striate_graph::Engine;

/// Room for the images and labels of a batch.
pub(crate) struct Batch {
    images: Vec<f32>,
    labels: Vec<u32>,
    sample_len: usize,
}

impl Batch {
    pub(crate) fn new(batch_size: usize, sample_len: usize) -> Self {
        Self {
            images: vec![0.0; batch_size * sample_len],
            labels: Vec::with_capacity(batch_size),
            sample_len,
        }
    }

    /// Fills the batch with these samples and gives images `[N, C, H, W]` and labels. Every sample is a pure function of
    /// (seed, epoch, its index): it does not matter which thread writes it.
    pub(crate) fn fetch(
        &mut self,
        engine: &Engine,
        loader: &Loader<'_>,
        from: &Images,
        epoch: usize,
        samples: &[u32],
    ) -> (&[f32], &[u32]) {
        let epoch = u32::try_from(epoch).expect("epochs were checked to be few");
        let images = &mut self.images[..samples.len() * self.sample_len];
        engine.pool().for_each_chunk(images, self.sample_len, |i, out| {
            loader.write(epoch, samples[i], out);
        });
        self.labels.clear();
        self.labels.extend(samples.iter().map(|&sample| u32::from(from.labels[sample as usize])));
        (images, &self.labels)
    }
}
