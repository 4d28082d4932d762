//! The common part of the class activation maps: `ReLU(Σ_k w_k A_k)` over the feature maps `A` of a layer. The methods differ in
//! the weights, one per map or one per value.

use super::{Attribution, Attributor, Method};
use crate::error::ExplainError;
use crate::maps::select::near;

/// The feature maps of a layer on the image, `[K, H, W]`, row by row.
pub(super) struct LayerMaps {
    pub(super) layer: String,
    pub(super) values: Vec<f32>,
    /// `[H, W]`.
    pub(super) size: [usize; 2],
    pub(super) score: f64,
}

impl LayerMaps {
    pub(super) fn plane(&self) -> usize {
        self.size[0] * self.size[1]
    }

    pub(super) fn channels(&self) -> usize {
        self.values.len() / self.plane()
    }
}

/// The feature maps of a layer and the gradients of the logit, `[K, H, W]`, row by row.
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

impl Attributor<'_> {
    /// The name and `[H, W]` of the layer; without a name, of the default layer.
    fn layer(&self, layer: Option<&str>) -> Result<(String, [usize; 2]), ExplainError> {
        let graph = self.session.graph();
        let last = self.last_maps()?;
        let id = layer.map_or(Ok(last), |name| {
            let names: Vec<&str> = graph.nodes.iter().map(|node| node.name.as_str()).collect();
            let unknown = || ExplainError::NoLayer { pattern: name.into(), near: near(&names, name) };
            graph.find(name).ok_or_else(unknown)
        })?;
        let node = &graph.nodes[id];
        match node.shape[..] {
            [_, h, w] => Ok((node.name.clone(), [h, w])),
            _ => Err(ExplainError::NoMaps { layer: node.name.clone(), shape: node.shape.clone() }),
        }
    }

    /// The feature maps of a layer, from a forward pass only.
    pub(super) fn maps_of(&mut self, layer: Option<&str>) -> Result<LayerMaps, ExplainError> {
        let (layer, size) = self.layer(layer)?;
        let tap = self.session.tap(&layer).map_err(striate_graph::RunError::Plan)?;
        let score = self.scores(&self.batch())?[0];
        let values = self.session.get(tap).into_iter().collect();
        Ok(LayerMaps { layer, values, size, score })
    }

    /// The class activation map of `layer`: `sum` reduces its maps to `[H, W]`, and negative values are clipped to 0.
    pub(super) fn cam(
        &mut self,
        method: Method,
        layer: Option<&str>,
        sum: impl Fn(&Maps<'_>) -> Vec<f64>,
    ) -> Result<Attribution, ExplainError> {
        let (name, [h, w]) = self.layer(layer)?;
        let slopes = self.slopes(&self.batch(), &name)?;
        let (values, gradients): (Vec<f32>, Vec<f32>) =
            (slopes.value.iter().copied().collect(), slopes.gradient.iter().copied().collect());
        let maps = Maps { values: &values, gradients: &gradients, plane: h * w };
        let values = sum(&maps).into_iter().map(|v| v.max(0.0) as f32).collect();
        let attribution = self.attribution(method, slopes.scores[0], values)?;
        Ok(Attribution { layer: Some(name), shape: [1, h, w], ..attribution })
    }
}

/// `Σ_k w_k A_k`, with one weight per map.
pub(super) fn weighted(maps: &Maps<'_>, weight: impl Fn(&[f32], &[f32]) -> f64) -> Vec<f64> {
    let mut sum = vec![0.0; maps.plane];
    for (values, gradients) in maps.each() {
        let weight = weight(values, gradients);
        sum.iter_mut().zip(values).for_each(|(sum, &a)| *sum += weight * f64::from(a));
    }
    sum
}
