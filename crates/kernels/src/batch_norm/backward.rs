//! Gradients of batch normalization, and of the sum and the function after it.
//!
//! With `g = dy · act'`, `x̂ = (x − mean) · inv_std` and sums over the `M = N·H·W` values of a channel: `dbias = Σ g`,
//! `dweight = Σ g·x̂`, and `dx = weight · inv_std · (g − Σ g / M − x̂ · Σ g·x̂ / M)` if the statistics are the batch's own,
//! `dx = weight · inv_std · g` if they were given. The gradient of the added value is `g`.
//!
//! **Schedule.** There are two passes over memory, one for the sums and one for `dx`. If nothing was added, both compute the
//! function of `x` again, by the operations of the forward pass and so with the same bits, and the output is not read. If a
//! value was added, the first pass reads the output and writes `g`, row by row, as the gradient of the added value; the second
//! reads it from there.

use super::statistics::pair;
use super::{BatchStats, check};
use crate::BLOCK;
use crate::activation::Activation;
use crate::chains::{Chains, VECTORS};
use crate::cut;
use crate::elementwise::ReluRule;
use crate::plane::{Plane, Value};
use crate::program::{Buf, Builder, Cx, Kernel};
use crate::simd::{Simd, Task};

/// The backward pass of [`super::BatchNormTrain`] and of [`super::BatchNormEval`].
#[derive(Debug, Clone, Copy)]
pub struct BatchNormBackward {
    /// The input of the forward pass.
    pub x: Value,
    /// The gradient of the output.
    pub dy: Value,
    /// The gradient of the input, in another buffer.
    pub dx: Value,
    /// The scale, one value per lane.
    pub weight: Buf,
    /// The shift, one value per lane.
    pub bias: Buf,
    /// The gradient of the scale, one value per lane.
    pub dweight: Buf,
    /// The gradient of the shift, one value per lane.
    pub dbias: Buf,
    /// The statistics that the forward pass returned.
    pub stats: BatchStats,
    /// Whether the statistics are the batch's own, so that the gradient passes through them as well; otherwise they are
    /// constants.
    pub train: bool,
    /// The function that the forward pass applied last.
    pub act: Activation,
    /// The gradient rule of ReLU and ReLU6.
    pub rule: ReluRule,
    /// The added value, if the forward pass added one.
    pub added: Option<BatchNormAdded>,
}

/// The value that a forward pass added.
#[derive(Debug, Clone, Copy)]
pub struct BatchNormAdded {
    /// The output of the forward pass.
    pub y: Value,
    /// The gradient of the added value, in another buffer.
    pub dadded: Value,
}

impl BatchNormBackward {
    /// Adds the kernels to `program`; `dweight` and `dbias` are summed over the tiles of a batch.
    ///
    /// # Panics
    /// If `x`, `dy`, `dx` and the values of `added` differ in shape or are planar. A run panics if the statistics are the
    /// batch's own and the batch is more than one tile.
    pub fn push(self, program: &mut Builder) {
        check(&self.x, &self.dx);
        check(&self.dy, &self.dx);
        if let Some(BatchNormAdded { y, dadded }) = self.added {
            check(&y, &dadded);
            check(&self.dy, &dadded);
        }
        let lanes = self.x.plane.blocks() * BLOCK;
        let partial = program.buffer(program.tile() * 2 * lanes);
        program.push(Sums { pass: self, to: partial });
        let means = program.buffer(2 * lanes);
        program.push(ParameterGrad { pass: self, from: partial, means });
        program.push(InputGrad { pass: self, means });
    }

    fn gate(&self) -> Gate {
        Gate { act: self.act, is_guided: self.rule == ReluRule::Guided && self.act.is_gate() }
    }

    /// Scale and shift, if the function's output is computed again.
    fn again(&self) -> Option<[Buf; 2]> {
        (self.added.is_none() && self.act != Activation::None).then_some([self.weight, self.bias])
    }

    /// The same for some lanes.
    fn again_of<'a>(&self, cx: &Cx<'a>, lanes: &std::ops::Range<usize>) -> Option<Again<'a>> {
        // SAFETY: no kernel of the backward pass writes parameters.
        let parameters = self.again()?.map(|buf| unsafe { cx.read(buf, lanes.clone()) });
        Some(Again { gate: self.gate(), parameters })
    }
}

/// What a fused function passes of a gradient.
#[derive(Debug, Clone, Copy)]
struct Gate {
    act: Activation,
    is_guided: bool,
}

impl Gate {
    #[inline(always)]
    fn pass<V: Simd>(self, y: V, dy: V) -> V {
        let dy = if self.is_guided { V::zero().max(dy) } else { dy };
        self.act.join_vjp(y, dy)
    }
}

