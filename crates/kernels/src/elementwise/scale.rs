//! Each channel times a factor: `y[n, c] = factor[c] · x[n, c]`, and 0 where the factor is 0. The backward pass is the same
//! operation on the gradients: `dx[n, c] = factor[c] · dy[n, c]`.
//!
//! A factor of 0 gives exactly 0 rather than a product: `0 · NaN` would be NaN, and `0 · −1` is −0.

use crate::BLOCK;
use crate::cut;
use crate::plane::{Plane, Value};
use crate::program::{Buf, Cx, Kernel};
use crate::simd::{Simd, Task};

/// Computes `y = factors · x`, channel by channel, for any halos and blocks of 16 channels.
#[derive(Debug)]
pub struct ScaleChannels {
    /// The input.
    pub x: Value,
    /// The output, in another buffer.
    pub y: Value,
    /// One factor per channel, in whole blocks; those past the last channel are finite.
    pub factors: Buf,
}

// SAFETY: a task writes its blocks of y.
unsafe impl Kernel for ScaleChannels {
    fn name(&self) -> &'static str {
        "scale channels"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.x.buf, self.factors]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::check_same("scale channels", &self.x, &self.y);
        cut::check_blocked("scale channels", &self.y);
        cut::block_tasks(&self.y.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        for (n, b) in cut::blocks(&self.y.plane, cx.n(), task) {
            // SAFETY: see the impl; the others are not written here.
            let (x, y, factors) = unsafe {
                (
                    cx.read(self.x.buf, self.x.block(n, b)),
                    cx.write(self.y.buf, self.y.block(n, b)),
                    cx.read(self.factors, b * BLOCK..(b + 1) * BLOCK),
                )
            };
            cx.isa().dispatch(Block { x, x_plane: self.x.plane, y, plane: self.y.plane, factors });
        }
    }
}

struct Block<'a> {
    x: &'a [f32],
    x_plane: Plane,
    y: &'a mut [f32],
    plane: Plane,
    factors: &'a [f32],
}

impl Task for Block<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        self.plane.clear_halo(self.y);
        for first in (0..BLOCK).step_by(V::LANES) {
            let factor = V::load(&self.factors[first..]);
            let (above, below) = (factor.gt(V::zero()), V::zero().gt(factor));
            let silent = V::and(V::and(V::not(above), V::not(below)), V::not(factor.is_nan()));
            for line in 0..self.plane.height {
                let x = self.x[self.x_plane.row(line)].chunks_exact(BLOCK);
                for (x, y) in x.zip(self.y[self.plane.row(line)].chunks_exact_mut(BLOCK)) {
                    let scaled = V::load(&x[first..]).mul(factor);
                    V::select(silent, V::zero(), scaled).store(&mut y[first..]);
                }
            }
        }
    }
}
