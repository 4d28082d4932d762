//! Gradients of a convolution's weights and bias:
//! `dW[row, k] = Σ_n Σ_(y, x) X[window of (y, x) at row] · dY[n, k, y, x]`, `db[k] = Σ_n Σ_(y, x) dY[n, k, y, x]`.
//!
//! **Schedule.** A tile is 8 rows of the weight times two vectors of output channels: 16 accumulators held over all
//! pixels of one sample, 10 loads per 16 FMAs. Places are checked once a sample: checking every value took a quarter of
//! the time. The rows' places are a list, so planar and blocked input, dilation and groups all run here; in a depthwise
//! convolution a row's value is a vector.
//!
//! **Numerics.** Sums over samples are cut into chunks of [`CHUNK`] samples, each summed in order into a partial
//! result, and the partial results are added in order: the same bits for any number of threads. Weights too large
//! for partial copies are one chunk, cut over output channels instead. Which of the two follows from the shape alone.

use super::reduce::{CHUNK, Reduce, chunk, chunks};
use super::rows::{Lanes, Rows, origin};
use crate::plane::Value;
use crate::program::{Buf, Builder, Cx, Kernel};
use crate::simd::{Simd, Task};
use crate::unrolled::unrolled;
use crate::{BLOCK, ConvShape};
use std::ops::Range;

/// Most weights of which a partial copy is kept for every chunk.
const PARTIAL_LEN: usize = 1 << 16;
/// Rows of a tile.
const ROWS: usize = 8;
/// Rows of a task.
const TASK_ROWS: usize = 16 * ROWS;

/// The gradient of the weights, as partial sums `[chunk][weight]`.
#[derive(Debug)]
pub struct ConvBackwardWeight {
    x: Value,
    dy: Value,
    partial: Buf,
    rows: Rows,
    uniform: bool,
    origin: usize,
    stride: [usize; 2],
    chunk: usize,
}

impl ConvBackwardWeight {
    /// Adds the kernels that compute `dw`, packed like the weights, from the input and the output's gradient.
    pub fn push(program: &mut Builder, shape: &ConvShape, rows: Rows, x: Value, dy: Value, dw: Buf) {
        let len = rows.weight_len();
        let unconnected = (shape.groups > 1).then(|| rows.unconnected(shape));
        let chunk = if len <= PARTIAL_LEN { CHUNK } else { program.tile() };
        let partial = program.buffer(chunks(program.tile(), chunk) * len);
        let origin = origin(&x, shape.window.before().map(|p| -(p as isize)));
        let uniform = rows.uniform();
        program.push(Self { x, dy, partial, rows, uniform, origin, stride: shape.window.stride, chunk });
        program.push(Reduce { partial, to: dw, len, chunk });
        if let Some(places) = unconnected {
            program.push(Unconnected { dw, places });
        }
    }

    fn units(&self) -> usize {
        self.rows.blocks().div_ceil(2)
    }
    fn segments(&self) -> usize {
        let most = self.rows.starts.windows(2).map(|s| s[1] - s[0]).max().unwrap_or(0);
        most.div_ceil(TASK_ROWS).max(1)
    }
}

// SAFETY: a task writes the rows of its segment in its two blocks of one chunk's partial sum.
unsafe impl Kernel for ConvBackwardWeight {
    fn name(&self) -> &'static str {
        "conv backward weight"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.x.buf, self.dy.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.partial]
    }
    fn tasks(&self, n: usize) -> usize {
        chunks(n, self.chunk) * self.units() * self.segments()
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let (units, segments) = (self.units(), self.segments());
        let (i, unit, segment) = (task / (units * segments), task / segments % units, task % segments);
        cx.isa().dispatch(Part {
            conv: self,
            cx,
            chunk: i,
            samples: chunk(cx.n(), self.chunk, i),
            blocks: 2 * unit..(2 * unit + 2).min(self.rows.blocks()),
            rows: segment * TASK_ROWS..(segment + 1) * TASK_ROWS,
        });
    }
}

