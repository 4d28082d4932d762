//! Fuses convolution, ReLU and 2x2 max-pool even if the convolution's value is observed: the fused kernel also writes that
//! value to memory, and does not read it back.
//!
//! ```text
//! before   conv1 (looked at) ── relu ── max_pool2d
//! after    max_pool2d = conv_relu_pool, which leaves conv1
//! ```

use crate::graph::NodeId;
use crate::lower::{ConvReluPool, Form, Lowered};
use crate::op::{MaxPool2d, Op};

/// Fuses around the values in `beside`, which are only observed. They are removed from `keep`, the values that must stay.
pub(crate) fn fuse_beside(lowered: &mut Lowered<'_>, keep: &mut Vec<NodeId>, beside: &[NodeId]) {
    let (consumers, output) = (lowered.consumers(), lowered.graph.output);
    let alone = |id: NodeId| consumers[id].len() == 1 && output != id;
    for id in 0..lowered.graph.nodes.len() {
        let Some((Op::MaxPool2d(pool), inputs)) = stored(lowered, id) else { continue };
        let relu = inputs[0];
        let Some((Op::Relu(_), inputs)) = stored(lowered, relu) else { continue };
        let conv = inputs[0];
        let Some((Op::Conv2d(op), inputs)) = stored(lowered, conv) else { continue };
        let is_even = lowered.shape(conv)[1..].iter().all(|side| side % 2 == 0);
        let fits = *pool == MaxPool2d::TWO_BY_TWO
            && is_even
            && ConvReluPool::fits(op, lowered.shape(inputs[0]), lowered.arithmetic);
        let is_hidden = !keep.contains(&relu);
        if !(fits && is_hidden && alone(relu) && alone(conv) && beside.contains(&conv)) {
            continue;
        }
        keep.retain(|&kept| kept != conv);
        let form = Form::ConvReluPool(ConvReluPool { conv: op.clone(), whole: Some(conv) });
        lowered.join(conv, id, form);
    }
    lowered.remove_dead(keep);
}

/// The operation and the inputs of a node that no pass has changed.
fn stored<'a>(lowered: &'a Lowered<'_>, id: NodeId) -> Option<(&'a Op, &'a [NodeId])> {
    let node = lowered.node(id)?;
    let Form::Stored(op) = &node.form else { return None };
    Some((op, &node.inputs))
}
