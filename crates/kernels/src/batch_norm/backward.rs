//! Gradients of batch normalisation.
//!
//! With `x̂ = (x − mean) · inv_std` and sums over the `M = N·H·W` values of a channel: `dbias = Σ dy`,
//! `dweight = Σ dy·x̂`, and `dx = weight · inv_std · (dy − Σ dy / M − x̂ · Σ dy·x̂ / M)` where the statistics are the
//! batch's own, `dx = weight · inv_std · dy` where they were given.

use super::statistics::pair;
use super::{BatchStats, check};
use crate::BLOCK;
use crate::chains::{Chains, VECTORS};
use crate::cut;
use crate::plane::{Plane, Value};
use crate::program::{Buf, Builder, Cx, Kernel};
use crate::simd::{Simd, Task};

/// Backward of [`super::BatchNormTrain`] and of [`super::BatchNormEval`].
#[derive(Debug, Clone, Copy)]
pub struct BatchNormBackward {
    /// Input of the forward pass.
    pub x: Value,
    /// Gradient of the output.
    pub dy: Value,
    /// Gradient of the input, in another buffer.
    pub dx: Value,
    /// Scale.
    pub weight: Buf,
    /// Gradient of the scale, one value a lane.
    pub dweight: Buf,
    /// Gradient of the shift, one value a lane.
    pub dbias: Buf,
    /// What the forward pass returned.
    pub stats: BatchStats,
    /// Whether the statistics are the batch's own, so that the gradient goes through them as well; else they are constants.
    pub train: bool,
}

impl BatchNormBackward {
    /// Adds the kernels to `program`; `dweight` and `dbias` add up over the tiles of a batch.
    ///
    /// # Panics
    /// When `x`, `dy` and `dx` differ in shape or are planar. A run panics when the statistics are the batch's own and the batch is more
    /// than one tile.
    pub fn push(self, program: &mut Builder) {
        check(&self.x, &self.dx);
        check(&self.dy, &self.dx);
        let lanes = self.x.plane.blocks() * BLOCK;
        let partial = program.buffer(program.tile() * 2 * lanes);
        program.push(Sums { pass: self, to: partial });
        let means = program.buffer(2 * lanes);
        program.push(ParameterGrad { pass: self, from: partial, means });
        program.push(InputGrad { pass: self, means });
    }
}

/// `Σ dy` and `Σ dy·x̂` of each channel of each sample: `[n][block][2][16]`.
#[derive(Debug)]
struct Sums {
    pass: BatchNormBackward,
    to: Buf,
}

// SAFETY: a task writes the pairs of its blocks.
unsafe impl Kernel for Sums {
    fn name(&self) -> &'static str {
        "batch norm backward sums"
    }
    fn reads(&self) -> Vec<Buf> {
        let p = &self.pass;
        vec![p.x.buf, p.dy.buf, p.stats.mean, p.stats.inv_std]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.to]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::block_tasks(&self.pass.x.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let p = &self.pass;
        for (n, b) in cut::blocks(&p.x.plane, cx.n(), task) {
            let lanes = b * BLOCK..(b + 1) * BLOCK;
            // SAFETY: see the impl; the others are not written here.
            let (x, dy, stats, to) = unsafe {
                let stats = [p.stats.mean, p.stats.inv_std].map(|buf| cx.read(buf, lanes.clone()));
                let (x, dy) = (cx.read(p.x.buf, p.x.block(n, b)), cx.read(p.dy.buf, p.dy.block(n, b)));
                (x, dy, stats, cx.write(self.to, pair(&p.x.plane, n, b)))
            };
            cx.isa().dispatch(PlaneSums { x, dy, planes: [p.x.plane, p.dy.plane], stats, to });
        }
    }
}

/// Of one block: `stats` are mean and `inv_std`, one value a lane.
pub(crate) struct PlaneSums<'a> {
    pub(crate) x: &'a [f32],
    pub(crate) dy: &'a [f32],
    pub(crate) planes: [Plane; 2],
    pub(crate) stats: [&'a [f32]; 2],
    pub(crate) to: &'a mut [f32],
}

impl Task for PlaneSums<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let [x_plane, dy_plane] = self.planes;
        let mut all = [[Chains::<V>::zero(); 2]; VECTORS];
        for line in 0..x_plane.height {
            let (x, dy) = (&self.x[x_plane.row(line)], &self.dy[dy_plane.row(line)]);
            for (v, first) in (0..BLOCK).step_by(V::LANES).enumerate() {
                let (mean, inv_std) = (V::load(&self.stats[0][first..]), V::load(&self.stats[1][first..]));
                let [mut sums, mut products] = all[v];
                for (i, (x, dy)) in x.chunks_exact(BLOCK).zip(dy.chunks_exact(BLOCK)).enumerate() {
                    let (normal, grad) = (V::load(&x[first..]).sub(mean).mul(inv_std), V::load(&dy[first..]));
                    sums.add(i, grad);
                    products.fma(i, grad, normal);
                }
                all[v] = [sums, products];
            }
        }
        for ([sums, products], first) in all.into_iter().zip((0..BLOCK).step_by(V::LANES)) {
            sums.total().store(&mut self.to[first..]);
            products.total().store(&mut self.to[BLOCK + first..]);
        }
    }
}

