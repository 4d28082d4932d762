//! Layer normalization over the channels of each pixel of `[N, C, H, W]`:
//! `y = x̂ · weight[c] + bias[c]`, `x̂ = (x − mean) / √(var + eps)`, with the mean and the (biased) variance of the `C` values
//! of the pixel.
//!
//! Backward, with `g = dy · weight`: `dx = (g − mean(g) − x̂ · mean(g · x̂)) / √(var + eps)`. The gradients of the parameters
//! are sums over pixels and samples of `dy · x̂` and of `dy`: this kernel also writes `x̂`, and [`crate::ProductSums`] does the
//! rest.
//!
//! **Schedule.** A task has some rows of pixels in all channels. A pixel's values are in blocks of 16; each lane sums its own,
//! and the 16 sums are added in pairs. The forward pass handles seven pixels at a time, since a single one is a chain of sums,
//! roots and quotients that wait for each other; sizes of 7, 14, 28 and 56 leave no remainder. The statistics are computed
//! again in the backward pass: loading two numbers per pixel would cost as much.
//!
//! **Numerics.** The variance is computed from the deviations from the mean, in a second pass, so a mean of a thousand times
//! the deviation costs three digits and not six.
//!
//! # Source
//! Ba, Kiros and Hinton, "Layer Normalization", 2016.

use crate::BLOCK;
use crate::cut;
use crate::plane::{Plane, Value};
use crate::program::{Buf, Cx, Kernel};
use crate::simd::{Simd, Task};
use crate::unrolled::unrolled;
use std::ops::Range;

/// Computes `y = x̂ · weight + bias`, for any halos and blocks of 16 channels.
#[derive(Debug)]
pub struct LayerNorm {
    /// The input.
    pub x: Value,
    /// The output, in another buffer.
    pub y: Value,
    /// The scale, one value per lane, 0 past the last channel.
    pub weight: Buf,
    /// The shift, one value per lane, 0 past the last channel.
    pub bias: Buf,
    /// The number that is added to the variance.
    pub eps: f32,
}

/// The backward pass of [`LayerNorm`].
#[derive(Debug)]
pub struct LayerNormBackward {
    /// The input of the forward pass.
    pub x: Value,
    /// The gradient of the output.
    pub dy: Value,
    /// The gradient of the input, in another buffer.
    pub dx: Value,
    /// The buffer for `x̂`, which is written; it must be another one.
    pub normal: Value,
    /// The scale.
    pub weight: Buf,
    /// The number that is added to the variance, as in the forward pass.
    pub eps: f32,
}

// SAFETY: a task writes its rows of y, in all channels.
unsafe impl Kernel for LayerNorm {
    fn name(&self) -> &'static str {
        "layer norm"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.x.buf, self.weight, self.bias]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::check_same("layer norm", &self.x, &self.y);
        cut::check_blocked("layer norm", &self.y);
        tasks(&self.y.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        cx.isa().dispatch(Rows { cx, task, kernel: self });
    }
}

// SAFETY: a task writes its rows of dx and of normal, in all channels.
unsafe impl Kernel for LayerNormBackward {
    fn name(&self) -> &'static str {
        "layer norm backward"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.x.buf, self.dy.buf, self.weight]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.dx.buf, self.normal.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        for value in [&self.x, &self.dy] {
            cut::check_same("layer norm backward", value, &self.dx);
            cut::check_same("layer norm backward", value, &self.normal);
        }
        cut::check_apart("layer norm backward", &self.dx, &self.normal);
        cut::check_blocked("layer norm backward", &self.dx);
        tasks(&self.dx.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        cx.isa().dispatch(BackwardRows { cx, task, kernel: self });
    }
}

fn row_len(plane: &Plane) -> usize {
    plane.blocks() * plane.row_len()
}

fn tasks(plane: &Plane, n: usize) -> usize {
    cut::tasks(n * plane.height, row_len(plane))
}

