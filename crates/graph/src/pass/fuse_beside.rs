//! Joins convolution, ReLU and 2x2 max-pool though somebody looks at the convolution's value: the joined kernel leaves it
//! beside, and nobody reads it back.
//!
//! ```text
//! before   conv1 (looked at) ── relu ── max_pool2d
//! after    max_pool2d = conv_relu_pool, which leaves conv1
//! ```

use super::fuse::is_2x2;
use crate::graph::NodeId;
use crate::lower::{Lowered, LoweredNode};
use crate::op::{ConvReluPool, Op};
use striate_kernels::Activation;

/// Joins what can be joined of the values in `beside`, which are looked at and no more; they leave `keep`, all
/// values that stay.
pub(crate) fn fuse_beside(lowered: &mut Lowered<'_>, keep: &mut Vec<NodeId>, beside: &[NodeId]) {
    let (consumers, output) = (lowered.consumers(), lowered.graph.output);
    let alone = |id: NodeId| consumers[id].len() == 1 && output != id;
    for id in 0..lowered.graph.nodes.len() {
        let Some(LoweredNode { op: Op::MaxPool2d(pool), inputs, .. }) = lowered.node(id) else { continue };
        let relu = inputs[0];
        let Some(LoweredNode { op: Op::Relu(_), inputs, .. }) = lowered.node(relu) else { continue };
        let conv = inputs[0];
        let Some(LoweredNode { op: Op::Conv2d(op), inputs, .. }) = lowered.node(conv) else { continue };
        let is_even = lowered.shape(conv)[1..].iter().all(|side| side % 2 == 0);
        let fits = op.activation == Activation::None
            && is_2x2(pool)
            && is_even
            && ConvReluPool::fits(op, lowered.shape(inputs[0]));
        let is_hidden = !keep.contains(&relu);
        if !(fits && is_hidden && alone(relu) && alone(conv) && beside.contains(&conv)) {
            continue;
        }
        keep.retain(|&kept| kept != conv);
        let op = Op::ConvReluPool(ConvReluPool { conv: op.clone(), whole: Some(conv) });
        lowered.join(conv, id, op);
    }
    lowered.remove_dead(keep);
}