/// Adds the sums of the samples in order: gradients of the parameters, and the means that `dx` needs.
#[derive(Debug)]
struct ParameterGrad {
    pass: BatchNormBackward,
    from: Buf,
    /// `[block][2][16]`.
    means: Buf,
}

// SAFETY: a task writes the lanes of its block.
unsafe impl Kernel for ParameterGrad {
    fn name(&self) -> &'static str {
        "batch norm backward weight"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.from, self.pass.dweight, self.pass.dbias]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.means, self.pass.dweight, self.pass.dbias]
    }
    fn tasks(&self, _: usize) -> usize {
        self.pass.x.plane.blocks()
    }
    fn run(&self, cx: &Cx<'_>, b: usize) {
        let plane = &self.pass.x.plane;
        let mut sums = [0.0_f64; 2 * BLOCK];
        for n in 0..cx.n() {
            // SAFETY: the partial sums are not written here.
            let from = unsafe { cx.read(self.from, pair(plane, n, b)) };
            sums.iter_mut().zip(from).for_each(|(sum, &from)| *sum += f64::from(from));
        }
        let lanes = b * BLOCK..(b + 1) * BLOCK;
        // SAFETY: see the impl; the three are different buffers.
        let (dbias, dweight, means) = unsafe {
            let (dbias, dweight) =
                (cx.write(self.pass.dbias, lanes.clone()), cx.write(self.pass.dweight, lanes));
            (dbias, dweight, cx.write(self.means, pair(plane, 0, b)))
        };
        for (to, sums) in [dbias, dweight].into_iter().zip(sums.chunks_exact(BLOCK)) {
            for (to, &sum) in to.iter_mut().zip(sums) {
                *to = if cx.starts_sums() { sum as f32 } else { *to + sum as f32 };
            }
        }
        let share = if self.pass.train { 1.0 / (cx.n() * plane.height * plane.width) as f64 } else { 0.0 };
        means.iter_mut().zip(sums).for_each(|(mean, sum)| *mean = (sum * share) as f32);
    }
}

/// `dx = weight · inv_std · (dy − means[0] − x̂ · means[1])`.
#[derive(Debug)]
struct InputGrad {
    pass: BatchNormBackward,
    means: Buf,
}

// SAFETY: a task writes its blocks of dx.
unsafe impl Kernel for InputGrad {
    fn name(&self) -> &'static str {
        "batch norm backward data"
    }
    fn reads(&self) -> Vec<Buf> {
        let p = &self.pass;
        vec![p.x.buf, p.dy.buf, p.weight, p.stats.mean, p.stats.inv_std, self.means]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.pass.dx.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::block_tasks(&self.pass.x.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let p = &self.pass;
        for (n, b) in cut::blocks(&p.x.plane, cx.n(), task) {
            let lanes = b * BLOCK..(b + 1) * BLOCK;
            // SAFETY: see the impl; the others are not written here.
            let (x, dy, dx, parameters, means) = unsafe {
                let parameters =
                    [p.weight, p.stats.mean, p.stats.inv_std].map(|buf| cx.read(buf, lanes.clone()));
                let (x, dy) = (cx.read(p.x.buf, p.x.block(n, b)), cx.read(p.dy.buf, p.dy.block(n, b)));
                let means = cx.read(self.means, pair(&p.x.plane, 0, b));
                (x, dy, cx.write(p.dx.buf, p.dx.block(n, b)), parameters, means)
            };
            cx.isa().dispatch(PlaneGrad { pass: p, x, dy, dx, parameters, means });
        }
    }
}

struct PlaneGrad<'a> {
    pass: &'a BatchNormBackward,
    x: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
    parameters: [&'a [f32]; 3],
    means: &'a [f32],
}

impl Task for PlaneGrad<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let (x_plane, dy_plane, dx_plane) = (self.pass.x.plane, self.pass.dy.plane, self.pass.dx.plane);
        dx_plane.clear_halo(self.dx);
        let [weight, mean, inv_std] = self.parameters;
        for line in 0..dx_plane.height {
            for first in (0..BLOCK).step_by(V::LANES) {
                let (mean, inv_std) = (V::load(&mean[first..]), V::load(&inv_std[first..]));
                let scale = V::load(&weight[first..]).mul(inv_std);
                let (offset, slope) = (V::load(&self.means[first..]), V::load(&self.means[BLOCK + first..]));
                let slope = V::zero().sub(slope);
                let x = self.x[x_plane.row(line)].chunks_exact(BLOCK);
                let dy = self.dy[dy_plane.row(line)].chunks_exact(BLOCK);
                let dx = self.dx[dx_plane.row(line)].chunks_exact_mut(BLOCK);
                for ((x, dy), dx) in x.zip(dy).zip(dx) {
                    let normal = V::load(&x[first..]).sub(mean).mul(inv_std);
                    let grad = V::load(&dy[first..]).sub(offset).fma(normal, slope);
                    grad.mul(scale).store(&mut dx[first..]);
                }
            }
        }
    }
}
