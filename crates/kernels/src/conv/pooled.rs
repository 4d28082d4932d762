//! Convolution, bias, ReLU and 2x2 max-pooling in one pass:
//! `Y[n, k, y, x] = max(0, max over the 2x2 window of conv)`, and one byte per value that says where the maximum was.
//!
//! The unpooled activation, four times the size, never reaches memory, and the byte is all that the backward pass needs: bits 0
//! and 1 are the position in the window in scan order (ties go to the first, as in PyTorch), and bit 2 is set if the ReLU
//! passed nothing.
//!
//! If the convolution's own value is observed, the tile is also stored before it is pooled, bypassing the caches, since nothing
//! reads it back: the work is the same and only the writing is added.
//!
//! **Schedule.** A tile is two rows of `2·Q` pixels, pooled in registers before the store. It has two vectors of output
//! channels and `Q` up to 3 (24 accumulators) if two blocks share their rows, and one vector and `Q` up to 7 (28) for a single
//! block. With 8 lanes: two vectors and `Q` 1. A wider tile of one vector (28 accumulators, one load for each FMA) was slower
//! on a machine with two FMA ports: it is bound by its loads.
//!
//! **Numerics.** As [`super::Conv`]. A NaN wins its window (the last one, of several) and counts as positive, so that the
//! gradient goes to it: PyTorch's rule for the three operations. The maximum of two registers keeps a NaN on one side only, so
//! a band is first checked, and pooled by slower comparisons if its input is not finite everywhere. A NaN that results from a
//! finite input, by an overflow or an infinite weight, may lose to a number; checking for one in every tile took a fifth of the
//! time.

use super::rows::{Rows, origin};
use super::sum::check_reach;
use crate::plane::{Plane, Value};
use crate::program::{Buf, Cx, Kernel};
use crate::simd::{Simd, Task};
use crate::unrolled::unrolled;
use crate::{BLOCK, ConvShape};
use std::ops::Range;

/// A convolution with bias, ReLU and a 2x2 max-pool with stride 2, in one kernel.
#[derive(Debug)]
pub struct ConvPool {
    x: Value,
    w: Buf,
    bias: Buf,
    y: Value,
    argmax: Option<Buf>,
    whole: Option<Value>,
    rows: Rows,
    uniform: bool,
    origin: usize,
}

impl ConvPool {
    /// Creates the kernel. `y` has the pooled geometry. `argmax`, if a backward pass follows, holds `[n][block][y·x][16]`
    /// bytes.
    ///
    /// # Panics
    /// Unless [`super::can_pool`], or if the geometry does not fit.
    pub fn new(
        shape: &ConvShape,
        rows: Rows,
        x: Value,
        w: Buf,
        bias: Buf,
        y: Value,
        argmax: Option<Buf>,
    ) -> Self {
        assert!(super::can_pool(shape), "no pooled kernel for {shape:?}");
        assert_eq!((x.plane.channels, x.plane.size()), (shape.c_in, shape.input), "input of {shape:?}");
        assert_eq!((y.plane.channels, y.plane.size()), (shape.c_out, shape.output().map(|n| n / 2)));
        let origin = origin(&x, shape.window.before().map(|p| -(p as isize)));
        let uniform = rows.uniform();
        Self { uniform, rows: rows.into_run(), x, w, bias, y, argmax, whole: None, origin }
    }

    /// Also writes the convolution with its bias, before ReLU and pooling, to `whole`, which has no halo.
    ///
    /// # Panics
    /// If the geometry does not fit, or a side is odd: pooling leaves out the last row or column.
    pub fn with_whole(self, whole: Value) -> Self {
        let want = Plane::blocked(self.y.plane.channels, self.y.plane.size().map(|n| 2 * n), [0, 0]);
        assert_eq!(whole.plane, want, "what is pooled to {:?}", self.y.plane);
        Self { whole: Some(whole), ..self }
    }