struct Part<'a> {
    conv: &'a ConvBackwardWeight,
    cx: &'a Cx<'a>,
    chunk: usize,
    samples: Range<usize>,
    blocks: Range<usize>,
    rows: Range<usize>,
}

impl Task for Part<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let mut b = self.blocks.start;
        while b < self.blocks.end {
            let pair = BLOCK / V::LANES == 2 || (self.conv.uniform && b + 1 < self.blocks.end);
            match (pair, self.conv.rows.lanes == Lanes::Own) {
                (true, false) => self.block::<V, 2, false>(b),
                (false, false) => self.block::<V, 1, false>(b),
                (true, true) => self.block::<V, 2, true>(b),
                (false, true) => self.block::<V, 1, true>(b),
            }
            b += if pair { 2 * V::LANES / BLOCK } else { 1 };
        }
    }
}

impl Part<'_> {
    /// `OWN` where each lane has a row's value of its own.
    #[inline(always)]
    fn block<V: Simd, const NV: usize, const OWN: bool>(&self, b: usize) {
        if OWN && NV * V::LANES != BLOCK {
            return; // never called; keeps the compiler from making it
        }
        let c = self.conv;
        let all = c.rows.starts[b]..c.rows.starts[b + 1];
        let rows = (all.start + self.rows.start).min(all.end)..(all.start + self.rows.end).min(all.end);
        // SAFETY: inputs are not written by this kernel.
        let (x, dy) = unsafe { (cx_all(self.cx, &c.x), cx_all(self.cx, &c.dy)) };
        let step = c.stride[1] * c.x.plane.block;
        let down = c.stride[0] * c.x.plane.row_len();
        let out = &c.dy.plane;
        let reach = if OWN { BLOCK - 1 } else { 0 };
        let far =
            reach + c.rows.far() + out.height.saturating_sub(1) * down + out.width.saturating_sub(1) * step;
        for n in self.samples.clone() {
            let x = &x[n * c.x.plane.sample_len() + c.origin..];
            assert!(far < x.len(), "a window ends outside its input");
            let fresh = n == self.samples.start;
            let mut r = rows.start;
            while r < rows.end {
                let count = (rows.end - r).min(ROWS);
                // Rows past the last repeat it; their sums are not stored.
                let offsets: [usize; ROWS] =
                    std::array::from_fn(|i| c.rows.offsets[(r + i).min(rows.end - 1)] as usize);
                let mut acc = [[V::zero(); NV]; ROWS];
                if !fresh {
                    self.each(b, r, count, NV, V::LANES, |i, v, sum| acc[i][v] = V::load(sum));
                }
                for y in 0..c.dy.plane.height {
                    let line = c.dy.plane.row(y);
                    let grad: [&[f32]; NV] = std::array::from_fn(|v| {
                        let (block, first) = (b + v * V::LANES / BLOCK, v * V::LANES % BLOCK);
                        &dy[c.dy.block(n, block).start + line.start + first..]
                    });
                    let x = &x[y * down..];
                    for px in 0..c.dy.plane.width {
                        let g: [V; NV] = std::array::from_fn(|v| V::load(&grad[v][px * BLOCK..]));
                        unrolled!(i < ROWS => {
                            let at = offsets[i] + px * step;
                            // SAFETY: no row lies further than `far`, which was checked for the last pixel.
                            unrolled!(v < NV => acc[i][v] = acc[i][v].fma(unsafe {
                                if OWN {
                                    V::load(x.get_unchecked(at + v * V::LANES..at + (v + 1) * V::LANES))
                                } else {
                                    V::splat(*x.get_unchecked(at))
                                }
                            }, g[v]));
                        });
                    }
                }
                self.each(b, r, count, NV, V::LANES, |i, v, sum| acc[i][v].store(sum));
                r += count;
            }
        }
    }

    /// Visits the partial sums of a tile.
    #[inline(always)]
    fn each(
        &self,
        b: usize,
        r: usize,
        count: usize,
        nv: usize,
        lanes: usize,
        mut f: impl FnMut(usize, usize, &mut [f32]),
    ) {
        let c = self.conv;
        for i in 0..count {
            for v in 0..nv {
                let (block, first) = (v * lanes / BLOCK, v * lanes % BLOCK);
                // Blocks that are tiled together have as many rows each.
                let row = r + i + c.rows.starts[b + block] - c.rows.starts[b];
                let start = self.chunk * c.rows.weight_len() + row * BLOCK + first;
                // SAFETY: rows of this task's segment and blocks in its chunk, held once.
                f(i, v, unsafe { self.cx.write(c.partial, start..start + lanes) });
            }
        }
    }
}