/// A gate whose output is computed again from weight and bias, one value per lane.
#[derive(Clone, Copy)]
pub(crate) struct Again<'a> {
    gate: Gate,
    parameters: [&'a [f32]; 2],
}

impl Again<'_> {
    /// The channels from lane `first` on.
    #[inline(always)]
    fn vectors<V: Simd>(&self, first: usize, inv_std: V) -> AgainOf<V> {
        let [weight, bias] = self.parameters.map(|of| &of[first..]);
        AgainOf { gate: self.gate, scale: V::load(weight).mul(inv_std), bias: V::load(bias) }
    }
}

#[derive(Clone, Copy)]
struct AgainOf<V> {
    gate: Gate,
    scale: V,
    bias: V,
}

impl<V: Simd> AgainOf<V> {
    #[inline(always)]
    fn pass(self, deviation: V, dy: V) -> V {
        self.gate.pass(self.gate.act.join(self.bias.fma(deviation, self.scale)), dy)
    }
}

/// `Σ g` and `Σ g·x̂` of each channel of each sample, `[n][block][2][16]`; and `g`, if a value was added.
#[derive(Debug)]
struct Sums {
    pass: BatchNormBackward,
    to: Buf,
}

// SAFETY: a task writes the pairs of its blocks, and its blocks of the gradient of what was added.
unsafe impl Kernel for Sums {
    fn name(&self) -> &'static str {
        "batch norm backward sums"
    }
    fn reads(&self) -> Vec<Buf> {
        let p = &self.pass;
        let of_sum = p.added.map(|added| added.y.buf);
        let again = p.again().into_iter().flatten();
        [p.x.buf, p.dy.buf, p.stats.mean, p.stats.inv_std].into_iter().chain(of_sum).chain(again).collect()
    }
    fn writes(&self) -> Vec<Buf> {
        [self.to].into_iter().chain(self.pass.added.map(|added| added.dadded.buf)).collect()
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
            let split = p.added.map(|BatchNormAdded { y, dadded }| {
                // SAFETY: as above.
                let (of_y, to) =
                    unsafe { (cx.read(y.buf, y.block(n, b)), cx.write(dadded.buf, dadded.block(n, b))) };
                Split { gate: p.gate(), y: of_y, y_plane: y.plane, to, to_plane: dadded.plane }
            });
            let (planes, again) = ([p.x.plane, p.dy.plane], p.again_of(cx, &lanes));
            cx.isa().dispatch(PlaneSums { x, dy, planes, stats, again, split, to });
        }
    }
}

/// One block: `stats` are mean and `inv_std`, one value per lane.
pub(crate) struct PlaneSums<'a> {
    pub(crate) x: &'a [f32],
    pub(crate) dy: &'a [f32],
    pub(crate) planes: [Plane; 2],
    pub(crate) stats: [&'a [f32]; 2],
    pub(crate) again: Option<Again<'a>>,
    pub(crate) split: Option<Split<'a>>,
    pub(crate) to: &'a mut [f32],
}

/// Where a gradient that has passed the gate is written.
pub(crate) struct Split<'a> {
    gate: Gate,
    y: &'a [f32],
    y_plane: Plane,
    to: &'a mut [f32],
    to_plane: Plane,
}

impl Split<'_> {
    /// Writes what the gate passes of a row of `dy`, and returns it.
    #[inline(always)]
    fn row<V: Simd>(&mut self, line: usize, dy: &[f32]) -> &[f32] {
        let to = &mut self.to[self.to_plane.row(line)];
        let y = self.y[self.y_plane.row(line)].chunks_exact(BLOCK);
        for ((to, y), dy) in to.chunks_exact_mut(BLOCK).zip(y).zip(dy.chunks_exact(BLOCK)) {
            for first in (0..BLOCK).step_by(V::LANES) {
                self.gate.pass(V::load(&y[first..]), V::load(&dy[first..])).store(&mut to[first..]);
            }
        }
        to
    }
}

