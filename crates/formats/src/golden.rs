//! A few inputs with the logits that they gave when the model was saved; every loader computes the logits again.
//!
//! The images are made by a formula, never taken from a data set: a model file must not contain anybody's images.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use crate::bits;
use crate::container::check_limit;
use crate::error::Problem;
use crate::limits;
use serde::{Deserialize, Serialize};
use striate_base::base64;
use striate_graph::{Engine, Graph, Params, RunError, Session, SessionError};
use striate_image::Preprocess;

/// Largest difference of a logit, relative to the largest logit of its image (or to 1 if that is larger).
const TOLERANCE: f32 = 1e-4;

/// Golden inputs and their logits.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Golden {
    /// The images before normalization, `[N, C, H, W]`, 0 to 255.
    pub pixels: Vec<u8>,
    /// Number of images.
    pub n: usize,
    /// The logits that the network computed, `[N, classes]`.
    pub logits: Vec<f32>,
}

/// The form in which it is stored in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Encoded {
    n: usize,
    pixels: String,
    logits: String,
}

impl Golden {
    /// Makes up to four images and computes their logits.
    ///
    /// # Errors
    /// If one image is larger than 4 MiB, if the parameters do not fit the graph, or if a logit is not finite.
    pub fn new(
        graph: &Graph,
        params: &Params,
        preprocess: &Preprocess,
        engine: &Engine,
    ) -> Result<Self, Problem> {
        let len = preprocess.sample_len();
        check_limit("bytes of a golden image", limits::GOLDEN_BYTES, len)?;
        let n = (limits::GOLDEN_BYTES / 64 / len).clamp(1, 4);
        let pixels: Vec<u8> = (0..n).flat_map(|i| image(i, preprocess)).collect();
        let mut golden = Self { pixels, n, logits: Vec::new() };
        golden.logits = golden.compute(graph, params, preprocess, engine)?;
        // Without finite numbers there would be nothing to compare: such a file could be written but never read.
        if let Some(&got) = golden.logits.iter().find(|logit| !logit.is_finite()) {
            return Err(Problem::Logits { got });
        }
        Ok(golden)
    }

    /// The logits that the network computes now, one image at a time.
    fn compute(
        &self,
        graph: &Graph,
        params: &Params,
        preprocess: &Preprocess,
        engine: &Engine,
    ) -> Result<Vec<f32>, Problem> {
        let session = Session::with_engine(graph.clone(), params.clone(), engine.clone())?;
        let mut session = session.with_most_bytes(most_bytes(params, preprocess));
        let mut image = vec![0.0; preprocess.sample_len()];
        let mut logits = Vec::new();
        for pixels in self.pixels.chunks_exact(image.len()) {
            preprocess.normalize(pixels, &mut image);
            let run = session.run_slice(&image, 1).map_err(|e| match e {
                RunError::Plan(plan) => Problem::Session(SessionError::Plan(plan)),
                other => Problem::Entry { key: "striate.golden", reason: other.to_string() },
            })?;
            logits.extend_from_slice(run);
        }
        Ok(logits)
    }

    /// Computes the logits again; returns the largest difference.
    pub(crate) fn verify(
        &self,
        graph: &Graph,
        params: &Params,
        preprocess: &Preprocess,
        engine: &Engine,
    ) -> Result<f32, Problem> {
        let computed = self.compute(graph, params, preprocess, engine)?;
        let classes = self.logits.len() / self.n;
        let mut largest_difference = 0.0_f32;
        for image in 0..self.n {
            let range = image * classes..(image + 1) * classes;
            let part = |logits: &[f32]| logits.get(range.clone()).map(<[f32]>::to_vec).unwrap_or_default();
            let (expected, computed) = (part(&self.logits), part(&computed));
            let largest = expected.iter().fold(1.0_f32, |a, b| a.max(b.abs()));
            let allowed = TOLERANCE * largest;
            for (class, (&expected, &got)) in expected.iter().zip(&computed).enumerate() {
                let difference = (expected - got).abs();
                if difference.is_nan() || difference > allowed {
                    return Err(Problem::Golden { image, class, expected, got, allowed });
                }
                largest_difference = largest_difference.max(difference);
            }
        }
        Ok(largest_difference)
    }

