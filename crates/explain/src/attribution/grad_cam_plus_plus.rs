//! Grad-CAM++, `ReLU(Σ_k w_k A_k)` with `w_k = Σ_ij α_kij ReLU(g_kij)`, `α_kij = g_kij² / (2 g_kij² + g_kij³ Σ_ab A_kab)`,
//! `g = ∂f_class/∂A`, and α = 0 where g = 0: each of several instances of a class counts, however small it is.
//!
//! The higher derivatives in the paper are those of exp(f), whose common factor is left out here.

use super::cam::weighted;
use super::{Attribution, Attributor, Method};
use crate::error::ExplainError;

impl Attributor<'_> {
    /// Computes Grad-CAM++ for `layer`, or for the default layer.
    ///
    /// # Errors
    /// Those of [`Attributor::grad_cam`].
    ///
    /// # Source
    /// Chattopadhay 2018.
    pub fn grad_cam_plus_plus(&mut self, layer: Option<&str>) -> Result<Attribution, ExplainError> {
        self.cam(Method::GradCamPlusPlus, layer, |maps| weighted(maps, weight))
    }
}

fn weight(values: &[f32], gradients: &[f32]) -> f64 {
    let sum: f64 = values.iter().map(|&a| f64::from(a)).sum();
    let term = |&g: &f32| {
        let g = f64::from(g);
        // A factor g² cancels, and only positive g add anything.
        let below = 2.0 + g * sum;
        if g > 0.0 && below != 0.0 { g / below } else { 0.0 }
    };
    gradients.iter().map(term).sum()
}