impl Task for PlaneSums<'_> {
    #[inline(always)]
    fn run<V: Simd>(mut self) {
        let [x_plane, dy_plane] = self.planes;
        if let Some(split) = &mut self.split {
            split.to_plane.clear_halo(split.to);
        }
        let mut all = [[Chains::<V>::zero(); 2]; VECTORS];
        for line in 0..x_plane.height {
            let (x, dy) = (&self.x[x_plane.row(line)], &self.dy[dy_plane.row(line)]);
            let grad = match &mut self.split {
                Some(split) => split.row::<V>(line, dy),
                None => dy,
            };
            for (v, first) in (0..BLOCK).step_by(V::LANES).enumerate() {
                let (mean, inv_std) = (V::load(&self.stats[0][first..]), V::load(&self.stats[1][first..]));
                let [mut sums, mut products] = all[v];
                // No closure around the vectors: a closure that is not inlined is not compiled for the instruction set either.
                let mut again = None;
                if let Some(of) = &self.again {
                    again = Some(of.vectors(first, inv_std));
                }
                for (i, (x, grad)) in x.chunks_exact(BLOCK).zip(grad.chunks_exact(BLOCK)).enumerate() {
                    let (deviation, mut grad) = (V::load(&x[first..]).sub(mean), V::load(&grad[first..]));
                    if let Some(again) = again {
                        grad = again.pass(deviation, grad);
                    }
                    sums.add(i, grad);
                    products.fma(i, grad, deviation.mul(inv_std));
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

/// `dx = weight · inv_std · (g − means[0] − x̂ · means[1])`.
#[derive(Debug)]
struct InputGrad {
    pass: BatchNormBackward,
    means: Buf,
}

impl InputGrad {
    /// `g`, or the gradient from which the gate computes it.
    fn grad(&self) -> Value {
        self.pass.added.map_or(self.pass.dy, |added| added.dadded)
    }
}

// SAFETY: a task writes its blocks of dx.
unsafe impl Kernel for InputGrad {
    fn name(&self) -> &'static str {
        "batch norm backward data"
    }
    fn reads(&self) -> Vec<Buf> {
        let p = &self.pass;
        let again = p.again().map(|[_, bias]| bias);
        let parameters = [p.weight, p.stats.mean, p.stats.inv_std, self.means];
        [p.x.buf, self.grad().buf].into_iter().chain(parameters).chain(again).collect()
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.pass.dx.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::block_tasks(&self.pass.x.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let (p, grad) = (&self.pass, self.grad());
        for (n, b) in cut::blocks(&p.x.plane, cx.n(), task) {
            let lanes = b * BLOCK..(b + 1) * BLOCK;
            // SAFETY: see the impl; the others are not written here.
            let (x, of_grad, dx, parameters, means) = unsafe {
                let parameters =
                    [p.weight, p.stats.mean, p.stats.inv_std].map(|buf| cx.read(buf, lanes.clone()));
                let (x, of_grad) = (cx.read(p.x.buf, p.x.block(n, b)), cx.read(grad.buf, grad.block(n, b)));
                let means = cx.read(self.means, pair(&p.x.plane, 0, b));
                (x, of_grad, cx.write(p.dx.buf, p.dx.block(n, b)), parameters, means)
            };
            let (planes, again) = ([p.x.plane, grad.plane, p.dx.plane], p.again_of(cx, &lanes));
            cx.isa().dispatch(PlaneGrad { planes, x, grad: of_grad, dx, parameters, means, again });
        }
    }
}

struct PlaneGrad<'a> {
    /// Of `x`, `grad` and `dx`.
    planes: [Plane; 3],
    x: &'a [f32],
    grad: &'a [f32],
    dx: &'a mut [f32],
    parameters: [&'a [f32]; 3],
    means: &'a [f32],
    again: Option<Again<'a>>,
}

impl Task for PlaneGrad<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let [x_plane, grad_plane, dx_plane] = self.planes;
        dx_plane.clear_halo(self.dx);
        let [weight, mean, inv_std] = self.parameters;
        for line in 0..dx_plane.height {
            for first in (0..BLOCK).step_by(V::LANES) {
                let (mean, inv_std) = (V::load(&mean[first..]), V::load(&inv_std[first..]));
                let scale = V::load(&weight[first..]).mul(inv_std);
                let (offset, slope) = (V::load(&self.means[first..]), V::load(&self.means[BLOCK + first..]));
                let slope = V::zero().sub(slope);
                let mut again = None;
                if let Some(of) = &self.again {
                    again = Some(of.vectors(first, inv_std));
                }
                let x = self.x[x_plane.row(line)].chunks_exact(BLOCK);
                let grad = self.grad[grad_plane.row(line)].chunks_exact(BLOCK);
                let dx = self.dx[dx_plane.row(line)].chunks_exact_mut(BLOCK);
                for ((x, grad), dx) in x.zip(grad).zip(dx) {
                    let (deviation, mut grad) = (V::load(&x[first..]).sub(mean), V::load(&grad[first..]));
                    if let Some(again) = again {
                        grad = again.pass(deviation, grad);
                    }
                    let grad = grad.sub(offset).fma(deviation.mul(inv_std), slope);
                    grad.mul(scale).store(&mut dx[first..]);
                }
            }
        }
    }
}