/// The rows of a task, as `(sample, row)`.
fn rows(plane: &Plane, n: usize, task: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
    let height = plane.height;
    cut::units(n * height, row_len(plane), task).map(move |unit| (unit / height, unit % height))
}

/// Row `line` of block `b` of sample `n`, with the halo beside it and, for the first and the last row, the halo above and
/// below.
fn with_halo(value: &Value, n: usize, b: usize, line: usize) -> Range<usize> {
    let (plane, block) = (&value.plane, value.block(n, b));
    let row = |line: usize| block.start + (plane.halo[0] + line) * plane.row_len();
    let start = if line == 0 { block.start } else { row(line) };
    let end = if line + 1 == plane.height { block.end } else { row(line + 1) };
    start..end
}

/// Row `line` of block `b` of sample `n`, without halo.
fn inside(value: &Value, n: usize, b: usize, line: usize) -> Range<usize> {
    let (start, row) = (value.block(n, b).start, value.plane.row(line));
    start + row.start..start + row.end
}

/// Zeroes the halo of a row of every block.
///
/// # Safety
/// The row belongs to this task.
unsafe fn clear_halo(cx: &Cx<'_>, value: &Value, n: usize, line: usize) {
    for b in 0..value.plane.blocks() {
        let (all, inside) = (with_halo(value, n, b, line), inside(value, n, b, line));
        for part in [all.start..inside.start, inside.end..all.end] {
            // SAFETY: the caller's promise.
            unsafe { cx.write(value.buf, part) }.fill(0.0);
        }
    }
}

/// The sum of 16 lanes, added in pairs.
fn sum_of(mut lanes: [f32; BLOCK]) -> f32 {
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
    }
    lanes[0]
}

/// A bit mask of the lanes of block `b` that hold a channel.
fn lanes(plane: &Plane, b: usize) -> u16 {
    let channels = (plane.channels - b * BLOCK).min(BLOCK);
    ((1_u32 << channels) - 1) as u16
}

/// Number of pixels whose sums are computed together.
const TOGETHER: usize = 7;

/// Mean, and `1 / √(var + eps)`, of `P` pixels of a row, starting at `column`.
#[inline(always)]
fn statistics<V: Simd, const P: usize>(
    cx: &Cx<'_>,
    x: &Value,
    (n, line, column): (usize, usize, usize),
    eps: f32,
) -> [(f32, f32); P] {
    let plane = &x.plane;
    let count = plane.channels as f32;
    let pixels = |b: usize| {
        let start = inside(x, n, b, line).start + column * BLOCK;
        // SAFETY: `x` is not written here.
        unsafe { cx.read(x.buf, start..start + P * BLOCK) }
    };
    let mut sums = [[0.0; BLOCK]; P];
    for first in (0..BLOCK).step_by(V::LANES) {
        let mut sum = [V::zero(); P];
        for b in 0..plane.blocks() {
            let x = pixels(b);
            unrolled!(p < P => sum[p] = sum[p].add(V::load(&x[p * BLOCK + first..])));
        }
        unrolled!(p < P => sum[p].store(&mut sums[p][first..]));
    }
    let means = sums.map(|lanes| sum_of(lanes) / count);
    for first in (0..BLOCK).step_by(V::LANES) {
        let mut sum = [V::zero(); P];
        for b in 0..plane.blocks() {
            let (x, lanes) = (pixels(b), V::mask(lanes(plane, b) >> first));
            unrolled!(p < P => {
                let deviation = V::load(&x[p * BLOCK + first..]).sub(V::splat(means[p]));
                let deviation = V::select(lanes, deviation, V::zero());
                sum[p] = sum[p].fma(deviation, deviation);
            });
        }
        unrolled!(p < P => sum[p].store(&mut sums[p][first..]));
    }
    std::array::from_fn(|p| (means[p], 1.0 / (sum_of(sums[p]) / count + eps).sqrt()))
}

