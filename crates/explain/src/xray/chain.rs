//! The operations that compute one value: the sum, and the batch norm and activation after it.

use striate_graph::op::{Role, Terms};
use striate_graph::{Graph, NodeId};

use crate::error::ExplainError;

/// The operations of the value that is made at `id`, the one that adds or chooses first.
///
/// Asked for any of convolution, batch norm and ReLU, it is all three, where the next alone reads the one before.
///
/// # Errors
/// [`ExplainError::NoSum`] for an operation that only moves values, mixes all classes, or has no sum that can be shown.
pub(super) fn chain(graph: &Graph, id: NodeId) -> Result<Vec<NodeId>, ExplainError> {
    let role = |id: NodeId| graph.nodes[id].operation().role();
    let mut ids = vec![id];
    loop {
        let first = ids[0];
        let &[before] = &graph.nodes[first].inputs[..] else { break };
        let belongs = match role(first) {
            Role::Activation => adds(graph, before) || is_step(graph, before) && role(before) == Role::Norm,
            Role::Norm => role(before) == Role::Convolution,
            _ => false,
        };
        if !(belongs && is_step(graph, first)) {
            break;
        }
        ids.insert(0, before);
    }
    if !adds(graph, ids[0]) && !is_step(graph, ids[0]) {
        let first = &graph.nodes[ids[0]];
        let layers = (0..graph.nodes.len()).filter(|&id| adds(graph, id));
        let layers = layers.map(|id| graph.nodes[id].name.clone()).collect();
        return Err(ExplainError::NoSum { layer: first.name.clone(), op: first.operation().name(), layers });
    }
    loop {
        let last = ids[ids.len() - 1];
        let Some(next) = graph.sole_reader(last) else { break };
        let belongs = match role(next) {
            Role::Norm => role(last) == Role::Convolution,
            Role::Activation => role(last) != Role::Activation,
            _ => false,
        };
        if !(belongs && is_step(graph, next)) {
            break;
        }
        ids.push(next);
    }
    Ok(ids)
}

/// How a node makes one value; at which place does not matter.
fn terms(graph: &Graph, id: NodeId) -> Option<Terms> {
    graph.nodes[id].operation().terms(&graph.input_shapes(id), [0, 0, 0])
}

/// Whether an operation makes one value of several.
fn adds(graph: &Graph, id: NodeId) -> bool {
    terms(graph, id).is_some_and(|terms| terms != Terms::Own)
}

/// Whether an operation changes one value, in a way that can be shown.
fn is_step(graph: &Graph, id: NodeId) -> bool {
    let operation = graph.nodes[id].operation();
    let is_known = operation.activation().is_some() || operation.running_norm().is_some();
    is_known && terms(graph, id) == Some(Terms::Own)
}

/// Whether the engine folds the batch norm at the second place of a chain into the convolution at the first.
pub(super) fn folds(graph: &Graph, chain: &[NodeId]) -> bool {
    let &[conv, norm, ..] = chain else { return false };
    let nodes = &graph.nodes;
    let once = |id: NodeId| nodes.iter().filter(|node| node.layer == nodes[id].layer).count() == 1;
    nodes[conv].operation().role() == Role::Convolution
        && nodes[norm].operation().running_norm().is_some()
        && graph.sole_reader(conv) == Some(norm)
        && once(conv)
        && once(norm)
}
