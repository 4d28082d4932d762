//! What the class activation maps have in common: `ReLU(Σ_k w_k A_k)` over the maps `A` of a layer, whose weights, one a
//! map or one a value, are what the methods differ in.

use super::{Evidence, Method, Question};
use crate::error::InspectError;

/// The maps of a layer and the logit's gradients, `[K, H, W]` row by row.
pub(super) struct Maps<'a> {
    pub(super) values: &'a [f32],
    pub(super) gradients: &'a [f32],
    /// `H * W`.
    pub(super) plane: usize,
}

impl Maps<'_> {
    /// Each map with its gradients.
    pub(super) fn each(&self) -> impl Iterator<Item = (&[f32], &[f32])> {
        self.values.chunks_exact(self.plane).zip(self.gradients.chunks_exact(self.plane))
    }
}

impl Question<'_> {
    /// `sum` makes `[H, W]` of the maps of `layer`; what is negative in it is cut off.
    pub(super) fn cam(
        &mut self,
        method: Method,
        layer: Option<&str>,
        sum: impl Fn(&Maps<'_>) -> Vec<f64>,
    ) -> Result<Evidence, InspectError> {
        let last = self.last_maps()?;
        let name = layer.map_or_else(|| self.session.graph().nodes[last].name.clone(), str::to_owned);
        let slopes = self.slopes(&self.batch(), &name)?;
        let &[_, _, h, w] = slopes.value.shape() else {
            let shape = slopes.value.shape()[1..].to_vec();
            return Err(InspectError::NoMaps { layer: name, shape });
        };
        let (values, gradients): (Vec<f32>, Vec<f32>) =
            (slopes.value.iter().copied().collect(), slopes.gradient.iter().copied().collect());
        let maps = Maps { values: &values, gradients: &gradients, plane: h * w };
        let values = sum(&maps).into_iter().map(|v| v.max(0.0) as f32).collect();
        let evidence = self.evidence(method, slopes.logits[0], values);
        Ok(Evidence { layer: Some(name), shape: [1, h, w], ..evidence })
    }
}

/// `Σ_k w_k A_k`, for weights that are one number a map.
pub(super) fn weighted(maps: &Maps<'_>, weight: impl Fn(&[f32], &[f32]) -> f64) -> Vec<f64> {
    let mut sum = vec![0.0; maps.plane];
    for (values, gradients) in maps.each() {
        let weight = weight(values, gradients);
        sum.iter_mut().zip(values).for_each(|(sum, &a)| *sum += weight * f64::from(a));
    }
    sum
}
