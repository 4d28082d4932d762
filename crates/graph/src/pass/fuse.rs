//! Fuses an activation with the layer before it, a 2x2 max-pool with both, and a sum with a convolution or a batch norm before
//! it, and lets a linear layer read an image without flattening it.
//!
//! ```text
//! before   conv1 ── relu ── max_pool2d        flatten ── fc1 ── relu
//! after    max_pool2d = conv_relu_pool        relu = fc1 with activation, its weights in the order of the image
//!
//! before   conv2 ── add ── relu
//!              x ────┘
//! after    relu = conv2, which adds x, with activation
//! ```
//!
//! If each of two terms could add the other, the one that is computed last adds the other.
//!
//! The fused node takes the place of the last. The values in between no longer exist, so a value that is tapped, or that has a
//! second consumer, is never fused away.
//!
//! Only functions that take an instruction or two are fused ([`Activation::joins`]). Tried and rejected: fusing the other
//! functions too, applied to each row of the kernel when it was written. With the same bits, on one thread, EfficientNet-B0
//! (SiLU) took 20.7 ms of processor time instead of 20.6 for one photo, and MobileNetV3-large (hardswish) 9.3 instead of 9.4:
//! SiLU is bound by its arithmetic and not by memory.

use crate::graph::NodeId;
use crate::lower::{ConvReluPool, Form, Lowered};
use crate::op::{MaxPool2d, Op};
use striate_kernels::Activation;

/// Fuses what can be fused; the values in `keep` stay.
pub(crate) fn fuse(lowered: &mut Lowered<'_>, keep: &[NodeId]) {
    let (consumers, output) = (lowered.consumers(), lowered.graph.output);
    let free = |id: NodeId| consumers[id].len() == 1 && output != id && !keep.contains(&id);
    for id in 0..lowered.graph.nodes.len() {
        let Some(node) = lowered.node(id) else { continue };
        if let Form::Stored(Op::Add(_)) = node.form {
            join_sum(lowered, id, free);
            continue;
        }
        let Some(&before) = node.inputs.first() else { continue };
        let Some(first) = lowered.node(before).filter(|_| free(before)) else { continue };
        let Form::Stored(op) = &node.form else { continue };
        if let (Form::Stored(Op::Flatten(_)), Op::Linear(_)) = (&first.form, op) {
            let image = first.inputs[0];
            if consumers[image].len() == 1 && lies_as_a_vector(lowered, image) {
                lowered.set_inputs(id, vec![image]);
            }
            continue;
        }
        let form = match (&first.form, op) {
            (Form::Stored(first), op) if first.as_operation().takes_activation() => {
                let Some(activation) = joining(op) else { continue };
                Form::Joined { op: first.clone(), adds: false, activation }
            }
            (Form::Joined { op: first, adds, activation: Activation::None }, op) => {
                let Some(activation) = joining(op) else { continue };
                Form::Joined { op: first.clone(), adds: *adds, activation }
            }
            (Form::Joined { op: Op::Conv2d(conv), adds: false, activation }, Op::MaxPool2d(pool))
                if *activation == Activation::RELU
                    && *pool == MaxPool2d::TWO_BY_TWO
                    && ConvReluPool::fits(conv, lowered.shape(first.inputs[0]), lowered.arithmetic) =>
            {
                Form::ConvReluPool(ConvReluPool { conv: conv.clone(), whole: None })
            }
            _ => continue,
        };
        lowered.join(before, id, form);
    }
    lowered.remove_dead(keep);
}

/// Fuses the sum `id` with the last of its terms that can add the other.
fn join_sum(lowered: &mut Lowered<'_>, id: NodeId, free: impl Fn(NodeId) -> bool) {
    let Some(&[a, b]) = lowered.node(id).map(|node| &node.inputs[..]) else { return };
    let mut terms = [[a, b], [b, a]];
    terms.sort_by_key(|&[term, _]| std::cmp::Reverse(term));
    for [term, other] in terms {
        let Some(first) = lowered.node(term).filter(|_| free(term)) else { continue };
        let Form::Stored(op) = &first.form else { continue };
        if op.as_operation().takes_added() {
            let form = Form::Joined { op: op.clone(), adds: true, activation: Activation::None };
            let inputs = first.inputs.iter().copied().chain([other]).collect();
            lowered.join(term, id, form);
            lowered.set_inputs(id, inputs);
            return;
        }
    }
}

/// Whether an image, and its gradient, consist of whole blocks of channels without a halo, so that a linear layer can read the
/// values in the order in which they lie in memory.
fn lies_as_a_vector(lowered: &Lowered<'_>, id: NodeId) -> bool {
    let is_whole = matches!(*lowered.shape(id), [c, _, _] if c.is_multiple_of(striate_kernels::BLOCK));
    is_whole && lowered.grad_halo(id) == [0, 0]
}

/// The function of an operation that the kernel before it can apply.
fn joining(op: &Op) -> Option<Activation> {
    op.as_operation().activation().filter(|activation| activation.joins())
}
