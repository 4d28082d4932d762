//! The mean and deviation of each channel.

use super::BatchStats;
use crate::BLOCK;
use crate::chains::{Chains, VECTORS, pixel_sums};
use crate::cut;
use crate::plane::{Plane, Value};
use crate::program::{Buf, Cx, Kernel};
use crate::simd::{Simd, Task};

/// Mean, and sum of squared deviations from it, of each channel of each sample: `[n][block][2][16]`.
#[derive(Debug)]
pub(crate) struct Moments {
    pub(crate) x: Value,
    pub(crate) to: Buf,
}

/// The part of such a buffer that belongs to one block of one sample.
pub(crate) fn pair(plane: &Plane, n: usize, b: usize) -> std::ops::Range<usize> {
    let start = (n * plane.blocks() + b) * 2 * BLOCK;
    start..start + 2 * BLOCK
}

// SAFETY: a task writes the pairs of its blocks.
unsafe impl Kernel for Moments {
    fn name(&self) -> &'static str {
        "moments"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.x.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.to]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::block_tasks(&self.x.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        for (n, b) in cut::blocks(&self.x.plane, cx.n(), task) {
            // SAFETY: see the impl; x is not written here.
            let (x, to) = unsafe {
                (cx.read(self.x.buf, self.x.block(n, b)), cx.write(self.to, pair(&self.x.plane, n, b)))
            };
            cx.isa().dispatch(PlaneMoments { x, plane: self.x.plane, to });
        }
    }
}

struct PlaneMoments<'a> {
    x: &'a [f32],
    plane: Plane,
    to: &'a mut [f32],
}

impl Task for PlaneMoments<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let share = V::splat(1.0 / (self.plane.height * self.plane.width) as f32);
        let means = pixel_sums::<V>(self.x, &self.plane);
        let mut sums = [[Chains::<V>::zero(); 2]; VECTORS];
        for line in 0..self.plane.height {
            let row = &self.x[self.plane.row(line)];
            for (v, first) in (0..BLOCK).step_by(V::LANES).enumerate() {
                let (mean, [mut rests, mut squares]) = (means[v].mul(share), sums[v]);
                for (i, px) in row.chunks_exact(BLOCK).enumerate() {
                    let deviation = V::load(&px[first..]).sub(mean);
                    rests.add(i, deviation);
                    squares.fma(i, deviation, deviation);
                }
                sums[v] = [rests, squares];
            }
        }
        for (v, first) in (0..BLOCK).step_by(V::LANES).enumerate() {
            let (mean, [rests, squares]) = (means[v].mul(share), sums[v]);
            // The rounding error in Σ (x − mean) corrects both.
            let rest = rests.total();
            let correction = rest.mul(share);
            mean.add(correction).store(&mut self.to[first..]);
            squares.total().sub(rest.mul(correction)).store(&mut self.to[BLOCK + first..]);
        }
    }
}

/// Combines the samples' moments in order, and updates the running statistics.
#[derive(Debug)]
pub(super) struct Statistics {
    pub(super) plane: Plane,
    pub(super) from: Buf,
    pub(super) stats: BatchStats,
    pub(super) running: [Buf; 2],
    pub(super) eps: f32,
    pub(super) momentum: f32,
}

// SAFETY: a task writes the lanes of its block.
unsafe impl Kernel for Statistics {
    fn name(&self) -> &'static str {
        "batch norm statistics"
    }
    fn reads(&self) -> Vec<Buf> {
        [self.from].into_iter().chain(self.running).collect()
    }
    fn writes(&self) -> Vec<Buf> {
        [self.stats.mean, self.stats.inv_std].into_iter().chain(self.running).collect()
    }
    fn tasks(&self, _: usize) -> usize {
        self.plane.blocks()
    }
    fn run(&self, cx: &Cx<'_>, b: usize) {
        let lanes = b * BLOCK..(b + 1) * BLOCK;
        let cells = (self.plane.height * self.plane.width) as f64;
        let (mut mean, mut squares) = ([0.0_f64; BLOCK], [0.0_f64; BLOCK]);
        for n in 0..cx.n() {
            // SAFETY: the moments are not written here.
            let from = unsafe { cx.read(self.from, pair(&self.plane, n, b)) };
            // Of the first (n + 1) · cells values, `cells` are new.
            let share = 1.0 / (n as f64 + 1.0);
            for i in 0..BLOCK {
                let delta = f64::from(from[i]) - mean[i];
                mean[i] += delta * share;
                squares[i] += f64::from(from[BLOCK + i]) + delta * delta * (cells * n as f64 * share);
            }
        }
        let count = cells * cx.n() as f64;
        let momentum = f64::from(self.momentum);
        // SAFETY: see the impl; the four are different buffers.
        let [to_mean, to_inv_std, running_mean, running_var] =
            [self.stats.mean, self.stats.inv_std, self.running[0], self.running[1]]
                .map(|buf| unsafe { cx.write(buf, lanes.clone()) });
        for i in 0..BLOCK {
            let unbiased = squares[i] / (count - 1.0).max(1.0);
            to_mean[i] = mean[i] as f32;
            to_inv_std[i] = (1.0 / (squares[i] / count + f64::from(self.eps)).sqrt()) as f32;
            let blend = |old: f32, new: f64| ((1.0 - momentum) * f64::from(old) + momentum * new) as f32;
            running_mean[i] = blend(running_mean[i], mean[i]);
            running_var[i] = blend(running_var[i], unbiased);
        }
    }
}

/// `to = 1 / √(var + eps)`.
#[derive(Debug)]
pub(super) struct InverseDeviation {
    pub(super) var: Buf,
    pub(super) to: Buf,
    pub(super) lanes: usize,
    pub(super) eps: f32,
}

// SAFETY: one task.
unsafe impl Kernel for InverseDeviation {
    fn name(&self) -> &'static str {
        "batch norm statistics"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.var]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.to]
    }
    fn tasks(&self, _: usize) -> usize {
        1
    }
    fn run(&self, cx: &Cx<'_>, _: usize) {
        // SAFETY: see the impl; `var` is not written here.
        let (var, to) = unsafe { (cx.read(self.var, 0..self.lanes), cx.write(self.to, 0..self.lanes)) };
        for (to, &var) in to.iter_mut().zip(var) {
            *to = (1.0 / (f64::from(var) + f64::from(self.eps)).sqrt()) as f32;
        }
    }
}
