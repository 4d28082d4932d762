//! Separate kernels for functions of one value: `y = act(x)`, and `dx = dy · act'(x)`; with the guided rule of a ReLU,
//! `dx = max(0, dy) · act'(x)`.

use super::map::{Op, map, row};
use crate::BLOCK;
use crate::activation::Activation;
use crate::cut;
use crate::plane::Value;
use crate::program::{Buf, Cx, Kernel};
use crate::simd::{Arithmetic, Simd, Task};

/// Computes `y = act(x)`, for any halos and any block.
#[derive(Debug)]
pub struct Activate {
    /// The input.
    pub x: Value,
    /// The output, in another buffer.
    pub y: Value,
    /// The function to apply.
    pub act: Activation,
}

/// The rule by which ReLU and ReLU6 pass the gradient back.
///
/// # Source
/// Springenberg 2015: the guided rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReluRule {
    /// The derivative: `dx = dy · [x > 0]`, for ReLU6 also `· [x < 6]`.
    #[default]
    Gradient,
    /// Guided backpropagation, which passes only positive gradients: `dx = dy · [x > 0] · [dy > 0]`, for ReLU6 also
    /// `· [x < 6]`. This is not the gradient of any function.
    Guided,
}

/// Computes `dx = dy · act'(x)`; for a ReLU with the guided rule, 0 where `dy` is negative.
#[derive(Debug)]
pub struct ActivateBackward {
    /// The input of the forward pass, or any value of its shape if the gradient follows from the output alone
    /// ([`Activation::is_by_output`]).
    pub x: Value,
    /// The output of the forward pass.
    pub y: Value,
    /// The gradient of the output.
    pub dy: Value,
    /// The gradient of the input, in another buffer.
    pub dx: Value,
    /// The function of the forward pass.
    pub act: Activation,
    /// The gradient rule of ReLU and ReLU6.
    pub rule: ReluRule,
}

impl Op<1> for Activation {
    #[inline(always)]
    fn apply<V: Arithmetic>(self, [x]: [V; 1]) -> V {
        Activation::apply(self, x)
    }
}

/// The derivative of an activation, times the gradient.
#[derive(Clone, Copy)]
struct Slope {
    act: Activation,
    is_guided: bool,
}

impl Op<3> for Slope {
    #[inline(always)]
    fn apply<V: Arithmetic>(self, [x, y, dy]: [V; 3]) -> V {
        let dy = if self.is_guided { V::zero().max(dy) } else { dy };
        self.act.vjp(x, y, dy)
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
        if self.act.value(0.0) == 0.0 {
            map(cx, task, [self.x], self.y, self.act);
        } else {
            cx.isa().dispatch(Inside { cx, task, x: self.x, y: self.y, act: self.act });
        }
    }
}

/// A function that is not 0 at 0, which must skip halos and empty lanes.
struct Inside<'a> {
    cx: &'a Cx<'a>,
    task: usize,
    x: Value,
    y: Value,
    act: Activation,
}

impl Task for Inside<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let Self { cx, task, x, y, act } = self;
        let plane = y.plane;
        for (n, b) in cut::blocks(&plane, cx.n(), task) {
            // SAFETY: the blocks of `y` belong to one task each; `x` is another buffer, which no task writes.
            let (from, to) = unsafe { (cx.read(x.buf, x.block(n, b)), cx.write(y.buf, y.block(n, b))) };
            plane.clear_halo(to);
            let lanes = (plane.channels - b * plane.block).min(plane.block);
            for line in 0..plane.height {
                let to = &mut to[plane.row(line)];
                row::<V, 1, Activation>([&from[x.plane.row(line)]], to, act);
                if lanes < plane.block {
                    to.chunks_exact_mut(BLOCK).for_each(|pixel| pixel[lanes..].fill(0.0));
                }
            }
        }
    }
}

// SAFETY: a task writes its blocks of dx.
unsafe impl Kernel for ActivateBackward {
    fn name(&self) -> &'static str {
        "activation backward"
    }
    fn reads(&self) -> Vec<Buf> {
        let x = (!self.act.is_by_output()).then_some(self.x.buf);
        [self.y.buf, self.dy.buf].into_iter().chain(x).collect()
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.dx.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::check_same("activation backward", &self.y, &self.dx);
        cut::check_same("activation backward", &self.dy, &self.dx);
        if !self.act.is_by_output() {
            cut::check_same("activation backward", &self.x, &self.dx);
        }
        cut::block_tasks(&self.dx.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let is_guided = self.rule == ReluRule::Guided && self.act.is_gate();
        let x = if self.act.is_by_output() { self.y } else { self.x };
        map(cx, task, [x, self.y, self.dy], self.dx, Slope { act: self.act, is_guided });
    }
}
