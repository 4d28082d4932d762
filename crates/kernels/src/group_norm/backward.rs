//! Gradients of group normalization.
//!
//! With `x̂ = (x − mean) · inv_std`, `g = weight[c] · dy` and means over the `M` values of a group:
//! `dx = inv_std · (g − mean of g − x̂ · mean of g·x̂)`, and over samples and pixels `dbias[c] = Σ dy`, `dweight[c] = Σ dy·x̂`.

use super::{ONES, check, pairs, place};
use crate::BLOCK;
use crate::batch_norm::backward::PlaneSums;
use crate::batch_norm::statistics::pair;
use crate::cut;
use crate::plane::Value;
use crate::program::{Buf, Builder, Cx, Kernel};
use crate::simd::{Simd, Task};

/// The backward pass of [`super::GroupNorm`].
#[derive(Debug, Clone, Copy)]
pub struct GroupNormBackward {
    /// The input of the forward pass.
    pub x: Value,
    /// The gradient of the output.
    pub dy: Value,
    /// The gradient of the input, in another buffer.
    pub dx: Value,
    /// The number of groups, as in the forward pass.
    pub groups: usize,
    /// The scale, if there is one.
    pub weight: Option<Buf>,
    /// The gradients of scale and shift, one value per lane; they are summed over the tiles of a batch.
    pub grads: Option<[Buf; 2]>,
    /// The statistics that the forward pass returned.
    pub stats: Buf,
}

impl GroupNormBackward {
    /// Adds the kernels to `program`.
    ///
    /// # Panics
    /// If `x`, `dy` and `dx` differ in shape or are planar, or the groups do not divide the channels.
    pub fn push(self, program: &mut Builder) {
        check(&self.x, &self.dx, self.groups);
        check(&self.dy, &self.dx, self.groups);
        let len = program.tile() * self.x.plane.blocks() * 2 * BLOCK;
        let (sums, means) = (program.buffer(len), program.buffer(len));
        program.push(Sums { pass: self, to: sums });
        if let Some(grads) = self.grads {
            program.push(ParameterGrad { pass: self, from: sums, grads });
        }
        program.push(Means { pass: self, from: sums, to: means });
        program.push(InputGrad { pass: self, means });
    }
}

/// `Σ dy` and `Σ dy·x̂` of each channel of each sample: `[n][block][2][16]`.
#[derive(Debug)]
struct Sums {
    pass: GroupNormBackward,
    to: Buf,
}

// SAFETY: a task writes the pairs of its blocks.
unsafe impl Kernel for Sums {
    fn name(&self) -> &'static str {
        "group norm backward sums"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.pass.x.buf, self.pass.dy.buf, self.pass.stats]
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
            // SAFETY: see the impl; the others are not written here.
            let (x, dy, stats, to) = unsafe {
                let (x, dy) = (cx.read(p.x.buf, p.x.block(n, b)), cx.read(p.dy.buf, p.dy.block(n, b)));
                let stats = cx.read(p.stats, pair(&p.x.plane, n, b));
                (x, dy, stats, cx.write(self.to, pair(&p.x.plane, n, b)))
            };
            let stats = stats.split_at(BLOCK);
            let planes = [p.x.plane, p.dy.plane];
            let (stats, again, split) = ([stats.0, stats.1], None, None);
            cx.isa().dispatch(PlaneSums { x, dy, planes, stats, again, split, to });
        }
    }
}

/// Adds the sums of the samples in order in f64.
#[derive(Debug)]
struct ParameterGrad {
    pass: GroupNormBackward,
    from: Buf,
    /// Of scale and shift.
    grads: [Buf; 2],
}

// SAFETY: a task writes the lanes of its block.
unsafe impl Kernel for ParameterGrad {
    fn name(&self) -> &'static str {
        "group norm backward weight"
    }
    fn reads(&self) -> Vec<Buf> {
        [self.from].into_iter().chain(self.grads).collect()
    }
    fn writes(&self) -> Vec<Buf> {
        self.grads.to_vec()
    }
    fn tasks(&self, _: usize) -> usize {
        self.pass.x.plane.blocks()
    }
    fn run(&self, cx: &Cx<'_>, b: usize) {
        let mut sums = [0.0_f64; 2 * BLOCK];
        for n in 0..cx.n() {
            // SAFETY: the sums are not written here.
            let from = unsafe { cx.read(self.from, pair(&self.pass.x.plane, n, b)) };
            sums.iter_mut().zip(from).for_each(|(sum, &from)| *sum += f64::from(from));
        }
        let (bias, weight) = sums.split_at(BLOCK);
        for (buf, sums) in self.grads.into_iter().zip([weight, bias]) {
            // SAFETY: see the impl; the two are different buffers.
            let to = unsafe { cx.write(buf, b * BLOCK..(b + 1) * BLOCK) };
            for (to, &sum) in to.iter_mut().zip(sums) {
                *to = if cx.starts_sums() { sum as f32 } else { *to + sum as f32 };
            }
        }
    }
}