struct Rows<'a> {
    cx: &'a Cx<'a>,
    task: usize,
    kernel: &'a LayerNorm,
}

impl Task for Rows<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let y = &self.kernel.y;
        for (n, line) in rows(&y.plane, self.cx.n(), self.task) {
            // SAFETY: the row belongs to this task.
            unsafe { clear_halo(self.cx, y, n, line) };
            let whole = y.plane.width / TOGETHER * TOGETHER;
            for column in (0..whole).step_by(TOGETHER) {
                self.pixels::<V, TOGETHER>((n, line, column));
            }
            for column in whole..y.plane.width {
                self.pixels::<V, 1>((n, line, column));
            }
        }
    }
}

impl Rows<'_> {
    /// `P` pixels of a row, starting at `column`.
    #[inline(always)]
    fn pixels<V: Simd, const P: usize>(&self, (n, line, column): (usize, usize, usize)) {
        let (cx, &LayerNorm { x, y, weight, bias, eps }) = (self.cx, self.kernel);
        let moments = statistics::<V, P>(cx, &x, (n, line, column), eps);
        for b in 0..y.plane.blocks() {
            let at = |value: &Value| {
                let start = inside(value, n, b, line).start + column * BLOCK;
                start..start + P * BLOCK
            };
            let of = b * BLOCK..(b + 1) * BLOCK;
            // SAFETY: the row belongs to this task; the others are not written here.
            let (from, weight, bias, to) = unsafe {
                (
                    cx.read(x.buf, at(&x)),
                    cx.read(weight, of.clone()),
                    cx.read(bias, of),
                    cx.write(y.buf, at(&y)),
                )
            };
            for first in (0..BLOCK).step_by(V::LANES) {
                let (weight, bias) = (V::load(&weight[first..]), V::load(&bias[first..]));
                unrolled!(p < P => {
                    let (mean, scale) = moments[p];
                    let normal = V::load(&from[p * BLOCK + first..]).sub(V::splat(mean)).mul(V::splat(scale));
                    bias.fma(normal, weight).store(&mut to[p * BLOCK + first..]);
                });
            }
        }
    }
}

struct BackwardRows<'a> {
    cx: &'a Cx<'a>,
    task: usize,
    kernel: &'a LayerNormBackward,
}

