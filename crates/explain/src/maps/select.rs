//! The choice of layers by name or pattern.

use striate_base::near::most_similar;
use striate_graph::op::{Role, Sign};
use striate_graph::rates::matches;
use striate_graph::{Graph, NodeId};

use crate::error::ExplainError;

/// The number of similar names that an error lists.
const NEAR: usize = 5;

/// Selects the layers to show: all convolutions and activations with feature maps, or those whose names match one of
/// `patterns`. They are in the order in which they run.
///
/// In a pattern `*` stands for any text and `?` for one character; a pattern that matches the name of a block selects everything
/// in it.
///
/// # Errors
/// [`ExplainError::NoLayer`] for a pattern that matches no layer, with the most similar names.
pub fn select(graph: &Graph, patterns: &[String]) -> Result<Vec<NodeId>, ExplainError> {
    if patterns.is_empty() {
        let shows = |id: &NodeId| {
            let node = &graph.nodes[*id];
            node.shape.len() == 3 && matches!(node.operation().role(), Role::Convolution | Role::Activation)
        };
        return Ok((0..graph.nodes.len()).filter(shows).collect());
    }
    let names: Vec<&str> = graph.nodes.iter().map(|node| node.name.as_str()).collect();
    chosen(&names, patterns)
}

/// The indices of the names that match one of the patterns.
pub(crate) fn chosen(names: &[&str], patterns: &[String]) -> Result<Vec<usize>, ExplainError> {
    for pattern in patterns {
        if !names.iter().any(|name| matches(pattern, name)) {
            return Err(ExplainError::NoLayer { pattern: pattern.clone(), near: near(names, pattern) });
        }
    }
    let is_meant = |&i: &usize| patterns.iter().any(|pattern| matches(pattern, names[i]));
    Ok((0..names.len()).filter(is_meant).collect())
}

/// The names most like `wanted`.
pub(crate) fn near(names: &[&str], wanted: &str) -> Vec<String> {
    most_similar(wanted, names, NEAR)
}

/// Whether a value can be negative for any image; the output of a ReLU, and maxima and means of it, cannot.
pub(crate) fn is_signed(graph: &Graph, id: NodeId) -> bool {
    let node = &graph.nodes[id];
    match node.operation().sign() {
        Sign::NonNegative => false,
        Sign::OfInputs => node.inputs.iter().any(|&input| is_signed(graph, input)),
        Sign::Any => true,
    }
}
