//! Joins an activation to the layer before it, a 2x2 max-pool to both, and lets a linear layer read an image where it lies.
//!
//! ```text
//! before   conv1 ── relu ── max_pool2d        flatten ── fc1 ── relu
//! after    max_pool2d = conv_relu_pool        relu = fc1 with activation, its weights in the order of the image
//! ```
//!
//! The joined node takes the name and place of the last; values in between are gone, so a value that somebody taps, or
//! that has a second consumer, is never joined.

use crate::graph::{Graph, NodeId};
use crate::op::{ConvReluPool, MaxPool2d, Op};
use striate_kernels::Activation;

/// Joins what can be joined; the values of nodes named in `keep` stay.
pub(crate) fn fuse(graph: &mut Graph, keep: &[&str]) {
    let consumers = graph.consumers();
    let free = |graph: &Graph, id: NodeId| {
        consumers[id].len() == 1 && graph.output != id && !keep.contains(&graph.nodes[id].name.as_str())
    };
    for id in 0..graph.nodes.len() {
        let Some(&before) = graph.nodes[id].inputs.first() else { continue };
        if !free(graph, before) {
            continue;
        }
        if let (Op::Flatten(_), Op::Linear(_)) = (&graph.nodes[before].op, &graph.nodes[id].op) {
            let image = graph.nodes[before].inputs[0];
            if consumers[image].len() == 1 && lies_as_a_vector(graph, image) {
                graph.nodes[id].inputs = vec![image];
            }
            continue;
        }
        let op = match (&graph.nodes[before].op, &graph.nodes[id].op) {
            (Op::Conv2d(conv), op) if conv.activation == Activation::None && joining(op).is_some() => {
                let activation = joining(op).unwrap_or(Activation::None);
                Op::Conv2d(crate::op::Conv2d { activation, ..conv.clone() })
            }
            (Op::Linear(linear), op) if linear.activation == Activation::None && joining(op).is_some() => {
                let activation = joining(op).unwrap_or(Activation::None);
                Op::Linear(crate::op::Linear { activation, ..linear.clone() })
            }
            (Op::Conv2d(conv), Op::MaxPool2d(pool))
                if conv.activation == Activation::RELU
                    && is_2x2(pool)
                    && ConvReluPool::fits(conv, &graph.nodes[graph.nodes[before].inputs[0]].shape) =>
            {
                let conv = crate::op::Conv2d { activation: Activation::None, ..conv.clone() };
                Op::ConvReluPool(ConvReluPool { conv, whole: None })
            }
            _ => continue,
        };
        let layer = graph.nodes[before].layer.clone();
        let inputs = graph.nodes[before].inputs.clone();
        let node = &mut graph.nodes[id];
        (node.op, node.layer, node.inputs) = (op, layer, inputs);
    }
    graph.remove_dead(keep);
}

/// Whether an image, and its gradient, are whole blocks of channels without a halo: a linear layer multiplies them in the
/// order in which they lie.
fn lies_as_a_vector(graph: &Graph, id: NodeId) -> bool {
    let node = &graph.nodes[id];
    let is_whole = matches!(node.shape[..], [c, _, _] if c.is_multiple_of(striate_kernels::BLOCK));
    let own = graph.input_shapes(id).first().map_or([0, 0], |x| node.operation().grad_halos(x).0);
    is_whole && own == [0, 0]
}

/// The function of an operation that can end the kernel in front.
fn joining(op: &Op) -> Option<Activation> {
    op.as_operation().activation().filter(|activation| activation.joins())
}

pub(super) fn is_2x2(pool: &MaxPool2d) -> bool {
    *pool
        == MaxPool2d {
            kernel_size: [2, 2],
            stride: [2, 2],
            padding: [0, 0],
            dilation: [1, 1],
            ceil_mode: false,
        }
}
