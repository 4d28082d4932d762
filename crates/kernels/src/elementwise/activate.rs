//! ReLU and ReLU6 on their own: `y = act(x)`, and `dx = dy · act'(x)`.
//!
//! The backward pass looks at the *output*: `y > 0`, for ReLU6 also `y < 6`, says as much about the derivative as the
//! input does, so the input need not be kept. The derivative at the kinks is 0, as in PyTorch. A NaN in `y` stops the
//! gradient (PyTorch passes it; the loss is NaN anyway).

use super::map::{Op, map};
use crate::conv::Activation;
use crate::cut;
use crate::plane::Value;
use crate::program::{Buf, Cx, Kernel};
use crate::simd::Simd;

/// `y = act(x)`; any halos, any block.
#[derive(Debug)]
pub struct Activate {
    /// Input.
    pub x: Value,
    /// Output, in another buffer.
    pub y: Value,
    /// What to do.
    pub act: Activation,
}

/// `dx = dy` where the activation's output lies on its slope, else 0.
#[derive(Debug)]
pub struct ActivateBackward {
    /// Output of the forward pass.
    pub y: Value,
    /// Gradient of the output.
    pub dy: Value,
    /// Gradient of the input, in another buffer.
    pub dx: Value,
    /// What the forward pass did.
    pub act: Activation,
}

impl Op<1> for Activation {
    #[inline(always)]
    fn apply<V: Simd>(self, [x]: [V; 1]) -> V {
        Activation::apply(self, x)
    }
}

impl Op<2> for Activation {
    #[inline(always)]
    fn apply<V: Simd>(self, [y, dy]: [V; 2]) -> V {
        let positive = y.gt(V::zero());
        match self {
            Activation::None => dy,
            Activation::Relu => V::select(positive, dy, V::zero()),
            Activation::Relu6 => V::select(V::and(positive, V::splat(6.0).gt(y)), dy, V::zero()),
        }
    }
}

// SAFETY: a task writes its blocks of y.
unsafe impl Kernel for Activate {
    fn name(&self) -> &'static str {
        "activation"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.x.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::check_same("activation", &self.x, &self.y);
        cut::block_tasks(&self.y.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        map(cx, task, [self.x], self.y, self.act);
    }
}

// SAFETY: a task writes its blocks of dx.
unsafe impl Kernel for ActivateBackward {
    fn name(&self) -> &'static str {
        "activation backward"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.y.buf, self.dy.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.dx.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::check_same("activation backward", &self.y, &self.dx);
        cut::check_same("activation backward", &self.dy, &self.dx);
        cut::block_tasks(&self.dx.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        map(cx, task, [self.y, self.dy], self.dx, self.act);
    }
}
