//! What an operation is given to add its kernels to a program, forward and backward.

use crate::arithmetic::Arithmetic;
use crate::node_id::NodeId;
use std::collections::BTreeMap;
use striate_kernels::Activation;
use striate_kernels::{ActivateBackward, Buf, Builder, Copy, Plane, ReluRule, Value};

/// What an operation adds its forward kernels to.
pub struct Forward<'a> {
    /// The program so far.
    pub program: &'a mut Builder,
    /// Whether a backward pass follows.
    pub train: bool,
    /// How sums of products may be computed.
    pub arithmetic: Arithmetic,
    /// Inputs.
    pub x: &'a [Value],
    /// Shapes of the inputs.
    pub shapes: &'a [&'a [usize]],
    /// Output.
    pub y: Value,
    /// Parameters in order.
    pub params: &'a [Buf],
    /// What the kernel adds to its sums, where the operation [takes](crate::op::Operation::takes_added) that.
    pub added: Option<Value>,
    /// What the kernel ends in, where the operation [takes](crate::op::Operation::takes_activation) that.
    pub activation: Activation,
    /// Name of the node.
    pub name: &'a str,
    pub(crate) saved: &'a mut Vec<Buf>,
    /// Values that are looked at.
    pub(crate) kept: &'a mut BTreeMap<NodeId, Value>,
}

impl Forward<'_> {
    /// A buffer for each tile that the backward pass gets as `saved`, in the order of the calls; `len` is a sample's.
    pub fn save(&mut self, len: usize) -> Buf {
        let buf = self.program.buffer(len.saturating_mul(self.program.tile()));
        self.remember(buf);
        buf
    }

    /// A value that nobody reads but whoever looks at this node.
    pub(crate) fn hold_beside(&mut self, id: NodeId, plane: Plane) -> Value {
        let value = value(self.program, plane);
        self.program.hold(value.buf, plane.sample_len());
        self.kept.insert(id, value);
        value
    }

    /// Hands a buffer to the backward pass.
    pub fn remember(&mut self, buf: Buf) {
        self.saved.push(buf);
    }
}

/// What an operation adds its backward kernels to.
pub struct Backward<'a> {
    /// The program so far.
    pub program: &'a mut Builder,
    /// How sums of products may be computed.
    pub arithmetic: Arithmetic,
    /// Inputs of the forward pass.
    pub x: &'a [Value],
    /// Shapes of the inputs.
    pub shapes: &'a [&'a [usize]],
    /// Output of the forward pass.
    pub y: Value,
    /// Gradient of the output; nobody else needs it, so it may be changed in place.
    pub dy: Value,
    /// Gradients of the inputs to be written, where they are needed.
    pub dx: Vec<Option<Value>>,
    /// What other operations made of the gradient of the first input, to be added to it, where the operation
    /// [takes](crate::op::Operation::takes_gradient) that.
    pub so_far: Option<Value>,
    /// Whether the forward kernel added a value.
    pub adds: bool,
    /// Gradient of that value to be written, where it is needed.
    pub dadded: Option<Value>,
    /// What the forward kernel ended in.
    pub activation: Activation,
    /// Parameters in order.
    pub params: &'a [Buf],
    /// Their gradients to be written: those of all trainable ones, or `None` for all of a frozen layer.
    pub grads: &'a [Option<Buf>],
    /// What the forward pass saved.
    pub saved: &'a [Buf],
    /// What ReLU and ReLU6 do to the gradient, on their own and joined to others.
    pub relu: ReluRule,
    /// Name of the node.
    pub name: &'a str,
}

impl Backward<'_> {
    /// A value that only this operation uses.
    pub fn scratch(&mut self, plane: Plane) -> Value {
        value(self.program, plane)
    }

    /// Takes the gradient through what the forward kernel did behind the operation itself, by kernels of their own.
    pub(crate) fn pass_end(&mut self) {
        let act = self.activation;
        if act != Activation::None {
            let dx = self.scratch(self.dy.plane);
            self.program.push(ActivateBackward {
                x: self.y,
                y: self.y,
                dy: self.dy,
                dx,
                act,
                rule: self.relu,
            });
            self.dy = dx;
        }
        if let Some(dadded) = self.dadded {
            self.program.push(Copy { x: self.dy, y: dadded });
        }
    }

    /// The gradient of parameter `i`, or of one that is frozen and has `len` values, a buffer that nobody reads.
    pub fn grad_or_scratch(&mut self, i: usize, len: usize) -> Buf {
        self.grads[i].unwrap_or_else(|| self.program.buffer(len))
    }
}

pub(crate) fn value(program: &mut Builder, plane: Plane) -> Value {
    Value { buf: program.buffer(plane.sample_len().saturating_mul(program.tile())), plane }
}