    fn bands(&self, n: usize) -> usize {
        if n >= 8 { 1 } else { self.y.plane.height.div_ceil(2) }
    }
}

// SAFETY: a task writes the rows of its band of one sample, in y (with the halo columns of those rows, and the halo
// rows for the first and last band), in argmax, and the two rows for each of them in whole.
unsafe impl Kernel for ConvPool {
    fn name(&self) -> &'static str {
        "conv+relu+max-pool"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.x.buf, self.w, self.bias]
    }
    fn writes(&self) -> Vec<Buf> {
        let whole = self.whole.map(|whole| whole.buf);
        [self.y.buf].into_iter().chain(self.argmax).chain(whole).collect()
    }
    fn tasks(&self, n: usize) -> usize {
        n * self.bands(n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let bands = self.bands(cx.n());
        let (n, band) = (task / bands, task % bands);
        let height = self.y.plane.height;
        let per_band = if bands == 1 { height } else { 2 };
        // SAFETY: see the impl.
        let (x, w, bias) = unsafe {
            let x = cx.read_all(self.x.buf);
            (&x[n * self.x.plane.sample_len()..], cx.read_all(self.w), cx.read_all(self.bias))
        };
        cx.isa().dispatch(Band {
            conv: self,
            cx,
            n,
            x,
            w,
            bias,
            lines: band * per_band..((band + 1) * per_band).min(height),
        });
    }
}

struct Band<'a> {
    conv: &'a ConvPool,
    cx: &'a Cx<'a>,
    n: usize,
    x: &'a [f32],
    w: &'a [f32],
    bias: &'a [f32],
    lines: Range<usize>,
}

impl Task for Band<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let blocks = self.conv.rows.blocks();
        let finite = self.sees_finite::<V>();
        let mut b = 0;
        while b < blocks {
            let pair = BLOCK / V::LANES == 2 || (self.conv.uniform && b + 1 < blocks);
            let next = if pair { b + 2 * V::LANES / BLOCK } else { b + 1 };
            (b..next).for_each(|b| self.halo(b));
            for line in self.lines.clone() {
                match (pair, finite) {
                    (true, true) => self.line::<V, 2, false>(b, line),
                    (false, true) => self.line::<V, 1, false>(b, line),
                    (true, false) => self.line::<V, 2, true>(b, line),
                    (false, false) => self.line::<V, 1, true>(b, line),
                }
            }
            b = next;
        }
        if self.conv.whole.is_some() {
            V::settle();
        }
    }
}

