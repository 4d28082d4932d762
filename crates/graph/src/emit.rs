//! The context that an operation receives to add its kernels to a program, forward and backward.

use crate::arithmetic::Arithmetic;
use crate::node_id::NodeId;
use std::collections::BTreeMap;
use striate_kernels::Activation;
use striate_kernels::{ActivateBackward, Buf, Builder, Copy, Plane, ReluRule, Value};

/// The context in which an operation adds its forward kernels.
pub struct ForwardKernels<'a> {
    /// The program so far.
    pub program: &'a mut Builder,
    /// Whether a backward pass follows.
    pub train: bool,
    /// The arithmetic for sums of products.
    pub arithmetic: Arithmetic,
    /// The positions of the inputs in memory.
    pub x: &'a [Value],
    /// The shape of one sample of each input.
    pub shapes: &'a [&'a [usize]],
    /// The position of the output in memory.
    pub y: Value,
    /// The parameters, in the order of [`Operation::params`](crate::op::Operation::params).
    pub params: &'a [Buf],
    /// A value that the kernel adds to its sums, if the operation [supports](crate::op::Operation::takes_added) that.
    pub added: Option<Value>,
    /// The function that the kernel applies last, if the operation [supports](crate::op::Operation::takes_activation) that.
    pub activation: Activation,
    /// The name of the node.
    pub name: &'a str,
    pub(crate) saved: &'a mut Vec<Buf>,
    /// Values that are observed.
    pub(crate) kept: &'a mut BTreeMap<NodeId, Value>,
}

impl ForwardKernels<'_> {
    /// Allocates a buffer for each tile, which the backward pass receives in `saved`, in the order of the calls; `len` is the
    /// length for one sample.
    pub fn save(&mut self, len: usize) -> Buf {
        let buf = self.program.buffer(len.saturating_mul(self.program.tile()));
        self.remember(buf);
        buf
    }

    /// A value that nothing in the program reads, for observing this node.
    pub(crate) fn hold_beside(&mut self, id: NodeId, plane: Plane) -> Value {
        let value = value(self.program, plane);
        self.program.hold(value.buf, plane.sample_len());
        self.kept.insert(id, value);
        value
    }

    /// Makes a buffer available to the backward pass.
    pub fn remember(&mut self, buf: Buf) {
        self.saved.push(buf);
    }
}

/// The context in which an operation adds its backward kernels.
pub struct BackwardKernels<'a> {
    /// The program so far.
    pub program: &'a mut Builder,
    /// The arithmetic for sums of products.
    pub arithmetic: Arithmetic,
    /// The inputs of the forward pass.
    pub x: &'a [Value],
    /// The shape of one sample of each input.
    pub shapes: &'a [&'a [usize]],
    /// The output of the forward pass.
    pub y: Value,
    /// The gradient of the output. No other kernel reads it, so it may be changed in place.
    pub dy: Value,
    /// The gradients of the inputs, which must be written; `None` where they are not needed.
    pub dx: Vec<Option<Value>>,
    /// The sum of what other operations contributed to the gradient of the first input. It must be added to that gradient, if
    /// the operation [supports](crate::op::Operation::takes_gradient) that.
    pub so_far: Option<Value>,
    /// Whether the forward kernel added a value ([`ForwardKernels::added`]).
    pub adds: bool,
    /// The gradient of that value, which must be written where it is needed.
    pub dadded: Option<Value>,
    /// The function that the forward kernel applied last.
    pub activation: Activation,
    /// The parameters, in the order of [`Operation::params`](crate::op::Operation::params).
    pub params: &'a [Buf],
    /// The gradients of the parameters, which must be written: one for each trainable parameter, all `None` for a frozen layer.
    pub grads: &'a [Option<Buf>],
    /// The buffers that the forward pass saved, in the order of the calls.
    pub saved: &'a [Buf],
    /// The rule by which ReLU and ReLU6 pass the gradient back, alone or fused with another operation.
    pub relu: ReluRule,
    /// The name of the node.
    pub name: &'a str,
}

impl BackwardKernels<'_> {
    /// Allocates a value that only this operation uses.
    pub fn scratch(&mut self, plane: Plane) -> Value {
        value(self.program, plane)
    }

    /// Adds kernels that take the gradient back through what the forward kernel did after the operation itself.
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

    /// Returns the buffer for the gradient of parameter `i`; for a frozen parameter, a buffer of `len` values that no kernel
    /// reads.
    pub fn grad_or_scratch(&mut self, i: usize, len: usize) -> Buf {
        self.grads[i].unwrap_or_else(|| self.program.buffer(len))
    }
}

pub(crate) fn value(program: &mut Builder, plane: Plane) -> Value {
    Value { buf: program.buffer(plane.sample_len().saturating_mul(program.tile())), plane }
}
