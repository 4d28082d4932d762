//! SmoothGrad, `(1/n) Σ_i ∂f_class/∂x (x + σ ε_i)`: the gradient averaged over noisy copies of the image, which cancels
//! fluctuations from pixel to pixel.

use ndarray::Axis;

use super::noise::noise;
use super::{Attribution, Attributor, Method};
use crate::error::ExplainError;

/// The batch size of noisy copies.
const BATCH: usize = 32;

/// The noise of [`Attributor::smooth_grad`]. By default 50 copies and 0.15, in the middle of what the paper recommends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// The number of noisy copies.
    pub samples: usize,
    /// `σ / (max x - min x)`: the standard deviation as a share of the range of the image's values.
    pub share: f64,
    /// The random seed: the noise of copy i at a position is a function of (seed, i, position).
    pub seed: u64,
}

impl Default for Noise {
    fn default() -> Self {
        Self { samples: 50, share: 0.15, seed: 0 }
    }
}

impl Attributor<'_> {
    /// Computes SmoothGrad. Without noise (a share of 0) it is the gradient.
    ///
    /// # Errors
    /// When the network cannot be run backward.
    ///
    /// # Panics
    /// When there are no copies, or the share is negative or not finite.
    ///
    /// # Numerics
    /// The noise is a sum of twelve uniform values, exact on every machine, with mean 0 and variance 1; its distribution
    /// function is within 0.0024 of the normal one's.
    ///
    /// # Source
    /// Smilkov 2017.
    pub fn smooth_grad(&mut self, of: Noise) -> Result<Attribution, ExplainError> {
        assert!(of.samples > 0, "SmoothGrad needs at least one sample");
        assert!(of.share >= 0.0 && of.share.is_finite(), "noise has a share of 0 or more, got {}", of.share);
        let ends = |(low, high): (f32, f32), &v: &f32| (low.min(v), high.max(v));
        let (low, high) = self.image.iter().fold((f32::INFINITY, f32::NEG_INFINITY), ends);
        let sigma = of.share * (f64::from(high) - f64::from(low));
        let score = self.scores(&self.batch())?[0];
        let mut sum = vec![0.0; self.image.len()];
        for first in (0..of.samples).step_by(BATCH) {
            let mut images = self.images(BATCH.min(of.samples - first));
            for (i, mut image) in images.axis_iter_mut(Axis(0)).enumerate() {
                let sample = (first + i) as u64;
                let noisy = |(place, &x): (usize, &f32)| {
                    (f64::from(x) + sigma * noise(of.seed, sample, place as u64)) as f32
                };
                image.iter_mut().zip(self.image.iter().enumerate().map(noisy)).for_each(|(to, v)| *to = v);
            }
            for gradient in self.slopes_of_input(&images)?.gradient.outer_iter() {
                sum.iter_mut().zip(&gradient).for_each(|(sum, &g)| *sum += f64::from(g));
            }
            self.told(first + images.shape()[0], of.samples);
        }
        let values = sum.into_iter().map(|sum| (sum / of.samples as f64) as f32).collect();
        self.attribution(Method::SmoothGrad, score, values)
    }
}
