//! Max pooling: `y[n,c,oy,ox] = max of x[n, c] over the window`; its gradient goes to the cell that won. Adaptive max pooling
//! is the same over the regions of [`super::AdaptiveAvgPool`].
//!
//! Padding is −∞, which never wins. Among equal values the first in scan order wins, and a NaN wins over all numbers, as in
//! PyTorch. The backward pass finds the winner again from `x`, so only `x` is kept; where convolution, ReLU and a 2x2 pooling
//! follow each other, [`crate::conv::ConvPool`] is faster.

use super::regions::{Cells, Regions, Span};
use super::{check_pair, window_regions};
use crate::cut;
use crate::plane::Value;
use crate::program::{Buf, Cx, Kernel};
use crate::simd::{Simd, Task};
use crate::{BLOCK, Window};

/// Computes `y = max_pool(x)`.
#[derive(Debug)]
pub struct MaxPool {
    x: Value,
    y: Value,
    regions: Regions,
}

impl MaxPool {
    /// Creates the kernel for values in blocks of 16 channels, with any halos; the padding is that of the window.
    ///
    /// # Panics
    /// If the sizes do not fit the window.
    pub fn new(x: Value, y: Value, window: Window) -> Self {
        Self { regions: window_regions("max-pool", &x, &y, window), x, y }
    }

    /// Creates the kernel that pools to the size of `y`, over regions that cover `x`.
    ///
    /// # Panics
    /// If the numbers of channels differ or a value is planar.
    pub fn adaptive(x: Value, y: Value) -> Self {
        check_pair("adaptive max-pool", &x, &y);
        Self { regions: Regions::adaptive(x.plane.size(), y.plane.size()), x, y }
    }
}

/// Computes `dx[i] = Σ dy[o]` over the outputs `o` whose maximum was at `i`.
#[derive(Debug)]
pub struct MaxPoolBackward {
    x: Value,
    dy: Value,
    dx: Value,
    regions: Regions,
}

impl MaxPoolBackward {
    /// Creates the kernel; `x` is the input of the forward pass.
    ///
    /// # Panics
    /// Those of [`MaxPool::new`].
    pub fn new(x: Value, dy: Value, dx: Value, window: Window) -> Self {
        cut::check_same("max-pool backward", &x, &dx);
        Self { regions: window_regions("max-pool backward", &dx, &dy, window), x, dy, dx }
    }

    /// Creates the kernel like [`MaxPool::adaptive`], for the gradients; a region has at most 2^24 cells, since the cells are
    /// numbered in f32.
    ///
    /// # Panics
    /// Those of [`MaxPool::adaptive`], and if a region has more cells.
    pub fn adaptive(x: Value, dy: Value, dx: Value) -> Self {
        cut::check_same("adaptive max-pool backward", &x, &dx);
        check_pair("adaptive max-pool backward", &dx, &dy);
        let regions = Regions::adaptive(dx.plane.size(), dy.plane.size());
        let most = |spans: &[Span]| spans.iter().map(|span| span.count).max().unwrap_or(0);
        let cells = most(&regions.rows) * most(&regions.columns);
        assert!(cells <= 1 << 24, "adaptive max-pool backward: {cells} cells in a region, more than 2^24");
        Self { regions, x, dy, dx }
    }
}

// SAFETY: a task writes its blocks of y.
unsafe impl Kernel for MaxPool {
    fn name(&self) -> &'static str {
        "max-pool"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.x.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::block_tasks(&self.x.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        for (n, b) in cut::blocks(&self.x.plane, cx.n(), task) {
            // SAFETY: see the impl; x is not written here.
            let (x, y) = unsafe {
                (cx.read(self.x.buf, self.x.block(n, b)), cx.write(self.y.buf, self.y.block(n, b)))
            };
            cx.isa().dispatch(Forward { pool: self, x, y, block: b });
        }
    }
}