/// Means of `weight · dy` and of `weight · dy · x̂` over each channel's group: `[n][block][2][16]`.
#[derive(Debug)]
struct Means {
    pass: GroupNormBackward,
    from: Buf,
    to: Buf,
}

// SAFETY: a task writes the pairs of its samples.
unsafe impl Kernel for Means {
    fn name(&self) -> &'static str {
        "group norm backward means"
    }
    fn reads(&self) -> Vec<Buf> {
        [self.from].into_iter().chain(self.pass.weight).collect()
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.to]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::tasks(n, self.pass.x.plane.blocks() * 2 * BLOCK)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let plane = &self.pass.x.plane;
        let per_group = plane.channels / self.pass.groups;
        let share = 1.0 / (per_group * plane.height * plane.width) as f64;
        for n in cut::units(cx.n(), plane.blocks() * 2 * BLOCK, task) {
            let all = pairs(plane, n);
            // SAFETY: see the impl; the others are not written here.
            let (from, to, weight) = unsafe {
                let weight = self.pass.weight.map(|buf| cx.read(buf, 0..plane.channels));
                (cx.read(self.from, all.clone()), cx.write(self.to, all), weight)
            };
            to.fill(0.0);
            for group in 0..self.pass.groups {
                let channels = group * per_group..(group + 1) * per_group;
                let mut means = [0.0_f64; 2];
                for c in channels.clone() {
                    let weight = weight.map_or(1.0, |weight| f64::from(weight[c]));
                    means[0] += weight * f64::from(from[place(c)]);
                    means[1] += weight * f64::from(from[place(c) + BLOCK]);
                }
                let means = means.map(|sum| (sum * share) as f32);
                for c in channels {
                    (to[place(c)], to[place(c) + BLOCK]) = (means[0], means[1]);
                }
            }
        }
    }
}

/// `dx = inv_std · (weight · dy − means[0] − x̂ · means[1])`.
#[derive(Debug)]
struct InputGrad {
    pass: GroupNormBackward,
    means: Buf,
}

// SAFETY: a task writes its blocks of dx.
unsafe impl Kernel for InputGrad {
    fn name(&self) -> &'static str {
        "group norm backward data"
    }
    fn reads(&self) -> Vec<Buf> {
        let p = &self.pass;
        [p.x.buf, p.dy.buf, p.stats, self.means].into_iter().chain(p.weight).collect()
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
            let pair = pair(&p.x.plane, n, b);
            // SAFETY: see the impl; the others are not written here.
            let (x, dy, dx, stats, means, weight) = unsafe {
                (
                    cx.read(p.x.buf, p.x.block(n, b)),
                    cx.read(p.dy.buf, p.dy.block(n, b)),
                    cx.write(p.dx.buf, p.dx.block(n, b)),
                    cx.read(p.stats, pair.clone()),
                    cx.read(self.means, pair),
                    p.weight.map_or(&ONES[..], |buf| cx.read(buf, b * BLOCK..(b + 1) * BLOCK)),
                )
            };
            cx.isa().dispatch(PlaneGrad { pass: p, x, dy, dx, stats, means, weight });
        }
    }
}

struct PlaneGrad<'a> {
    pass: &'a GroupNormBackward,
    x: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
    stats: &'a [f32],
    means: &'a [f32],
    weight: &'a [f32],
}

impl Task for PlaneGrad<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let (x_plane, dy_plane, dx_plane) = (self.pass.x.plane, self.pass.dy.plane, self.pass.dx.plane);
        dx_plane.clear_halo(self.dx);
        for first in (0..BLOCK).step_by(V::LANES) {
            let (mean, inv_std) = (V::load(&self.stats[first..]), V::load(&self.stats[BLOCK + first..]));
            let weight = V::load(&self.weight[first..]);
            let offset = V::zero().sub(V::load(&self.means[first..]));
            let slope = V::zero().sub(V::load(&self.means[BLOCK + first..]));
            for line in 0..dx_plane.height {
                let x = self.x[x_plane.row(line)].chunks_exact(BLOCK);
                let dy = self.dy[dy_plane.row(line)].chunks_exact(BLOCK);
                let dx = self.dx[dx_plane.row(line)].chunks_exact_mut(BLOCK);
                for ((x, dy), dx) in x.zip(dy).zip(dx) {
                    let normal = V::load(&x[first..]).sub(mean).mul(inv_std);
                    let grad = offset.fma(V::load(&dy[first..]), weight).fma(normal, slope);
                    grad.mul(inv_std).store(&mut dx[first..]);
                }
            }
        }
    }
}
