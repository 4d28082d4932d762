//! PReLU: `y = x` where it is above 0, else `weight[c] · x`, with one weight per channel, or one for all.
//!
//! The gradients: `dx = dy` where `x` is above 0, else `weight[c] · dy`; `dweight[c] = Σ dy · x` over the positions where it is
//! not.
//!
//! **Numerics.** The sum of each channel of each sample is computed in four chains. Those of the samples are added in f64 in
//! order, and, if one weight is for all channels, those of the channels as well.

use crate::BLOCK;
use crate::chains::Chains;
use crate::cut;
use crate::plane::{Plane, Value};
use crate::program::{Buf, Builder, Cx, Kernel};
use crate::simd::{Simd, Task};

/// Computes `y = x` where that is above 0, else `weight · x`, for any halos and blocks of 16 channels.
#[derive(Debug)]
pub struct PRelu {
    /// The input.
    pub x: Value,
    /// The output, in another buffer.
    pub y: Value,
    /// One slope per lane, or a block whose first value is the slope of all channels.
    pub weight: Buf,
    /// Whether one slope is for all channels.
    pub is_shared: bool,
}

/// The gradients of [`PRelu`].
#[derive(Debug, Clone, Copy)]
pub struct PReluBackward {
    /// The input of the forward pass.
    pub x: Value,
    /// The gradient of the output.
    pub dy: Value,
    /// The gradient of the input, in another buffer.
    pub dx: Value,
    /// The slopes, as in the forward pass.
    pub weight: Buf,
    /// The gradient of the slopes, in the layout of the slopes; it is summed over the tiles of a batch.
    pub dweight: Buf,
    /// Whether one slope is for all channels, as in the forward pass.
    pub is_shared: bool,
}

impl PReluBackward {
    /// Adds the kernels to `program`.
    ///
    /// # Panics
    /// If `x`, `dy` and `dx` differ in shape or are planar.
    pub fn push(self, program: &mut Builder) {
        cut::check_same("prelu backward", &self.x, &self.dx);
        cut::check_same("prelu backward", &self.dy, &self.dx);
        cut::check_blocked("prelu backward", &self.dx);
        let partial = program.buffer(program.tile() * self.x.plane.blocks() * BLOCK);
        program.push(InputGrad { pass: self, partial });
        program.push(WeightGrad { pass: self, partial });
    }
}

/// The slopes of block `b`.
fn slopes(is_shared: bool, b: usize) -> std::ops::Range<usize> {
    let b = if is_shared { 0 } else { b };
    b * BLOCK..(b + 1) * BLOCK
}

#[inline(always)]
fn slope<V: Simd>(weight: &[f32], is_shared: bool, first: usize) -> V {
    if is_shared { V::splat(weight[0]) } else { V::load(&weight[first..]) }
}

// SAFETY: a task writes its blocks of y.
unsafe impl Kernel for PRelu {
    fn name(&self) -> &'static str {
        "prelu"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.x.buf, self.weight]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::check_same("prelu", &self.x, &self.y);
        cut::check_blocked("prelu", &self.y);
        cut::block_tasks(&self.y.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        for (n, b) in cut::blocks(&self.y.plane, cx.n(), task) {
            // SAFETY: see the impl; the others are not written here.
            let (x, y, weight) = unsafe {
                let weight = cx.read(self.weight, slopes(self.is_shared, b));
                (cx.read(self.x.buf, self.x.block(n, b)), cx.write(self.y.buf, self.y.block(n, b)), weight)
            };
            let planes = [self.x.plane, self.y.plane];
            cx.isa().dispatch(Forward { x, y, planes, weight, is_shared: self.is_shared });
        }
    }
}

struct Forward<'a> {
    x: &'a [f32],
    y: &'a mut [f32],
    planes: [Plane; 2],
    weight: &'a [f32],
    is_shared: bool,
}

impl Task for Forward<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let [x_plane, y_plane] = self.planes;
        y_plane.clear_halo(self.y);
        for first in (0..BLOCK).step_by(V::LANES) {
            let slope = slope::<V>(self.weight, self.is_shared, first);
            for line in 0..y_plane.height {
                let x = self.x[x_plane.row(line)].chunks_exact(BLOCK);
                for (x, y) in x.zip(self.y[y_plane.row(line)].chunks_exact_mut(BLOCK)) {
                    let x = V::load(&x[first..]);
                    V::select(x.gt(V::zero()), x, x.mul(slope)).store(&mut y[first..]);
                }
            }
        }
    }
}

/// `dx`, and the sums of each channel of each sample: `[n][block][16]`.
#[derive(Debug)]
struct InputGrad {
    pass: PReluBackward,
    partial: Buf,
}

// SAFETY: a task writes its blocks of dx and of the sums.
unsafe impl Kernel for InputGrad {
    fn name(&self) -> &'static str {
        "prelu backward"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.pass.x.buf, self.pass.dy.buf, self.pass.weight]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.pass.dx.buf, self.partial]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::block_tasks(&self.pass.dx.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let p = &self.pass;
        for (n, b) in cut::blocks(&p.dx.plane, cx.n(), task) {
            let sums = (n * p.dx.plane.blocks() + b) * BLOCK;
            // SAFETY: see the impl; the others are not written here.
            let (x, dy, dx, sums, weight) = unsafe {
                let (x, dy) = (cx.read(p.x.buf, p.x.block(n, b)), cx.read(p.dy.buf, p.dy.block(n, b)));
                let (dx, sums) =
                    (cx.write(p.dx.buf, p.dx.block(n, b)), cx.write(self.partial, sums..sums + BLOCK));
                (x, dy, dx, sums, cx.read(p.weight, slopes(p.is_shared, b)))
            };
            cx.isa().dispatch(Backward { pass: p, x, dy, dx, sums, weight });
        }
    }
}