/// Clears the gradient of packed weights that stand for no connection: with groups, the 16 output channels of a block
/// may belong to several, and each is packed with the inputs of all. An optimiser would otherwise connect them. (In a
/// depthwise convolution these are the lanes past the last channel alone.)
#[derive(Debug)]
struct Unconnected {
    dw: Buf,
    places: Vec<u32>,
}

// SAFETY: one task, which holds the whole buffer.
unsafe impl Kernel for Unconnected {
    fn name(&self) -> &'static str {
        "clear unconnected"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.dw]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.dw]
    }
    fn tasks(&self, _: usize) -> usize {
        1
    }
    fn run(&self, cx: &Cx<'_>, _: usize) {
        let Some(&last) = self.places.last() else { return };
        // SAFETY: see the impl.
        let dw = unsafe { cx.write(self.dw, 0..last as usize + 1) };
        self.places.iter().for_each(|&at| dw[at as usize] = 0.0);
    }
}

/// A whole activation.
///
/// # Safety
/// As [`Cx::read`].
unsafe fn cx_all<'a>(cx: &Cx<'a>, value: &Value) -> &'a [f32] {
    // SAFETY: the caller's promise.
    unsafe { cx.read_all(value.buf) }
}

/// The gradient of the bias: one task a block of channels, four interleaved sums over the pixels, added at the end.
#[derive(Debug)]
pub struct ConvBackwardBias {
    /// Gradient of the output.
    pub dy: Value,
    /// Gradient of the bias, one value a lane.
    pub db: Buf,
}

// SAFETY: a task writes the 16 values of its block.
unsafe impl Kernel for ConvBackwardBias {
    fn name(&self) -> &'static str {
        "conv backward bias"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.dy.buf, self.db]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.db]
    }
    fn tasks(&self, _: usize) -> usize {
        self.dy.plane.blocks()
    }
    fn run(&self, cx: &Cx<'_>, block: usize) {
        struct Sum<'a>(&'a ConvBackwardBias, &'a Cx<'a>, usize);
        impl Task for Sum<'_> {
            #[inline(always)]
            fn run<V: Simd>(self) {
                let Sum(k, cx, b) = self;
                // SAFETY: see the impl.
                let (dy, db) = unsafe { (cx.read_all(k.dy.buf), cx.write(k.db, b * BLOCK..(b + 1) * BLOCK)) };
                for first in (0..BLOCK).step_by(V::LANES) {
                    let mut sums = [V::zero(); 4];
                    for n in 0..cx.n() {
                        let plane = &dy[k.dy.block(n, b)];
                        for y in 0..k.dy.plane.height {
                            for (x, px) in plane[k.dy.plane.row(y)].chunks_exact(BLOCK).enumerate() {
                                sums[x % 4] = sums[x % 4].add(V::load(&px[first..]));
                            }
                        }
                    }
                    let sum = sums[0].add(sums[1]).add(sums[2].add(sums[3]));
                    let db = &mut db[first..];
                    let before = if cx.starts_sums() { V::zero() } else { V::load(db) };
                    before.add(sum).store(db);
                }
            }
        }
        cx.isa().dispatch(Sum(self, cx, block));
    }
}
