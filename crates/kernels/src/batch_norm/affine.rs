//! The pass that normalizes, scales and shifts, and then optionally adds another value and applies a function.

use crate::BLOCK;
use crate::activation::Activation;
use crate::cut;
use crate::plane::{Plane, Value};
use crate::program::{Buf, Cx, Kernel};
use crate::simd::{Simd, Task};

/// The statistics by which a batch was normalized, which the backward pass needs besides `x`. Each has one value per lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchStats {
    /// The mean of each channel.
    pub mean: Buf,
    /// The value `1 / √(variance + eps)` of each channel.
    pub inv_std: Buf,
}

/// `y = act((x − mean) · (inv_std · weight) + bias + added)`.
#[derive(Debug)]
pub(super) struct Affine {
    pub(super) x: Value,
    pub(super) y: Value,
    pub(super) weight: Buf,
    pub(super) bias: Buf,
    pub(super) stats: BatchStats,
    pub(super) added: Option<Value>,
    pub(super) act: Activation,
}

// SAFETY: a task writes its blocks of y.
unsafe impl Kernel for Affine {
    fn name(&self) -> &'static str {
        "batch norm"
    }
    fn reads(&self) -> Vec<Buf> {
        let parameters = [self.weight, self.bias, self.stats.mean, self.stats.inv_std];
        [self.x.buf].into_iter().chain(parameters).chain(self.added.map(|value| value.buf)).collect()
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
            let added = self.added.map(|value| {
                // SAFETY: not the output, and so not written here.
                (unsafe { cx.read(value.buf, value.block(n, b)) }, value.plane)
            });
            let (x_plane, plane, act) = (self.x.plane, self.y.plane, self.act);
            cx.isa().dispatch(Block { x, x_plane, y, plane, parameters, added, act });
        }
    }
}

/// One block: `parameters` are weight, bias, mean and `inv_std`, one value per lane.
pub(crate) struct Block<'a> {
    pub(crate) x: &'a [f32],
    pub(crate) x_plane: Plane,
    pub(crate) y: &'a mut [f32],
    pub(crate) plane: Plane,
    pub(crate) parameters: [&'a [f32]; 4],
    pub(crate) added: Option<(&'a [f32], Plane)>,
    pub(crate) act: Activation,
}

impl Task for Block<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        self.plane.clear_halo(self.y);
        let [weight, bias, mean, inv_std] = self.parameters;
        for line in 0..self.plane.height {
            let added = self.added.map(|(added, plane)| &added[plane.row(line)]);
            for first in (0..BLOCK).step_by(V::LANES) {
                let scale = V::load(&weight[first..]).mul(V::load(&inv_std[first..]));
                let (mean, bias) = (V::load(&mean[first..]), V::load(&bias[first..]));
                let x = self.x[self.x_plane.row(line)].chunks_exact(BLOCK);
                let pixels = x.zip(self.y[self.plane.row(line)].chunks_exact_mut(BLOCK));
                match added {
                    None => {
                        for (x, y) in pixels {
                            let normal = bias.fma(V::load(&x[first..]).sub(mean), scale);
                            self.act.join(normal).store(&mut y[first..]);
                        }
                    }
                    Some(added) => {
                        for ((x, y), added) in pixels.zip(added.chunks_exact(BLOCK)) {
                            let normal = bias.fma(V::load(&x[first..]).sub(mean), scale);
                            self.act.join(normal.add(V::load(&added[first..]))).store(&mut y[first..]);
                        }
                    }
                }
            }
        }
    }
}