impl Band<'_> {
    #[inline(always)]
    fn line<V: Simd, const NV: usize, const NAN: bool>(&self, b: usize, line: usize) {
        match self.conv.x.plane.block {
            BLOCK => self.tiles::<V, NV, BLOCK, NAN>(b, line),
            _ => self.tiles::<V, NV, 1, NAN>(b, line),
        }
    }

    /// Whether all that the windows of this band see is finite.
    #[inline(always)]
    fn sees_finite<V: Simd>(&self) -> bool {
        let plane = &self.conv.x.plane;
        let row = plane.row_len();
        let start = (self.conv.origin / row + 2 * self.lines.start) * row;
        // Two rows of outputs a line, and the two rows that a window of three reaches further.
        let len = (2 * self.lines.len() + 2) * row;
        // Zero times what is not finite is NaN, and stays so.
        let (mut sums, mut rest) = ([V::zero(); 4], 0.0_f32);
        for b in 0..plane.blocks() {
            let part = &self.x[b * plane.plane_len() + start..][..len];
            let (fours, last) = part.split_at(len / (4 * V::LANES) * 4 * V::LANES);
            for four in fours.chunks_exact(4 * V::LANES) {
                unrolled!(i < 4 => sums[i] = sums[i].fma(V::load(&four[i * V::LANES..]), V::zero()));
            }
            let (ones, last) = last.split_at(last.len() / V::LANES * V::LANES);
            for one in ones.chunks_exact(V::LANES) {
                sums[0] = sums[0].fma(V::load(one), V::zero());
            }
            last.iter().for_each(|v| rest += v * 0.0);
        }
        let sum = sums[0].add(sums[1]).add(sums[2].add(sums[3]));
        !(rest.is_nan() || V::any(sum.is_nan()))
    }

    #[inline(always)]
    fn tiles<V: Simd, const NV: usize, const STEP: usize, const NAN: bool>(&self, b: usize, line: usize) {
        let wide = V::LANES > 8;
        let mut at = 0;
        let width = self.conv.y.plane.width;
        while at < width {
            at += match width - at {
                // Rare, and so not worth tiles of its own.
                _ if NAN => self.tile::<V, 1, 2, NV, STEP, NAN>(b, line, at),
                // 4 = 2 + 2 rather than 3 + 1: a tile of one pixel has too few chains to fill the pipes.
                4 if wide && NV == 2 => self.tile::<V, 2, 4, NV, STEP, NAN>(b, line, at),
                3.. if wide && NV == 2 => self.tile::<V, 3, 6, NV, STEP, NAN>(b, line, at),
                7.. if wide && NV == 1 => self.tile::<V, 7, 14, NV, STEP, NAN>(b, line, at),
                4.. if wide && NV == 1 => self.tile::<V, 4, 8, NV, STEP, NAN>(b, line, at),
                2.. if wide => self.tile::<V, 2, 4, NV, STEP, NAN>(b, line, at),
                _ => self.tile::<V, 1, 2, NV, STEP, NAN>(b, line, at),
            };
        }
    }

    /// `Q` pooled pixels from two rows of `P = 2·Q`; `NAN` where one of them may be NaN.
    #[inline(always)]
    fn tile<V: Simd, const Q: usize, const P: usize, const NV: usize, const STEP: usize, const NAN: bool>(
        &self,
        b: usize,
        line: usize,
        at: usize,
    ) -> usize {
        if Q > 1 && (NAN || V::LANES == 8) || NV == 2 && Q > 3 || NV == 1 && Q == 3 {
            return Q; // never called; keeps the compiler from making it
        }
        let c = self.conv;
        let rows = c.rows.starts[b]..c.rows.starts[b + 1];
        let lane = |v: usize| (b + v * V::LANES / BLOCK, v * V::LANES % BLOCK);
        let w: [&[f32]; NV] = std::array::from_fn(|v| {
            let (block, first) = lane(v);
            let start = c.rows.starts[block] * BLOCK + first;
            &self.w[start..start + rows.len() * BLOCK]
        });
        let bias: [V; NV] = std::array::from_fn(|v| {
            let (block, first) = lane(v);
            V::load(&self.bias[block * BLOCK + first..])
        });
        let down = c.x.plane.row_len();
        let start = c.origin + 2 * line * down + 2 * at * STEP;
        let acc =
            sum2::<V, P, NV, STEP>(&self.x[start..], &c.rows.offsets[rows], w, bias, down, c.rows.far());
        if let Some(whole) = c.whole {
            unrolled!(v < NV => {
                let (block, first) = lane(v);
                let start = whole.block(self.n, block).start + 2 * at * BLOCK + first;
                unrolled!(r < 2 => {
                    let start = start + (2 * line + r) * whole.plane.row_len();
                    // SAFETY: a row that belongs to this band; the other lanes are not held at the same time.
                    let to = unsafe { self.cx.write(whole.buf, start..start + (P - 1) * BLOCK + V::LANES) };
                    unrolled!(p < P => acc[r][p][v].stream(&mut to[p * BLOCK..]));
                });
            });
        }
        let plane = &c.y.plane;
        let pixels = plane.height * plane.width;
        unrolled!(v < NV => {
            let (block, first) = lane(v);
            let row = plane.origin() + line * plane.row_len() + at * BLOCK + first;
            let start = c.y.block(self.n, block).start + row;
            // SAFETY: a row of this band; the other lanes of the block are not held at the same time.
            let y = unsafe { self.cx.write(c.y.buf, start..start + (Q - 1) * BLOCK + V::LANES) };
            let codes = c.argmax.map(|argmax| {
                let at = line * plane.width + at;
                let start = ((self.n * plane.blocks() + block) * pixels + at) * BLOCK + first;
                // SAFETY: as above.
                unsafe { self.cx.write_bytes(argmax, start..start + (Q - 1) * BLOCK + V::LANES) }
            });
            let mut keep = codes;
            unrolled!(q < Q => {
                let (a0, a1) = (acc[0][2 * q][v], acc[0][2 * q + 1][v]);
                let (a2, a3) = (acc[1][2 * q][v], acc[1][2 * q + 1][v]);
                let (top, right_top) = larger::<V, NAN>(a0, a1);
                let (bottom, right_bottom) = larger::<V, NAN>(a2, a3);
                let (best, lower) = larger::<V, NAN>(top, bottom);
                V::zero().max(best).store(&mut y[q * BLOCK..]);
                if let Some(codes) = &mut keep {
                    let right = V::choose(lower, right_bottom, right_top);
                    let dead = V::not(best.not_le(V::zero()));
                    V::store_codes(right, lower, dead, &mut codes[q * BLOCK..]);
                }
            });
        });
        Q
    }

    /// Zeroes the part of the halo of block `b` that belongs to this band.
    #[inline(always)]
    fn halo(&self, b: usize) {
        let c = self.conv;
        let (plane, first) = (&c.y.plane, c.y.block(self.n, b).start);
        super::halo::clear_band(plane, &self.lines, |from, len| {
            // SAFETY: halo of this band.
            unsafe { self.cx.write(c.y.buf, first + from..first + from + len) }.fill(0.0);
        });
    }
}

