//! The kernels of a layer as images.
//!
//! The kernels of the first layer of an RGB network are drawn in color, with mid-gray for zero; all others are drawn in blue for
//! negative and orange for positive weights. All kernels of a layer share one [`Scale`].

mod report;
mod sheet;
#[cfg(test)]
mod tests;

pub use report::{FiltersReport, LayerFilters};

use serde::Serialize;
use striate_graph::op::Role;
use striate_graph::{Graph, Node, NodeId, Params};

use crate::error::ExplainError;
use crate::maps::select::chosen;
use striate_report::Thumbnail;
use striate_report::layout::gray;
use striate_report::scale::Scale;

/// The kernels of one layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Filters {
    /// The path of the layer.
    pub name: String,
    /// The operation, in the words of PyTorch's functional API.
    pub op: &'static str,
    /// The shape `[C_out, C_in / groups, kh, kw]`; a kernel of a linear layer has the shape of the image before the
    /// flatten.
    pub shape: [usize; 4],
    /// The weights as they are stored; no batch norm is folded into them.
    pub values: Vec<f32>,
    /// The color scale that all kernels of the layer share.
    pub scale: Scale,
    /// Whether the three input channels are the red, green and blue of the image.
    pub is_rgb: bool,
}

/// The statistics of one filter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FilterStats {
    /// The index of its output channel.
    pub filter: usize,
    /// The norm `sqrt(sum(w^2))`, by which filters are ordered.
    pub norm: f32,
    /// The smallest finite weight.
    pub min: f32,
    /// The largest finite weight.
    pub max: f32,
    /// The number of weights that are infinite or NaN.
    pub not_finite: usize,
}

/// Selects the layers to show: all convolutions (without any, the linear layers that read an image), or those whose names match
/// one of `patterns`, as in [`maps::select`](crate::maps::select()). They are in the order in which they run.
///
/// # Errors
/// [`ExplainError::NoLayer`] for a pattern that matches no layer, [`ExplainError::NoKernels`] for one that matches only
/// layers without kernels.
pub fn select(graph: &Graph, patterns: &[String]) -> Result<Vec<NodeId>, ExplainError> {
    let mut with_kernels: Vec<NodeId> = Vec::new();
    for (id, node) in graph.nodes.iter().enumerate() {
        let is_new = with_kernels.iter().all(|&other| graph.nodes[other].layer != node.layer);
        if matches!(node.operation().role(), Role::Convolution | Role::Linear) && is_new {
            with_kernels.push(id);
        }
    }
    if patterns.is_empty() {
        let of = |wanted: fn(&Graph, NodeId) -> bool| -> Vec<NodeId> {
            with_kernels.iter().copied().filter(|&id| wanted(graph, id)).collect()
        };
        let convolutions = of(|graph, id| graph.nodes[id].operation().role() == Role::Convolution);
        return Ok(if convolutions.is_empty() {
            of(|graph, id| image_before(graph, id).is_some())
        } else {
            convolutions
        });
    }
    // A layer that is used twice has two values; its own name is what its parameters are called by.
    let name = |id: NodeId| {
        let node = &graph.nodes[id];
        if with_kernels.contains(&id) { layer_name(node) } else { node.name.as_str() }
    };
    let names: Vec<&str> = (0..graph.nodes.len()).map(name).collect();
    for pattern in patterns {
        let matched = chosen(&names, std::slice::from_ref(pattern))?;
        if !matched.iter().any(|id| with_kernels.contains(id)) {
            let (layer, op) = (pattern.clone(), graph.nodes[matched[0]].operation().name());
            let layers = with_kernels.iter().map(|&id| layer_name(&graph.nodes[id]).to_owned()).collect();
            return Err(ExplainError::NoKernels { layer, op, layers });
        }
    }
    let matched = chosen(&names, patterns)?;
    Ok(matched.into_iter().filter(|id| with_kernels.contains(id)).collect())
}

/// Path of the layer; a network that is one operation has none.
fn layer_name(node: &Node) -> &str {
    if node.layer.is_empty() { &node.name } else { &node.layer }
}

/// The image `[C, H, W]` whose flattened values a linear layer reads.
fn image_before(graph: &Graph, id: NodeId) -> Option<[usize; 3]> {
    let mut node = &graph.nodes[id];
    if node.operation().role() != Role::Linear {
        return None;
    }
    loop {
        node = &graph.nodes[*node.inputs.first()?];
        match node.operation().role() {
            Role::Reshape => return graph.nodes[*node.inputs.first()?].shape[..].try_into().ok(),
            Role::Noise => {}
            _ => return None,
        }
    }
}

