//! The sum of two activations of one shape, and a function of it: `y = act(a + b)`, the residual connection. The backward pass
//! of the sum needs no work: both gradients are that of the output.

use super::map::{Op, map};
use crate::activation::Activation;
use crate::cut;
use crate::plane::Value;
use crate::program::{Buf, Cx, Kernel};
use crate::simd::Arithmetic;

/// Computes `y = act(a + b)`, for any halos and any block.
#[derive(Debug)]
pub struct Add {
    /// The first operand.
    pub a: Value,
    /// The second operand; may be the same as the first.
    pub b: Value,
    /// The output, in another buffer.
    pub y: Value,
    /// The function that is applied to the sum; one that can be [fused](Activation::joins).
    pub act: Activation,
}

#[derive(Clone, Copy)]
struct Sum(Activation);

impl Op<2> for Sum {
    #[inline(always)]
    fn apply<V: Arithmetic>(self, [a, b]: [V; 2]) -> V {
        self.0.join(a.add(b))
    }
}

// SAFETY: a task writes its blocks of y.
unsafe impl Kernel for Add {
    fn name(&self) -> &'static str {
        "add"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.a.buf, self.b.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::check_same("add", &self.a, &self.y);
        cut::check_same("add", &self.b, &self.y);
        cut::block_tasks(&self.y.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        map(cx, task, [self.a, self.b], self.y, Sum(self.act));
    }
}
