//! Learning rates by parameter: patterns of names, with factors of the learning rate.
//!
//! `rate(parameter) = learning_rate · scale` of the first pattern that matches its name, else `learning_rate`. A scale of 0
//! freezes the parameter: no gradient is computed and no optimizer state is kept for it, and a batch norm whose weight is
//! frozen normalizes by its running statistics, which stay as they are.

pub use crate::glob::matches;

use crate::graph::Graph;
use crate::op::Op;
use crate::plan_error::PlanError;

/// The factor of a parameter's learning rate.
pub(crate) fn scale_of(rates: &[(String, f32)], name: &str) -> f32 {
    rates.iter().find(|(pattern, _)| matches(pattern, name)).map_or(1.0, |&(_, scale)| scale)
}

/// Rejects patterns that match nothing, scales that are negative or not finite, and a network of which every parameter is
/// frozen.
///
/// # Errors
/// [`PlanError::Pattern`], [`PlanError::Scale`], [`PlanError::Frozen`].
pub fn check(graph: &Graph, rates: &[(String, f32)]) -> Result<(), PlanError> {
    let names: Vec<String> =
        graph.params().into_iter().filter(|(_, p)| p.trainable).map(|(name, _)| name).collect();
    for (pattern, scale) in rates {
        if !(scale.is_finite() && *scale >= 0.0) {
            return Err(PlanError::Scale { pattern: pattern.clone(), scale: *scale });
        }
        if !names.iter().any(|name| matches(pattern, name)) {
            let layers = layer_groups(graph).into_iter().map(|group| group.name).collect();
            return Err(PlanError::Pattern { pattern: pattern.clone(), layers });
        }
    }
    if !names.is_empty() && names.iter().all(|name| scale_of(rates, name) == 0.0) {
        return Err(PlanError::Frozen { parameters: names.len() });
    }
    Ok(())
}

/// Makes batch norms whose weight is frozen use their running statistics.
pub(crate) fn freeze_batch_norms(graph: &mut Graph, rates: &[(String, f32)]) {
    for node in &mut graph.nodes {
        if let Op::BatchNorm2d(norm) = &mut node.op
            && scale_of(rates, &format!("{}.weight", node.layer)) == 0.0
        {
            norm.training = false;
        }
    }
}

/// A step on the way from the images to the logits: a layer with parameters, or a block of them, together with its batch norm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerGroup {
    /// The path of the block or of its first layer, such as `conv1` or `layer1.0`.
    pub name: String,
    /// The paths of its layers with parameters, in the order of use.
    pub layers: Vec<String>,
}

/// Returns the groups of a network in the order of use. Layer-wise learning rates count them, and `freeze = 3` freezes the
/// first three.
///
/// Layers that share the path up to its first number form a block; a batch norm outside of blocks belongs to the layer before
/// it.
///
/// # PyTorch
/// The groups are those of timm's `--layer-decay` for its convolutional networks: the stem, each block, the head.
pub fn layer_groups(graph: &Graph) -> Vec<LayerGroup> {
    let mut groups: Vec<LayerGroup> = Vec::new();
    for node in graph.nodes.iter().filter(|node| !node.params().is_empty()) {
        let name = block(&node.layer);
        let known = groups.iter().position(|group| group.name == name);
        let norm = matches!(node.op, Op::BatchNorm2d(_)) && !groups.is_empty();
        match known.or(norm.then(|| groups.len() - 1)) {
            Some(at) if groups[at].layers.contains(&node.layer) => {}
            Some(at) => groups[at].layers.push(node.layer.clone()),
            None => groups.push(LayerGroup { name: name.into(), layers: vec![node.layer.clone()] }),
        }
    }
    groups
}

/// `layer1.0` of `layer1.0.conv2`; a path without a number is its own block.
fn block(layer: &str) -> &str {
    let mut end = 0;
    for part in layer.split('.') {
        end += part.len();
        if part.bytes().all(|c| c.is_ascii_digit()) {
            return &layer[..end];
        }
        end += 1;
    }
    layer
}

/// Returns factors that start at 1 for the last group and fall by a factor of `decay` per group toward the images.
///
/// # Source
/// Clark et al. 2020, section 3.1, layer-wise learning-rate decay; timm's `--layer-decay`.
pub fn layer_decay(graph: &Graph, decay: f32) -> Vec<(String, f32)> {
    let groups = layer_groups(graph);
    let last = groups.len().saturating_sub(1);
    let of = |(depth, group): (usize, LayerGroup)| {
        // Multiplied one by one, to give the same bits everywhere, which `powi` does not guarantee.
        let scale = (depth..last).fold(1.0, |product, _| product * decay);
        group.layers.into_iter().map(move |layer| (layer, scale))
    };
    groups.into_iter().enumerate().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_pattern_that_matches_counts() {
        let rates = [("fc".to_string(), 1.0), ("*.bias".into(), 0.5), ("*".into(), 0.0)];
        assert_eq!(["fc.bias", "conv.bias", "conv.weight"].map(|n| scale_of(&rates, n)), [1.0, 0.5, 0.0]);
        assert_eq!(scale_of(&[], "conv.weight"), 1.0);
    }

    #[test]
    fn blocks_end_at_the_first_number() {
        for (layer, expected) in [
            ("conv1", "conv1"),
            ("layer1.0.conv2", "layer1.0"),
            ("features.12", "features.12"),
            ("features.3.conv.0.1", "features.3"),
            ("7", "7"),
            ("", ""),
        ] {
            assert_eq!(block(layer), expected);
        }
    }
}
