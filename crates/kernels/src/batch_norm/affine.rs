//! The pass that normalises, scales and shifts.

use crate::BLOCK;
use crate::cut;
use crate::plane::{Plane, Value};
use crate::program::{Buf, Cx, Kernel};
use crate::simd::{Simd, Task};

/// By what a batch was normalised: what the backward pass needs besides `x`. One value a lane each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchStats {
    /// Mean of each channel.
    pub mean: Buf,
    /// `1 / √(variance + eps)` of each channel.
    pub inv_std: Buf,
}

/// `y = (x − mean) · (inv_std · weight) + bias`.
#[derive(Debug)]
pub(super) struct Affine {
    pub(super) x: Value,
    pub(super) y: Value,
    pub(super) weight: Buf,
    pub(super) bias: Buf,
    pub(super) stats: BatchStats,
}

// SAFETY: a task writes its blocks of y.
unsafe impl Kernel for Affine {
    fn name(&self) -> &'static str {
        "batch norm"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.x.buf, self.weight, self.bias, self.stats.mean, self.stats.inv_std]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::block_tasks(&self.x.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        for (n, b) in cut::blocks(&self.x.plane, cx.n(), task) {
            let lanes = b * BLOCK..(b + 1) * BLOCK;
            // SAFETY: see the impl; the others are not written here.
            let (x, y, parameters) = unsafe {
                let parameters = [self.weight, self.bias, self.stats.mean, self.stats.inv_std];
                let parameters = parameters.map(|buf| cx.read(buf, lanes.clone()));
                (
                    cx.read(self.x.buf, self.x.block(n, b)),
                    cx.write(self.y.buf, self.y.block(n, b)),
                    parameters,
                )
            };
            cx.isa().dispatch(Block { x, x_plane: self.x.plane, y, plane: self.y.plane, parameters });
        }
    }
}

/// Of one block: `parameters` are weight, bias, mean and `inv_std`, one value a lane.
pub(crate) struct Block<'a> {
    pub(crate) x: &'a [f32],
    pub(crate) x_plane: Plane,
    pub(crate) y: &'a mut [f32],
    pub(crate) plane: Plane,
    pub(crate) parameters: [&'a [f32]; 4],
}

impl Task for Block<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        self.plane.clear_halo(self.y);
        let [weight, bias, mean, inv_std] = self.parameters;
        for line in 0..self.plane.height {
            for first in (0..BLOCK).step_by(V::LANES) {
                let scale = V::load(&weight[first..]).mul(V::load(&inv_std[first..]));
                let (mean, bias) = (V::load(&mean[first..]), V::load(&bias[first..]));
                let x = self.x[self.x_plane.row(line)].chunks_exact(BLOCK);
                for (x, y) in x.zip(self.y[self.plane.row(line)].chunks_exact_mut(BLOCK)) {
                    bias.fma(V::load(&x[first..]).sub(mean), scale).store(&mut y[first..]);
                }
            }
        }
    }
}
