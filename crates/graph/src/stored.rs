//! Graphs as files of format 1 may hold them. There, convolution, ReLU and 2x2 max-pool could be one operation,
//! `conv_relu_pool`, which is read as the three.
//!
//! Striate itself never wrote such a file, since passes never worked on a graph that was stored, but a graph assembled by hand
//! could contain the operation.

use crate::graph::{self, NodeId};
use crate::op::{Joined, MaxPool2d, Op, Operation, Relu, StoredOp};
use serde::Deserialize;

/// The form in which a [`Graph`](graph::Graph) is deserialized.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
    output: NodeId,
    #[serde(default)]
    auxiliary: Vec<graph::Auxiliary>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Node {
    op: StoredOp,
    inputs: Vec<NodeId>,
    shape: Vec<usize>,
    name: String,
    layer: String,
}

/// A fault in what was read remains in the result, where [`graph::Graph::check`] finds it.
impl From<Graph> for graph::Graph {
    fn from(Graph { nodes, output, auxiliary }: Graph) -> Self {
        let shapes: Vec<Vec<usize>> = nodes.iter().map(|node| node.shape.clone()).collect();
        let mut len = 0;
        let place = |node: &Node| {
            len += if matches!(node.op, StoredOp::ConvReluPool { .. }) { 3 } else { 1 };
            len - 1
        };
        let places: Vec<NodeId> = nodes.iter().map(place).collect();
        let more = len - places.len();
        // An index that was out of range stays out of range.
        let now = |id: NodeId| places.get(id).copied().unwrap_or(id.saturating_add(more));
        let mut made: Vec<graph::Node> = Vec::with_capacity(len);
        for Node { op, inputs: stored, shape, name, layer } in nodes {
            let inputs = stored.iter().map(|&id| now(id)).collect();
            match Op::try_from(op) {
                Ok(op) => made.push(graph::Node { op, inputs, shape, name, layer }),
                Err(Joined(conv)) => {
                    let read: Vec<&[usize]> =
                        stored.iter().filter_map(|&id| shapes.get(id)).map(Vec::as_slice).collect();
                    let whole = conv.shape(&read).unwrap_or_default();
                    let at = made.len();
                    made.push(graph::Node {
                        op: conv.into(),
                        inputs,
                        shape: whole.clone(),
                        name: format!("{name}.conv2d"),
                        layer,
                    });
                    made.push(graph::Node {
                        op: Relu {}.into(),
                        inputs: vec![at],
                        shape: whole,
                        name: format!("{name}.relu"),
                        layer: String::new(),
                    });
                    made.push(graph::Node {
                        op: MaxPool2d::TWO_BY_TWO.into(),
                        inputs: vec![at + 1],
                        shape,
                        name,
                        layer: String::new(),
                    });
                }
            }
        }
        let moved = |a: graph::Auxiliary| graph::Auxiliary { logits: now(a.logits), ..a };
        Self { nodes: made, output: now(output), auxiliary: auxiliary.into_iter().map(moved).collect() }
    }
}
