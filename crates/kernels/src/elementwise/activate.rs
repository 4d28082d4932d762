//! ReLU and ReLU6 on their own: `y = act(x)`, and `dx = dy · act'(x)`, by the guided rule `dx = max(0, dy) · act'(x)`.
//!
//! The backward pass looks at the *output*: `y > 0`, for ReLU6 also `y < 6`, says as much about the derivative as the
//! input does, so the input need not be kept. The derivative at the kinks is 0 and a NaN passes the gradient on, as in
//! [`crate::reference`].

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

/// What ReLU and ReLU6 do to the gradient that passes back through them.
///
/// # Source
/// Springenberg 2015: the guided rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReluRule {
    /// The derivative: `dx = dy · [x > 0]`, of ReLU6 also `· [x < 6]`.
    #[default]
    Gradient,
    /// Guided backpropagation, which lets only what is positive pass: `dx = dy · [x > 0] · [dy > 0]`, of ReLU6 also
    /// `· [x < 6]`. No gradient of anything.
    Guided,
}

/// `dx = dy` where the activation's output lies on its slope, else 0; by the guided rule also 0 where `dy` is negative.
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
    /// What to do with a negative gradient; it is kept where there was no activation.
    pub rule: ReluRule,
}

impl Op<1> for Activation {
    #[inline(always)]
    fn apply<V: Simd>(self, [x]: [V; 1]) -> V {
        Activation::apply(self, x)
    }
}

/// The derivative of an activation, times the gradient.
#[derive(Clone, Copy)]
struct Slope {
    act: Activation,
    rule: ReluRule,
}

impl Op<2> for Slope {
    #[inline(always)]
    fn apply<V: Simd>(self, [y, dy]: [V; 2]) -> V {
        // Comparisons that hold for a NaN too.
        let positive = y.not_le(V::zero());
        let dy = match (self.act, self.rule) {
            (Activation::None, _) | (_, ReluRule::Gradient) => dy,
            (_, ReluRule::Guided) => V::zero().max(dy),
        };
        match self.act {
            Activation::None => dy,
            Activation::Relu => V::select(positive, dy, V::zero()),
            Activation::Relu6 => V::select(V::and(positive, V::splat(6.0).not_le(y)), dy, V::zero()),
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
        map(cx, task, [self.y, self.dy], self.dx, Slope { act: self.act, rule: self.rule });
    }
}
