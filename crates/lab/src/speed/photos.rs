//! The speed of the loader of a training run on photos: decoding, a random crop, a flip and normalization.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::Serialize;
use striate_data::augment::ResizedCrop;
use striate_data::{Augment, DataError, Loader, Preprocess, Split};
use striate_graph::Engine;
use striate_report::text::{Align, Table, counted, grouped};

use crate::LabError;

/// The speed at which photos are loaded.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PhotoSpeed {
    /// The number of photos.
    pub photos: usize,
    /// The number of threads.
    pub threads: usize,
    /// Height and width of the network's input, in pixels.
    pub imgsz: usize,
    /// The batch size.
    pub batch: usize,
    /// Photos per second from the files: decode, crop, resize, flip, normalize.
    pub decode_images_per_s: f64,
    /// Photos per second from the pixels on disk: crop, resize, flip, normalize.
    pub cached_images_per_s: f64,
}

/// Loads all photos of a split `epochs` times, in batches of `batch` and at `imgsz` x `imgsz` pixels; the fastest pass counts.
/// `cached` has the same photos with a cache of their pixels.
///
/// # Errors
/// When a photo cannot be decoded.
///
/// # Example
/// ```no_run
/// use std::path::Path;
/// use striate_data::folder;
/// use striate_graph::Engine;
/// use striate_lab::speed::photos;
///
/// let open = |cache: Option<&str>| folder::open(Path::new("photos"), None, cache.map(Path::new))?.to_learn();
/// let (plain, cached) = (open(None)?.train, open(Some("cache"))?.train);
/// println!("{}", photos(&plain, &cached, 224, 64, 3, &Engine::new(None)?)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn photos(
    plain: &Split,
    cached: &Split,
    imgsz: usize,
    batch: usize,
    epochs: usize,
    engine: &Engine,
) -> Result<PhotoSpeed, LabError> {
    let preprocess = Preprocess::imagenet(imgsz).map_err(DataError::from)?;
    // The pass that fills the cache is not timed.
    images_per_s(cached, &preprocess, batch, 1, engine)?;
    Ok(PhotoSpeed {
        photos: plain.len(),
        threads: engine.threads(),
        imgsz,
        batch,
        decode_images_per_s: images_per_s(plain, &preprocess, batch, epochs, engine)?,
        cached_images_per_s: images_per_s(cached, &preprocess, batch, epochs, engine)?,
    })
}

/// Photos per second in the fastest epoch. Every epoch has different crops.
fn images_per_s(
    split: &Split,
    preprocess: &Preprocess,
    batch: usize,
    epochs: usize,
    engine: &Engine,
) -> Result<f64, LabError> {
    let augment = Augment { crop: Some(ResizedCrop::default()), flip_horizontal: 0.5, ..Augment::default() };
    let loader = Loader::new(split, preprocess, augment, batch, 0, true)?;
    let one = preprocess.sample_len();
    let mut images = vec![0.0; batch.min(split.len()) * one];
    let mut fastest = f64::INFINITY;
    for epoch in 0..epochs as u32 {
        let failed: Mutex<Option<DataError>> = Mutex::new(None);
        let start = Instant::now();
        let order = loader.order(epoch);
        for step in 0..loader.batches_per_epoch() {
            let samples = loader.batch_indices(&order, step);
            engine.pool().for_each_chunk(&mut images[..samples.len() * one], one, |i, out| {
                if let Err(error) = loader.write(epoch, samples[i], out) {
                    *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                }
            });
        }
        fastest = fastest.min(start.elapsed().as_secs_f64());
        if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error.into());
        }
    }
    Ok(split.len() as f64 / fastest)
}

impl fmt::Display for PhotoSpeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new([("from", Align::Left), ("photos/s", Align::Right)]);
        let (decode, cached) = (self.decode_images_per_s as u64, self.cached_images_per_s as u64);
        table.row(["files: decode, crop, resize, flip, normalize".into(), grouped(decode)]);
        table.row(["pixels on disk: crop, resize, flip, normalize".into(), grouped(cached)]);
        writeln!(
            f,
            "{table}\n{} photos in batches of {}, {} x {} pixels, on {}",
            grouped(self.photos as u64),
            self.batch,
            self.imgsz,
            self.imgsz,
            counted(self.threads, "thread")
        )
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn photos_are_told_from_files_and_from_pixels() {
        let speed = PhotoSpeed {
            photos: 1200,
            threads: 2,
            imgsz: 224,
            batch: 64,
            decode_images_per_s: 250.0,
            cached_images_per_s: 1234.5,
        };
        expect![[r#"
            from                                           photos/s
            ─────────────────────────────────────────────  ────────
            files: decode, crop, resize, flip, normalize        250
            pixels on disk: crop, resize, flip, normalize     1,234

            1,200 photos in batches of 64, 224 x 224 pixels, on 2 threads
        "#]]
        .assert_eq(&speed.to_string());
    }
}
