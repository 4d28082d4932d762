//! The product of two activations: `y = a · b`, where `b` has the size of `a` or one value per channel, as the gate of a
//! squeeze-and-excitation block. The gradient of an operand is the product of the output's gradient and the other operand; for
//! one that has one value per channel, it is the sum of those products over the pixels: [`super::ProductSums`].

use super::map::{Op, map};
use crate::BLOCK;
use crate::cut;
use crate::plane::{Plane, Value};
use crate::program::{Buf, Cx, Kernel};
use crate::simd::{Arithmetic, Simd, Task};

/// Computes `y = a · b`, for any halos. If `b` has one value per channel, blocks must have 16 channels.
#[derive(Debug)]
pub struct Mul {
    /// The first operand.
    pub a: Value,
    /// The second operand: of the same size, or of one pixel.
    pub b: Value,
    /// The product, in another buffer.
    pub y: Value,
}

impl Mul {
    fn is_same_size(&self) -> bool {
        self.a.plane.size() == self.b.plane.size()
    }
}

#[derive(Clone, Copy)]
struct Product;

impl Op<2> for Product {
    #[inline(always)]
    fn apply<V: Arithmetic>(self, [a, b]: [V; 2]) -> V {
        a.mul(b)
    }
}

// SAFETY: a task writes its blocks of y.
unsafe impl Kernel for Mul {
    fn name(&self) -> &'static str {
        "mul"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.a.buf, self.b.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::check_same("mul", &self.a, &self.y);
        if self.is_same_size() {
            cut::check_same("mul", &self.b, &self.y);
        } else {
            cut::check_blocked("mul", &self.y);
            cut::check_blocked("mul", &self.b);
            cut::check_apart("mul", &self.b, &self.y);
            let (a, b) = (&self.a.plane, &self.b.plane);
            assert!(b.size() == [1, 1] && b.channels == a.channels, "mul: {a:?} and {b:?}");
        }
        cut::block_tasks(&self.y.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        if self.is_same_size() {
            map(cx, task, [self.a, self.b], self.y, Product);
            return;
        }
        for (n, b) in cut::blocks(&self.y.plane, cx.n(), task) {
            // SAFETY: see the impl; the operands are not written here.
            let (a, factors, y) = unsafe {
                (
                    cx.read(self.a.buf, self.a.block(n, b)),
                    cx.read(self.b.buf, self.b.block(n, b)),
                    cx.write(self.y.buf, self.y.block(n, b)),
                )
            };
            let factors = &factors[self.b.plane.row(0)];
            cx.isa().dispatch(Block { a, a_plane: self.a.plane, factors, y, plane: self.y.plane });
        }
    }
}

struct Block<'a> {
    a: &'a [f32],
    a_plane: Plane,
    factors: &'a [f32],
    y: &'a mut [f32],
    plane: Plane,
}

impl Task for Block<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        self.plane.clear_halo(self.y);
        for first in (0..BLOCK).step_by(V::LANES) {
            let factor = V::load(&self.factors[first..]);
            for line in 0..self.plane.height {
                let a = self.a[self.a_plane.row(line)].chunks_exact(BLOCK);
                for (a, y) in a.zip(self.y[self.plane.row(line)].chunks_exact_mut(BLOCK)) {
                    V::load(&a[first..]).mul(factor).store(&mut y[first..]);
                }
            }
        }
    }
}
