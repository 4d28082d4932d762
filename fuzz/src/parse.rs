//! Any bytes, given to each parser of Striate: what must hold whatever they are.
//!
//! Each function panics where a promise is broken. `fuzz_targets/` gives them bytes by chance; a test of `striate-formats`
//! (`tests/corpus.rs`, which includes this file) gives them all that lies in `corpus/`, on stable and in every run of CI.

use striate_data::idx::{IMAGES_MAGIC, read_images, read_labels};
use striate_formats::{Checkpoint, ModelFile, Problem, Weights};
use striate_image::Image;
use striate_image::{MAX_PIXELS, MAX_SIDE_PX};

/// A parser, and what must hold of what it gives.
pub type Target = fn(&[u8]);

/// Each parser by the name of its target, which is that of its folder in `corpus/`.
pub const TARGETS: [(&str, Target); 5] =
    [("idx", idx), ("image", image), ("weights", weights), ("model", model), ("checkpoint", checkpoint)];

/// Images fill their shape, and written out they are read as the same; labels are below their bound. Plain or in gzip.
pub fn idx(bytes: &[u8]) {
    match read_images(bytes) {
        Ok(images) => {
            let [n, h, w] = [images.count, images.height, images.width];
            assert!(n > 0 && h > 0 && w > 0);
            assert_eq!(n.checked_mul(h).and_then(|n| n.checked_mul(w)), Some(images.pixels.len()));
            let sizes = [n, h, w].map(|size| u32::try_from(size).expect("from 32 bits").to_be_bytes());
            let plain = [&IMAGES_MAGIC.to_be_bytes()[..], &sizes.concat(), &images.pixels].concat();
            assert_eq!(read_images(&plain), Ok(images));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    match read_labels(bytes, 10) {
        Ok(labels) => assert!(!labels.is_empty() && labels.iter().all(|&label| label < 10)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// An image is gray or RGB, fills its size, and is no larger than the limits.
pub fn image(bytes: &[u8]) {
    match Image::decode("bytes", bytes) {
        Ok(Image { width, height, channels, pixels }) => {
            assert!(width > 0 && height > 0 && width.max(height) <= MAX_SIDE_PX as usize);
            assert!((width * height) as u64 <= MAX_PIXELS && matches!(channels, 1 | 3));
            assert_eq!(width * height * channels, pixels.len());
        }
        Err(error) => assert!(error.to_string().starts_with("bytes: "), "{error}"),
    }
}

/// Arrays of others, safetensors or `.pth`: each fills its shape.
pub fn weights(bytes: &[u8]) {
    match Weights::from_bytes(bytes) {
        Ok(weights) => {
            for (name, array) in &weights.tensors {
                assert_eq!(array.shape().iter().product::<usize>(), array.len(), "{name}");
                assert_eq!(array.iter().count(), array.len(), "{name}");
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A model that loads is written as a file that loads as the same.
pub fn model(bytes: &[u8]) {
    match signed(bytes, ModelFile::from_bytes) {
        Ok(model) => {
            let written = model.to_bytes().expect("what was read can be written");
            let again = ModelFile::from_bytes(&written).expect("what was written can be read");
            assert_eq!(again, model);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A checkpoint that loads is written as a file that loads, and is written as the same.
pub fn checkpoint(bytes: &[u8]) {
    match signed(bytes, Checkpoint::from_bytes) {
        Ok(checkpoint) => {
            let written = checkpoint.to_bytes().expect("what was read can be written");
            let again = Checkpoint::from_bytes(&written).expect("what was written can be read");
            assert_eq!(again.to_bytes().expect("as before"), written);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Reads a file; where its hash alone is wrong, with the right one in its place, as somebody who means harm would have it.
fn signed<T>(bytes: &[u8], read: fn(&[u8]) -> Result<T, Problem>) -> Result<T, Problem> {
    match read(bytes) {
        Err(Problem::Hash { expected, got }) => {
            let wrong = expected.as_bytes();
            let at = bytes.windows(wrong.len().max(1)).position(|window| window == wrong);
            match at.filter(|_| wrong.len() == got.len()) {
                Some(at) => {
                    let mut bytes = bytes.to_vec();
                    bytes[at..at + got.len()].copy_from_slice(got.as_bytes());
                    read(&bytes)
                }
                None => Err(Problem::Hash { expected, got }),
            }
        }
        other => other,
    }
}