struct Backward<'a> {
    pass: &'a PReluBackward,
    x: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
    sums: &'a mut [f32],
    weight: &'a [f32],
}

impl Task for Backward<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let (x_plane, dy_plane, dx_plane) = (self.pass.x.plane, self.pass.dy.plane, self.pass.dx.plane);
        dx_plane.clear_halo(self.dx);
        for first in (0..BLOCK).step_by(V::LANES) {
            let slope = slope::<V>(self.weight, self.pass.is_shared, first);
            let mut sum = Chains::<V>::zero();
            for line in 0..dx_plane.height {
                let x = self.x[x_plane.row(line)].chunks_exact(BLOCK);
                let dy = self.dy[dy_plane.row(line)].chunks_exact(BLOCK);
                let dx = self.dx[dx_plane.row(line)].chunks_exact_mut(BLOCK);
                for (i, ((x, dy), dx)) in x.zip(dy).zip(dx).enumerate() {
                    let (x, dy) = (V::load(&x[first..]), V::load(&dy[first..]));
                    let is_above = x.gt(V::zero());
                    V::select(is_above, dy, dy.mul(slope)).store(&mut dx[first..]);
                    sum.add(i, V::select(is_above, V::zero(), dy.mul(x)));
                }
            }
            sum.total().store(&mut self.sums[first..]);
        }
    }
}

/// Adds the sums of the samples in order.
#[derive(Debug)]
struct WeightGrad {
    pass: PReluBackward,
    partial: Buf,
}

// SAFETY: a task writes the lanes of its block; where one slope is for all, there is one task.
unsafe impl Kernel for WeightGrad {
    fn name(&self) -> &'static str {
        "prelu backward weight"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.partial, self.pass.dweight]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.pass.dweight]
    }
    fn tasks(&self, _: usize) -> usize {
        if self.pass.is_shared { 1 } else { self.pass.x.plane.blocks() }
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let (blocks, is_shared) = (self.pass.x.plane.blocks(), self.pass.is_shared);
        let mut sums = [0.0_f64; BLOCK];
        for n in 0..cx.n() {
            for b in if is_shared { 0..blocks } else { task..task + 1 } {
                let from = (n * blocks + b) * BLOCK;
                // SAFETY: the partial sums are not written here.
                let from = unsafe { cx.read(self.partial, from..from + BLOCK) };
                sums.iter_mut().zip(from).for_each(|(sum, &from)| *sum += f64::from(from));
            }
        }
        if is_shared {
            let all = sums.iter().sum();
            sums = [0.0; BLOCK];
            sums[0] = all;
        }
        // SAFETY: see the impl.
        let dweight = unsafe { cx.write(self.pass.dweight, slopes(is_shared, task)) };
        for (to, sum) in dweight.iter_mut().zip(sums) {
            *to = if cx.starts_sums() { sum as f32 } else { *to + sum as f32 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference;
    use crate::testing::{Setup, run_everywhere};
    use striate_testkit::{Sample, assert_close, widen};

    #[test]
    fn equals_the_reference() {
        let mut sample = Sample::new(5);
        for (n, channels, size) in
            [(1, 1, [1, 1]), (3, 16, [4, 5]), (5, 17, [1, 7]), (2, 33, [9, 2]), (7, 15, [3, 3])]
        {
            for is_shared in [false, true] {
                let pixels = size[0] * size[1];
                let mut x = sample.normal_vec(n * channels * pixels);
                x.iter_mut().step_by(5).for_each(|v| *v = 0.0);
                let dy = sample.normal_vec(x.len());
                let weight = sample.normal_vec(if is_shared { 1 } else { channels });
                let mut lanes = weight.clone();
                lanes.resize(weight.len().next_multiple_of(BLOCK), 0.0);
                let planes =
                    [[0, 0], [1, 2], [2, 1], [0, 1]].map(|halo| Plane::blocked(channels, size, halo));
                let (wide, w) = (widen(&x), widen(&weight));
                let y = reference::prelu(n, channels, pixels, &wide, &w);
                let (dx, dw) = reference::prelu_vjp(n, channels, pixels, &wide, &w, &widen(&dy));
                for tile in [n, 2] {
                    let runs = run_everywhere(&Setup::new(n).tiles(tile), |t| {
                        let (x, dy) = (t.input(planes[0], &x), t.input(planes[1], &dy));
                        let (y, dx) = (t.output(planes[2]), t.output(planes[3]));
                        let (weight, dweight) = (t.values(&lanes), t.output_buffer(lanes.len()));
                        t.program.push(PRelu { x, y, weight, is_shared });
                        PReluBackward { x, dy, dx, weight, dweight, is_shared }.push(&mut t.program);
                    });
                    for run in runs {
                        let what = format!("{n} x {channels} x {size:?}, shared {is_shared}, {}", run.what);
                        assert_close(&run.outputs[0], &y, 1e-6, 0.0, &what);
                        assert_close(&run.outputs[1], &dx, 1e-6, 0.0, &what);
                        let (dweight, rest) = run.outputs[2].split_at(weight.len());
                        assert_close(dweight, &dw, 1e-5, 1e-6, &what);
                        assert!(rest.iter().all(|&v| v == 0.0), "{what}");
                    }
                }
            }
        }
    }
}