    /// Checks that there are images of the right size, and one logit per class for each.
    pub(crate) fn check(&self, preprocess: &Preprocess, classes: usize) -> Result<(), Problem> {
        check_limit("golden images", limits::GOLDEN_IMAGES, self.n)?;
        check_limit("bytes of golden images", limits::GOLDEN_BYTES, self.pixels.len())?;
        if self.n == 0 {
            return Err(Problem::Disagree {
                what: "golden images",
                expected: "at least 1".into(),
                got: "none".into(),
            });
        }
        let parts = [
            ("golden pixels", self.n.checked_mul(preprocess.sample_len()), self.pixels.len()),
            ("golden logits", self.n.checked_mul(classes), self.logits.len()),
        ];
        for (what, expected, got) in parts {
            if expected != Some(got) {
                let expected = expected.map_or("fewer".into(), |e| e.to_string());
                return Err(Problem::Disagree { what, expected, got: got.to_string() });
            }
        }
        Ok(())
    }

    pub(crate) fn encode(&self) -> Encoded {
        let logits = base64::encode(&bits::to_bytes(&self.logits));
        Encoded { n: self.n, pixels: base64::encode(&self.pixels), logits }
    }

    pub(crate) fn decode(encoded: &Encoded) -> Result<Self, Problem> {
        let bytes = |text: &str| {
            let reason = || "not base64".to_string();
            base64::decode(text).ok_or_else(|| Problem::Entry { key: "striate.golden", reason: reason() })
        };
        let logits = bits::from_bytes(&bytes(&encoded.logits)?);
        Ok(Self { n: encoded.n, pixels: bytes(&encoded.pixels)?, logits })
    }
}

/// The memory that one image may take, as justified by its size and the parameters.
fn most_bytes(params: &Params, preprocess: &Preprocess) -> usize {
    let pixels = preprocess.sample_len() as u64;
    let living = limits::LIVING_VALUES.min(limits::VALUES_PER_PIXEL.saturating_mul(pixels));
    let weights = params.iter().map(|(_, array)| array.len() as u64).sum::<u64>();
    let values = living.saturating_add(limits::PACKED.saturating_mul(weights));
    usize::try_from(values.saturating_mul(4)).unwrap_or(usize::MAX)
}

/// Image `i`, `[C, H, W]`: a ramp, a disc, a checkerboard, or noise, different in every channel. Computed with integers only,
/// so that every machine makes the same images.
fn image(i: usize, preprocess: &Preprocess) -> Vec<u8> {
    let [channels, height, width] = preprocess.shape();
    let value = |c: usize, y: usize, x: usize| -> u8 {
        let across = if c.is_multiple_of(2) { x * 255 / width } else { y * 255 / height };
        let (dx, dy) = ((2 * x + 1).abs_diff(width), (2 * y + 1).abs_diff(height));
        match i % 4 {
            0 => across as u8,
            1 if 4 * (dx * dx + dy * dy) < (height * width) => 255 - 40 * c as u8,
            1 => 10 * c as u8,
            2 => (((x / 3 + y / 3 + c) % 2) * 200) as u8,
            _ => {
                let mut h = ((c * height + y) * width + x) as u32;
                h = (h ^ (h >> 16)).wrapping_mul(0x7feb_352d);
                h = (h ^ (h >> 15)).wrapping_mul(0x846c_a68b);
                (h >> 24) as u8
            }
        }
    };
    let pixels =
        (0..channels).flat_map(|c| (0..height).flat_map(move |y| (0..width).map(move |x| (c, y, x))));
    pixels.map(|(c, y, x)| value(c, y, x)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use striate_base::fnv1a64;

    /// Existing files hold these images; another formula would make new files differ for no reason.
    #[test]
    fn the_images_are_those_of_the_first_release() {
        let preprocess = Preprocess::new([3, 5, 7], &[0.5; 3], &[0.5; 3]).unwrap();
        let hash_of = |i: usize, preprocess: &Preprocess| fnv1a64(&image(i, preprocess));
        let hash = |i: usize| hash_of(i, &preprocess);
        assert_eq!(
            [0, 1, 2, 3].map(hash),
            [10242006306522423311, 17018442261975236702, 3917412640027802015, 16647388056045754187]
        );
        assert_eq!(image(0, &preprocess)[..7], [0, 36, 72, 109, 145, 182, 218]);
        assert_eq!(hash(4), hash(0));
        // Of more than 2^16 pixels.
        let large = Preprocess::new([1, 300, 300], &[0.5], &[0.5]).unwrap();
        assert_eq!(hash_of(3, &large), 2797275975181560893);
    }
}
