//! Resizing of images: nearest, `y[n,c,oy,ox] = x[n, c, ⌊oy·H/OH⌋, ⌊ox·W/OW⌋]`, or bilinear, the mean of the four pixels
//! around the position `max(0, (o + ½)·H/OH − ½)`, weighted by their nearness. The gradient passes back to the pixels that
//! were read, with the same weights.
//!
//! **Numerics.** Positions are exact, in integers until a weight is rounded to f32. The backward pass adds in scan order of the
//! outputs, so a pixel's gradients are always summed in the same order.

use crate::BLOCK;
use crate::cut::{self, check_apart, check_blocked};
use crate::plane::Value;
use crate::program::{Buf, Cx, Kernel};
use crate::reference::Between;
use crate::simd::{Simd, Task};

/// What an output position reads along an axis: `(1 − share) · x[first] + share · x[second]`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Tap {
    first: usize,
    second: usize,
    share: f32,
}

fn taps(between: Between, from: usize, to: usize) -> Vec<Tap> {
    let tap = |at: usize| match between {
        Between::Nearest => {
            let first = at * from / to;
            Tap { first, second: first, share: 0.0 }
        }
        Between::Bilinear => {
            // In units of half an output pixel.
            let place = ((2 * at + 1) * from).saturating_sub(to);
            let (first, rest) = (place / (2 * to), place % (2 * to));
            let share = (rest as f64 / (2 * to) as f64) as f32;
            Tap { first, second: (first + 1).min(from - 1), share }
        }
    };
    (0..to).map(tap).collect()
}

/// What each row and each column of the output reads.
#[derive(Debug)]
struct Places {
    rows: Vec<Tap>,
    columns: Vec<Tap>,
    between: Between,
}

impl Places {
    #[track_caller]
    fn new(x: &Value, y: &Value, between: Between) -> Self {
        check_blocked("upsample", x);
        check_blocked("upsample", y);
        check_apart("upsample", x, y);
        let channels = (x.plane.channels, y.plane.channels);
        assert!(
            channels.0 == channels.1,
            "upsample: input and output must have the same number of channels, got {channels:?}"
        );
        let [[h, w], [oh, ow]] = [x.plane.size(), y.plane.size()];
        Self { rows: taps(between, h, oh), columns: taps(between, w, ow), between }
    }
}

/// Computes `y = x`, resized to the size of `y`, for any halos and blocks of 16 channels.
#[derive(Debug)]
pub struct Upsample {
    x: Value,
    y: Value,
    places: Places,
}

impl Upsample {
    /// Creates the kernel that resizes to the size of `y`.
    ///
    /// # Panics
    /// If the numbers of channels differ or a value is planar.
    pub fn new(x: Value, y: Value, between: Between) -> Self {
        Self { places: Places::new(&x, &y, between), x, y }
    }
}

/// Computes `dx[i] = Σ weight · dy[o]` over the outputs `o` that read `i`.
#[derive(Debug)]
pub struct UpsampleBackward {
    dy: Value,
    dx: Value,
    places: Places,
}

impl UpsampleBackward {
    /// Creates the kernel like [`Upsample::new`], for the gradients.
    ///
    /// # Panics
    /// Those of [`Upsample::new`].
    pub fn new(dy: Value, dx: Value, between: Between) -> Self {
        Self { places: Places::new(&dx, &dy, between), dy, dx }
    }
}

// SAFETY: a task writes its blocks of y.
unsafe impl Kernel for Upsample {
    fn name(&self) -> &'static str {
        "upsample"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.x.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::block_tasks(&self.y.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        for (n, b) in cut::blocks(&self.y.plane, cx.n(), task) {
            // SAFETY: see the impl; x is not written here.
            let (x, y) = unsafe {
                (cx.read(self.x.buf, self.x.block(n, b)), cx.write(self.y.buf, self.y.block(n, b)))
            };
            cx.isa().dispatch(Forward { pass: self, x, y });
        }
    }
}

// SAFETY: a task writes its blocks of dx.
unsafe impl Kernel for UpsampleBackward {
    fn name(&self) -> &'static str {
        "upsample backward"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.dy.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.dx.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::block_tasks(&self.dy.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        for (n, b) in cut::blocks(&self.dy.plane, cx.n(), task) {
            // SAFETY: see the impl; dy is not written here.
            let (dy, dx) = unsafe {
                (cx.read(self.dy.buf, self.dy.block(n, b)), cx.write(self.dx.buf, self.dx.block(n, b)))
            };
            cx.isa().dispatch(Backward { pass: self, dy, dx });
        }
    }
}