// SAFETY: a task writes its blocks of dx.
unsafe impl Kernel for MaxPoolBackward {
    fn name(&self) -> &'static str {
        "max-pool backward"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.x.buf, self.dy.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.dx.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::block_tasks(&self.dx.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        for (n, b) in cut::blocks(&self.dx.plane, cx.n(), task) {
            // SAFETY: see the impl; x and dy are not written here.
            let (x, dy, dx) = unsafe {
                let (x, dy) =
                    (cx.read(self.x.buf, self.x.block(n, b)), cx.read(self.dy.buf, self.dy.block(n, b)));
                (x, dy, cx.write(self.dx.buf, self.dx.block(n, b)))
            };
            cx.isa().dispatch(Backward { pool: self, x, dy, dx });
        }
    }
}

/// The largest value of a region, and the number of its cell in scan order.
#[inline(always)]
fn best<V: Simd>(x: &[f32], cells: Cells) -> (V, V) {
    let (mut best, mut winner) = (V::splat(f32::NEG_INFINITY), V::zero());
    for (number, at) in cells.offsets().enumerate() {
        let value = V::load(&x[at..]);
        // value > best, or NaN; the first cell is number 0 even if it is −∞.
        let nan = value.is_nan();
        let wins = V::choose(nan, nan, value.gt(best));
        best = V::select(wins, value, best);
        winner = V::select(wins, V::splat(number as f32), winner);
    }
    (best, winner)
}

/// The largest value of a region of `H x W` cells.
#[inline(always)]
fn largest<V: Simd, const H: usize, const W: usize>(x: &[f32], cells: Cells) -> V {
    let mut best = V::splat(f32::NEG_INFINITY);
    let mut nan = V::mask(0);
    for row in cells.grid::<H, W>() {
        for at in row {
            let value = V::load(&x[at..]);
            // The first of equal values stays, and a NaN is tracked separately.
            best = value.max(best);
            nan = V::or(nan, value.is_nan());
        }
    }
    V::select(nan, V::splat(f32::NAN), best)
}

struct Forward<'a> {
    pool: &'a MaxPool,
    x: &'a [f32],
    y: &'a mut [f32],
    block: usize,
}

impl Task for Forward<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let (x_plane, y_plane) = (&self.pool.x.plane, &self.pool.y.plane);
        y_plane.clear_halo(self.y);
        let lanes = (y_plane.channels - self.block * BLOCK).min(BLOCK);
        for (at, cells) in self.pool.regions.pixels(y_plane, x_plane) {
            for first in (0..BLOCK).step_by(V::LANES) {
                let x = &self.x[first..];
                // The usual windows, with a number of cells that the compiler knows: three times as fast.
                let largest = match cells.counts() {
                    [2, 2] => largest::<V, 2, 2>(x, cells),
                    [3, 3] => largest::<V, 3, 3>(x, cells),
                    _ => best::<V>(x, cells).0,
                };
                largest.store(&mut self.y[at + first..]);
            }
            if cells.count() == 0 {
                self.y[at + lanes..at + BLOCK].fill(0.0);
            }
        }
    }
}

struct Backward<'a> {
    pool: &'a MaxPoolBackward,
    x: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Task for Backward<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let (dx_plane, dy_plane) = (&self.pool.dx.plane, &self.pool.dy.plane);
        let shift = self.pool.x.plane;
        self.dx.fill(0.0);
        // x and dx may have different halos: the same regions, positioned in each.
        let places =
            self.pool.regions.pixels(dy_plane, &shift).zip(self.pool.regions.pixels(dy_plane, dx_plane));
        for ((at, x_cells), (_, dx_cells)) in places {
            for first in (0..BLOCK).step_by(V::LANES) {
                let winner = best::<V>(&self.x[first..], x_cells).1;
                let grad = V::load(&self.dy[at + first..]);
                for (number, to) in dx_cells.offsets().enumerate() {
                    let number = V::splat(number as f32);
                    let other = V::choose(number.gt(winner), number.gt(winner), winner.gt(number));
                    let dx = &mut self.dx[to + first..];
                    V::load(dx).add(V::select(other, V::zero(), grad)).store(dx);
                }
            }
        }
    }
}
