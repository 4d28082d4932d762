//! Which operations belong to one value: the one that adds, and the batch norm and activation behind it.

use striate_graph::op::Op;
use striate_graph::{Graph, NodeId};

use crate::error::InspectError;

/// The operations of the value that is made at `id`, the one that adds or chooses first.
///
/// Asked for any of convolution, batch norm and ReLU, it is all three, where the next alone reads the one before.
///
/// # Errors
/// [`InspectError::NoSum`] for an operation that only moves values, or mixes all classes.
pub(super) fn chain(graph: &Graph, id: NodeId) -> Result<Vec<NodeId>, InspectError> {
    let op = |id: NodeId| &graph.nodes[id].op;
    let mut ids = vec![id];
    loop {
        let first = ids[0];
        let &[before] = &graph.nodes[first].inputs[..] else { break };
        let belongs = match op(first) {
            Op::Relu(_) | Op::Relu6(_) => adds(op(before)) || matches!(op(before), Op::BatchNorm2d(_)),
            Op::BatchNorm2d(_) => matches!(op(before), Op::Conv2d(_)),
            _ => false,
        };
        if !belongs {
            break;
        }
        ids.insert(0, before);
    }
    let first = op(ids[0]);
    if !adds(first) && !matches!(first, Op::Relu(_) | Op::Relu6(_) | Op::BatchNorm2d(_)) {
        let layers = (0..graph.nodes.len()).filter(|&id| adds(op(id)));
        let layers = layers.map(|id| graph.nodes[id].name.clone()).collect();
        return Err(InspectError::NoSum {
            layer: graph.nodes[id].name.clone(),
            op: first.as_operation().name(),
            layers,
        });
    }
    loop {
        let last = ids[ids.len() - 1];
        let Some(next) = only_reader(graph, last) else { break };
        let belongs = match op(next) {
            Op::BatchNorm2d(_) => matches!(op(last), Op::Conv2d(_)),
            Op::Relu(_) | Op::Relu6(_) => !matches!(op(last), Op::Relu(_) | Op::Relu6(_)),
            _ => false,
        };
        if !belongs {
            break;
        }
        ids.push(next);
    }
    Ok(ids)
}

/// Whether an operation makes one value of several.
fn adds(op: &Op) -> bool {
    matches!(
        op,
        Op::Conv2d(_)
            | Op::Linear(_)
            | Op::MaxPool2d(_)
            | Op::AvgPool2d(_)
            | Op::AdaptiveAvgPool2d(_)
            | Op::Add(_)
    )
}

/// The one operation that reads a value, where nothing else does and it is not the output.
pub(super) fn only_reader(graph: &Graph, id: NodeId) -> Option<NodeId> {
    let mut readers = (0..graph.nodes.len()).filter(|&other| graph.nodes[other].inputs.contains(&id));
    match (readers.next(), readers.next()) {
        (Some(one), None) if graph.output != id => Some(one),
        _ => None,
    }
}

/// Whether the engine folds the batch norm at the second place of a chain into the convolution at the first.
pub(super) fn folds(graph: &Graph, chain: &[NodeId]) -> bool {
    let &[conv, norm, ..] = chain else { return false };
    let nodes = &graph.nodes;
    let once = |id: NodeId| nodes.iter().filter(|node| node.layer == nodes[id].layer).count() == 1;
    matches!((&nodes[conv].op, &nodes[norm].op), (Op::Conv2d(_), Op::BatchNorm2d(bn)) if !bn.training)
        && only_reader(graph, conv) == Some(norm)
        && once(conv)
        && once(norm)
}
