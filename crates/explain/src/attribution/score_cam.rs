//! Score-CAM, `ReLU(Σ_k w_k A_k)` with `w = softmax_k f_class(x · M_k)`: the maps of a layer, each weighted by the logit of
//! the image masked with it. `M_k` is the map stretched to the image and scaled to 0 … 1,
//! `(A_k − min) / (max − min + 1e-8)`.

use super::stretch::{Align, bilinear};
use super::{Attribution, Attributor, Method};
use crate::error::ExplainError;

/// The batch size of masked images.
const BATCH: usize = 32;
/// Added to the denominator, so that a silent map masks everything.
const EPSILON: f32 = 1e-8;

impl Attributor<'_> {
    /// Computes Score-CAM for `layer`, or for the default layer, with K + 1 forward passes for K maps and no gradient.
    ///
    /// The softmax is taken over the unscaled logits, so where these differ a lot, only a few maps have any weight.
    ///
    /// # Errors
    /// Those of [`Attributor::grad_cam`].
    ///
    /// # PyTorch
    /// Like `ScoreCAM` of pytorch-grad-cam: maps are resized with `align_corners=True`, and the logit of a baseline is not
    /// subtracted.
    ///
    /// # Source
    /// Wang 2020.
    pub fn score_cam(&mut self, layer: Option<&str>) -> Result<Attribution, ExplainError> {
        let maps = self.maps_of(layer)?;
        let [_, height, width] = self.shape();
        let mut scores = Vec::with_capacity(maps.channels());
        for some in maps.values.chunks(BATCH * maps.plane()) {
            let mut images = self.images(some.len() / maps.plane());
            for (mut image, map) in images.outer_iter_mut().zip(some.chunks_exact(maps.plane())) {
                let mask = mask(bilinear(map, maps.size, [height, width], Align::Corners));
                for (mut channel, from) in image.outer_iter_mut().zip(self.image.outer_iter()) {
                    let values = channel.iter_mut().zip(from.iter().zip(&mask));
                    values.for_each(|(value, (x, m))| *value = x * m);
                }
            }
            scores.extend(self.scores(&images)?);
            self.told(scores.len(), maps.channels());
        }
        let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
        let total: f64 = powers.iter().sum();
        let mut sum = vec![0.0; maps.plane()];
        for (map, power) in maps.values.chunks_exact(maps.plane()).zip(powers) {
            sum.iter_mut().zip(map).for_each(|(sum, &a)| *sum += power / total * f64::from(a));
        }
        let values = sum.into_iter().map(|v| v.max(0.0) as f32).collect();
        let attribution = self.attribution(Method::ScoreCam, maps.score, values)?;
        Ok(Attribution { layer: Some(maps.layer), shape: [1, maps.size[0], maps.size[1]], ..attribution })
    }
}

fn mask(mut map: Vec<f32>) -> Vec<f32> {
    let ends = |(low, high): (f32, f32), &v: &f32| (low.min(v), high.max(v));
    let (low, high) = map.iter().fold((f32::INFINITY, f32::NEG_INFINITY), ends);
    map.iter_mut().for_each(|v| *v = (*v - low) / (high - low + EPSILON));
    map
}