impl Task for BackwardRows<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let (cx, &LayerNormBackward { x, dy, dx, normal, weight, eps }) = (self.cx, self.kernel);
        let plane = dx.plane;
        let count = plane.channels as f32;
        for (n, line) in rows(&plane, cx.n(), self.task) {
            // SAFETY: the row belongs to this task.
            unsafe {
                clear_halo(cx, &dx, n, line);
                clear_halo(cx, &normal, n, line);
            }
            for column in 0..plane.width {
                let [(mean, scale)] = statistics::<V, 1>(cx, &x, (n, line, column), eps);
                let (mean, scale) = (V::splat(mean), V::splat(scale));
                let at = |value: &Value, b: usize| {
                    let start = inside(value, n, b, line).start + column * BLOCK;
                    start..start + BLOCK
                };
                let mut sums = [[0.0; BLOCK]; 2];
                for first in (0..BLOCK).step_by(V::LANES) {
                    let mut sum = [V::zero(); 2];
                    for b in 0..plane.blocks() {
                        let of = b * BLOCK..(b + 1) * BLOCK;
                        // SAFETY: as above; the others are not written here.
                        let (x, dy, weight, to) = unsafe {
                            (
                                cx.read(x.buf, at(&x, b)),
                                cx.read(dy.buf, at(&dy, b)),
                                cx.read(weight, of),
                                cx.write(normal.buf, at(&normal, b)),
                            )
                        };
                        let centered = V::load(&x[first..]).sub(mean).mul(scale);
                        let centered = V::select(V::mask(lanes(&plane, b) >> first), centered, V::zero());
                        centered.store(&mut to[first..]);
                        let gradient = V::load(&dy[first..]).mul(V::load(&weight[first..]));
                        sum = [sum[0].add(gradient), sum[1].fma(gradient, centered)];
                    }
                    (0..2).for_each(|i| sum[i].store(&mut sums[i][first..]));
                }
                let [offset, slope] = sums.map(|lanes| V::splat(-sum_of(lanes) / count));
                for b in 0..plane.blocks() {
                    let of = b * BLOCK..(b + 1) * BLOCK;
                    // SAFETY: as above; what was written to `normal` is read after it.
                    let (dy, weight, centered, to) = unsafe {
                        (
                            cx.read(dy.buf, at(&dy, b)),
                            cx.read(weight, of),
                            &*cx.write(normal.buf, at(&normal, b)),
                            cx.write(dx.buf, at(&dx, b)),
                        )
                    };
                    for first in (0..BLOCK).step_by(V::LANES) {
                        let gradient = V::load(&dy[first..]).mul(V::load(&weight[first..]));
                        let rest = gradient.add(offset).fma(slope, V::load(&centered[first..]));
                        let rest = V::select(V::mask(lanes(&plane, b) >> first), rest, V::zero());
                        rest.mul(scale).store(&mut to[first..]);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference;
    use crate::testing::{Setup, TestProgram, run_everywhere};
    use striate_testkit::{Sample, assert_close, widen};

    #[test]
    fn forward_and_backward_are_the_references() {
        let mut sample = Sample::new(21);
        for (channels, size) in
            [(1, [2, 3]), (3, [5, 7]), (16, [4, 4]), (17, [1, 37]), (130, [1, 1]), (33, [7, 7]), (40, [3, 2])]
        {
            let n = sample.usize_in(1..=4);
            let len = n * channels * size[0] * size[1];
            // Values far from 0, as far as the mean may be.
            let x: Vec<f32> = sample.normal_vec(len).into_iter().map(|v| 2.0 * v + 30.0).collect();
            let dy = sample.normal_vec(len);
            let lanes = Plane::vector(channels).sample_len();
            let mut parameter = || {
                let mut values = sample.normal_vec(channels);
                values.resize(lanes, 0.0);
                values
            };
            let (weight, bias) = (parameter(), parameter());
            let mut plane =
                || Plane::blocked(channels, size, sample.choose(&[[0, 0], [1, 1], [0, 2], [3, 0]]));
            let planes: [Plane; 5] = std::array::from_fn(|_| plane());
            let build = |t: &mut TestProgram| {
                let (x, dy) = (t.input(planes[0], &x), t.input(planes[1], &dy));
                let [y, dx, normal] = [2, 3, 4].map(|i| t.output(planes[i]));
                let (weight, bias) = (t.values(&weight), t.values(&bias));
                t.program.push(LayerNorm { x, y, weight, bias, eps: 1e-3 });
                t.program.push(LayerNormBackward { x, dy, dx, normal, weight, eps: 1e-3 });
            };
            let (x, dy) = (widen(&x), widen(&dy));
            let (weight, bias) = (widen(&weight[..channels]), widen(&bias[..channels]));
            let pixels = size[0] * size[1];
            let y = reference::layer_norm(n, channels, pixels, &x, &weight, &bias, 1e-3);
            let ones = vec![1.0; channels];
            let normal = reference::layer_norm(n, channels, pixels, &x, &ones, &vec![0.0; channels], 1e-3);
            let dx = reference::layer_norm_vjp(n, channels, pixels, &x, &weight, 1e-3, &dy).grad_input;
            for run in run_everywhere(&Setup::new(n), build) {
                for (i, (want, what)) in [(&y, "y"), (&dx, "dx"), (&normal, "normal")].iter().enumerate() {
                    // The mean, 15 deviations away, is rounded to 2^-20.
                    let what = format!("{what} of {channels} channels of {size:?}, {}", run.what);
                    assert_close(&run.outputs[i], want, 2e-5, 2e-5, &what);
                }
            }
        }
    }
}
