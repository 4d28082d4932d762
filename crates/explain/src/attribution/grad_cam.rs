//! Grad-CAM, `ReLU(Σ_k w_k A_k)` with `w_k = mean_ij ∂f_class/∂A_kij`: the feature maps of a layer, each weighted by the mean
//! gradient of the logit.

use super::cam::weighted;
use super::{Attribution, Attributor, Method};
use crate::error::ExplainError;

impl Attributor<'_> {
    /// Computes Grad-CAM for `layer`, or for the default layer. Before a global average pool and a linear head it is the class
    /// activation map of Zhou 2016, clipped at 0 and divided by `H · W`.
    ///
    /// # Errors
    /// When the network has no convolution or no such layer, or when the layer has no feature maps.
    ///
    /// # Source
    /// Selvaraju 2017.
    pub fn grad_cam(&mut self, layer: Option<&str>) -> Result<Attribution, ExplainError> {
        let mean =
            |gradients: &[f32]| gradients.iter().map(|&g| f64::from(g)).sum::<f64>() / gradients.len() as f64;
        self.cam(Method::GradCam, layer, |maps| weighted(maps, |_, gradients| mean(gradients)))
    }
}