impl Filters {
    /// Reads the kernels of node `id`.
    ///
    /// # Panics
    /// When the node has no kernels, or `params` are not those of the graph; nodes from [`select`] and checked parameters never
    /// panic.
    pub fn new(graph: &Graph, params: &Params, id: NodeId) -> Self {
        let node = &graph.nodes[id];
        let found = node.params().into_iter().find(|(_, spec)| spec.name == "weight");
        let Some((weight, _)) = found else {
            panic!("{}: a {} has no kernels", node.name, node.operation().name())
        };
        let Some(array) = params.get(&weight) else {
            panic!("no parameter {weight}: not those of this graph")
        };
        let shape = match *array.shape() {
            [o, i, h, w] => [o, i, h, w],
            [o, _] => match image_before(graph, id) {
                Some([c, h, w]) => [o, c, h, w],
                None => [o, array.len() / o.max(1), 1, 1],
            },
            _ => panic!("{weight} has the shape {:?}; a kernel has two or four sizes", array.shape()),
        };
        let reads_image = node.inputs.first() == Some(&0);
        Self::from_values(
            layer_name(node),
            node.operation().name(),
            shape,
            reads_image,
            array.iter().copied().collect(),
        )
    }

    fn from_values(
        name: &str,
        op: &'static str,
        shape: [usize; 4],
        reads_image: bool,
        values: Vec<f32>,
    ) -> Self {
        let scale = Scale::of(&values, true);
        Self { name: name.into(), op, shape, values, scale, is_rgb: reads_image && shape[1] == 3 }
    }

    /// Returns the weights `[kh, kw]` of an output channel for an input channel of its group.
    ///
    /// # Panics
    /// When there is no kernel for these channels.
    pub fn kernel(&self, filter: usize, input: usize) -> &[f32] {
        let [_, inputs, h, w] = self.shape;
        assert!(input < inputs, "input channel {input} of {inputs}");
        let at = (filter * inputs + input) * h * w;
        &self.values[at..at + h * w]
    }

    /// All weights of an output channel.
    fn filter(&self, filter: usize) -> &[f32] {
        let len = self.shape[1..].iter().product::<usize>();
        &self.values[filter * len..(filter + 1) * len]
    }

    /// Returns the statistics of every filter, the one with the largest norm first; of filters with equal norms, the lower
    /// channel is first.
    pub fn ranked(&self) -> Vec<FilterStats> {
        let stats = |filter: usize| {
            let weights = self.filter(filter);
            let finite = || weights.iter().copied().filter(|w| w.is_finite());
            FilterStats {
                filter,
                norm: norm(weights),
                min: finite().reduce(f32::min).unwrap_or(0.0),
                max: finite().reduce(f32::max).unwrap_or(0.0),
                not_finite: weights.len() - finite().count(),
            }
        };
        let mut all: Vec<FilterStats> = (0..self.shape[0]).map(stats).collect();
        all.sort_by(|a, b| b.norm.total_cmp(&a.norm).then(a.filter.cmp(&b.filter)));
        all
    }

    /// The input channels with the largest norm over all filters, at most `most` of them, in their own order.
    fn inputs(&self, most: usize) -> Vec<usize> {
        let [filters, inputs, ..] = self.shape;
        let energy = |input: usize| -> f64 {
            (0..filters).map(|filter| f64::from(norm(self.kernel(filter, input))).powi(2)).sum()
        };
        let mut order: Vec<(f64, usize)> = (0..inputs).map(|input| (energy(input), input)).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut kept: Vec<usize> = order.into_iter().take(most).map(|(_, input)| input).collect();
        kept.sort_unstable();
        kept
    }

    /// Draws a kernel as an image with one pixel per weight: all three channels at once if they are the colors of the image,
    /// otherwise the channel `input`.
    ///
    /// # Panics
    /// When there is no kernel for these channels.
    pub fn image(&self, filter: usize, input: usize) -> Thumbnail {
        let [_, _, height, width] = self.shape;
        if !self.is_rgb {
            let weights = self.kernel(filter, input);
            return Thumbnail::of_colors(width, height, weights.iter().map(|&w| self.scale.color(w)));
        }
        let weights = self.filter(filter);
        let plane = height * width;
        let color = |i: usize| {
            let [r, g, b] = [0, 1, 2].map(|c| self.scale.position(weights[c * plane + i]));
            match [r, g, b].iter().all(|v| v.is_finite()) {
                true => striate_report::color::Rgb { r: gray(r).r, g: gray(g).g, b: gray(b).b },
                false => striate_report::color::Rgb::MISSING,
            }
        };
        Thumbnail::of_colors(width, height, (0..plane).map(color))
    }
}

fn norm(weights: &[f32]) -> f32 {
    let squares = weights.iter().filter(|w| w.is_finite()).map(|&w| f64::from(w) * f64::from(w));
    squares.sum::<f64>().sqrt() as f32
}