/// The maximum of two and where `second` is it: where it is larger, or, with `NAN`, is one.
#[inline(always)]
fn larger<V: Simd, const NAN: bool>(first: V, second: V) -> (V, V::Mask) {
    if NAN {
        let wins = V::or(second.gt(first), second.is_nan());
        (V::select(wins, second, first), wins)
    } else {
        (second.max(first), second.gt(first))
    }
}

/// As [`super::sum::add_rows`], for the same pixels of two rows that are `down` apart.
#[inline(always)]
fn sum2<V: Simd, const P: usize, const NV: usize, const STEP: usize>(
    x: &[f32],
    offsets: &[u32],
    w: [&[f32]; NV],
    init: [V; NV],
    down: usize,
    far: usize,
) -> [[[V; NV]; P]; 2] {
    let span = (P - 1) * STEP + 1;
    check_reach(x, offsets, far, down + span);
    let w = w.map(|w| &w[..offsets.len() * BLOCK]);
    let mut acc = [[init; P]; 2];
    for (r, &offset) in offsets.iter().enumerate() {
        let at = offset as usize;
        // SAFETY: `far` is the largest offset, and both windows that start there end inside `x`.
        let (upper, lower) =
            unsafe { (x.get_unchecked(at..at + span), x.get_unchecked(at + down..at + down + span)) };
        // SAFETY: `r` counts offsets, and each has 16 weights.
        let (w0, w1) = unsafe {
            let row = r * BLOCK..r * BLOCK + V::LANES;
            (V::load(w[0].get_unchecked(row.clone())), V::load(w[NV - 1].get_unchecked(row)))
        };
        unrolled!(p < P => {
            let (a, b) = (V::splat(upper[p * STEP]), V::splat(lower[p * STEP]));
            acc[0][p][0] = acc[0][p][0].fma(a, w0);
            acc[1][p][0] = acc[1][p][0].fma(b, w0);
            if NV > 1 {
                acc[0][p][NV - 1] = acc[0][p][NV - 1].fma(a, w1);
                acc[1][p][NV - 1] = acc[1][p][NV - 1].fma(b, w1);
            }
        });
    }
    acc
}