struct Forward<'a> {
    pass: &'a Upsample,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Task for Forward<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let Forward { pass: Upsample { x: from, y: to, places }, x, y } = self;
        to.plane.clear_halo(y);
        for (oy, row) in places.rows.iter().enumerate() {
            for (ox, column) in places.columns.iter().enumerate() {
                let to = to.plane.index(0, oy, ox);
                let at = |row: usize, column: usize| from.plane.index(0, row, column);
                if places.between == Between::Nearest {
                    let from = at(row.first, column.first);
                    y[to..to + BLOCK].copy_from_slice(&x[from..from + BLOCK]);
                    continue;
                }
                for lane in (0..BLOCK).step_by(V::LANES) {
                    let load = |row, column| V::load(&x[at(row, column) + lane..]);
                    let line = |row| mix(load(row, column.first), load(row, column.second), column.share);
                    mix::<V>(line(row.first), line(row.second), row.share).store(&mut y[to + lane..]);
                }
            }
        }
    }
}

/// `(1 − share) · a + share · b`.
#[inline(always)]
fn mix<V: Simd>(a: V, b: V, share: f32) -> V {
    a.mul(V::splat(1.0 - share)).fma(b, V::splat(share))
}

struct Backward<'a> {
    pass: &'a UpsampleBackward,
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Task for Backward<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let Backward { pass: UpsampleBackward { dy: from, dx: to, places }, dy, dx } = self;
        dx.fill(0.0);
        let is_nearest = places.between == Between::Nearest;
        for (oy, row) in places.rows.iter().enumerate() {
            for (ox, column) in places.columns.iter().enumerate() {
                let from = from.plane.index(0, oy, ox);
                for lane in (0..BLOCK).step_by(V::LANES) {
                    let dy = V::load(&dy[from + lane..]);
                    let mut add = |row: usize, column: usize, weight: f32| {
                        let dx = &mut dx[to.plane.index(0, row, column) + lane..];
                        V::load(dx).fma(dy, V::splat(weight)).store(dx);
                    };
                    if is_nearest {
                        add(row.first, column.first, 1.0);
                        continue;
                    }
                    for (r, row) in [(row.first, 1.0 - row.share), (row.second, row.share)] {
                        add(r, column.first, row * (1.0 - column.share));
                        add(r, column.second, row * column.share);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::Plane;
    use crate::reference;
    use crate::testing::{Setup, assert_same, run_everywhere};
    use striate_testkit::{Sample, assert_close, widen};

    #[test]
    fn equals_the_reference_in_any_tiles() {
        let mut sample = Sample::new(8);
        for case in 0..24 {
            let n = sample.usize_in(1..=4);
            let [input, output] = [(); 2].map(|()| [sample.usize_in(1..=9), sample.usize_in(1..=9)]);
            let output = if case % 3 == 0 { [2 * input[0], 3 * input[1]] } else { output };
            let channels = sample.choose(&[1, 15, 16, 37]);
            let between = [Between::Nearest, Between::Bilinear][case % 2];
            let mut halo = || [sample.usize_in(0..=2), sample.usize_in(0..=2)];
            let big = [(); 2].map(|()| Plane::blocked(channels, input, halo()));
            let small = [(); 2].map(|()| Plane::blocked(channels, output, halo()));
            let x = sample.normal_vec(n * channels * input[0] * input[1]);
            let dy = sample.normal_vec(n * channels * output[0] * output[1]);
            let [whole, tiled] = [n, 2].map(|tile| {
                run_everywhere(&Setup::new(n).tiles(tile), |t| {
                    let (x, dy) = (t.input(big[0], &x), t.input(small[0], &dy));
                    let (y, dx) = (t.output(small[1]), t.output(big[1]));
                    t.program.push(Upsample::new(x, y, between));
                    t.program.push(UpsampleBackward::new(dy, dx, between));
                })
            });
            let y = reference::interpolate(between, n * channels, input, output, &widen(&x));
            let dx = reference::interpolate_vjp(between, n * channels, input, output, &widen(&dy));
            // For the other values nothing is rounded.
            let of_y = if between == Between::Nearest { 0.0 } else { 1e-6 };
            for (run, tiled) in whole.iter().zip(&tiled) {
                let what = format!("{between:?} {n} x {channels} x {input:?} to {output:?}, {}", run.what);
                assert_close(&run.outputs[0], &y, of_y, 0.0, &what);
                assert_close(&run.outputs[1], &dx, 2e-6, 1e-7, &what);
                assert_same(run, tiled, &what);
            }
        }
    }

    #[test]
    fn nearest_is_a_copy_of_what_is_not_finite_too() {
        let x = [f32::NAN, f32::INFINITY, 1.0];
        let [small, big] = [3, 6].map(|width| Plane::blocked(1, [1, width], [0, 1]));
        for run in run_everywhere(&Setup::new(1), |t| {
            let (x, y) = (t.input(small, &x), t.output(big));
            t.program.push(Upsample::new(x, y, Between::Nearest));
        }) {
            let y = &run.outputs[0];
            assert!(y[0].is_nan() && y[1].is_nan() && y[2..] == [f32::INFINITY, f32::INFINITY, 1.0, 1.0]);
        }
    }
}
