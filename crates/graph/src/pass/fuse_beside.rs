//! Joins convolution, ReLU and 2x2 max-pool though somebody looks at the convolution's value: the joined kernel leaves it
//! beside, and nobody reads it back.
//!
//! ```text
//! before   conv1 (looked at) ── relu ── max_pool2d
//! after    max_pool2d = conv_relu_pool, which leaves conv1
//! ```

use super::fuse::is_2x2;
use crate::graph::{Graph, NodeId};
use crate::op::{ConvReluPool, Op};
use striate_kernels::Activation;

/// Joins what can be joined of the values in `beside`, which are looked at and no more; they leave `keep`, the names of all
/// values that stay.
pub(crate) fn fuse_beside(graph: &mut Graph, keep: &mut Vec<&str>, beside: &[&str]) {
    let consumers = graph.consumers();
    for id in 0..graph.nodes.len() {
        let Op::MaxPool2d(pool) = &graph.nodes[id].op else { continue };
        let relu = graph.nodes[id].inputs[0];
        let Op::Relu(_) = graph.nodes[relu].op else { continue };
        let conv = graph.nodes[relu].inputs[0];
        let Op::Conv2d(op) = &graph.nodes[conv].op else { continue };
        let alone = |id: NodeId| consumers[id].len() == 1 && graph.output != id;
        let name = graph.nodes[conv].name.clone();
        let is_even = graph.nodes[conv].shape[1..].iter().all(|side| side % 2 == 0);
        let fits = op.activation == Activation::None
            && is_2x2(pool)
            && is_even
            && ConvReluPool::fits(op, &graph.nodes[graph.nodes[conv].inputs[0]].shape);
        let is_hidden = !keep.contains(&graph.nodes[relu].name.as_str());
        if !(fits && is_hidden && alone(relu) && alone(conv) && beside.contains(&name.as_str())) {
            continue;
        }
        keep.retain(|kept| *kept != name);
        let (layer, inputs) = (graph.nodes[conv].layer.clone(), graph.nodes[conv].inputs.clone());
        let op = Op::ConvReluPool(ConvReluPool { conv: op.clone(), whole: Some(name) });
        let node = &mut graph.nodes[id];
        (node.op, node.layer, node.inputs) = (op, layer, inputs);
    }
    graph.remove_dead(keep);
}
