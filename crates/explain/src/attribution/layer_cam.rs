//! LayerCAM, `ReLU(Σ_k ReLU(∂f_class/∂A_k) · A_k)`: each value of a layer's maps weighted by its own gradient, so that
//! layers near the image give sharp maps, too.

use super::{Attribution, Attributor, Method};
use crate::error::ExplainError;

impl Attributor<'_> {
    /// Computes LayerCAM for `layer`, or for the default layer.
    ///
    /// # Errors
    /// Those of [`Attributor::grad_cam`].
    ///
    /// # Source
    /// Jiang 2021.
    pub fn layer_cam(&mut self, layer: Option<&str>) -> Result<Attribution, ExplainError> {
        self.cam(Method::LayerCam, layer, |maps| {
            let mut sum = vec![0.0; maps.plane];
            for (values, gradients) in maps.each() {
                let terms = values.iter().zip(gradients).map(|(&a, &g)| f64::from(a) * f64::from(g.max(0.0)));
                sum.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
            }
            sum
        })
    }
}
