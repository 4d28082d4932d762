//! Direct convolution: `Y[n, k, y, x] = act(bias[k] + Σ_rows X[window of (y, x) at row] · W[row, k] + A[n, k, y, x])`, where `A` is
//! another value of Y's shape, such as the shortcut of a residual network, or nothing.
//!
//! **Schedule.** A tile is `P` pixels of one row times two vectors of output channels, all accumulators in registers;
//! every row of the sum loads two weight vectors and broadcasts `P` values. AVX-512: 14 pixels x 2 = 28 of 32
//! registers, 16 loads per 28 FMAs, so two load ports feed two FMA ports; 14 divides the usual widths 224, 112, 56,
//! 28 and 14. AVX2: 6 x 2 = 12 of 16 registers. A tile two vectors wide is two blocks of channels on AVX-512 and the
//! two halves of one block on 8 lanes. The distance between pixels is a compile-time constant for stride 1, so that
//! the broadcasts need no address arithmetic. In a depthwise convolution a row is a vector of the input, one load for each
//! FMA; where groups share a block, their weights are zero in each other's lanes, and a tile that has a NaN is computed again so
//! that each FMA leaves the lanes of the other groups alone.
//!
//! **Numerics.** f32, each output one chain of fused multiply-adds in row order from the bias on, to which `A` is added as a whole: the
//! bits are those of an addition on its own, and the tile never changes one. An input that is not finite reaches the outputs of its own group only, though it may make NaN of the
//! lanes past the last channel.

use super::rows::{Gather, Lanes, Rows, origin};
use crate::activation::Activation;
use crate::cut::check_same;
use crate::plane::{Plane, Value};
use crate::program::{Buf, Builder, Cx, Kernel};
use crate::simd::{Simd, Task};
use crate::unrolled::unrolled;
use crate::{BLOCK, ConvShape};
use std::ops::Range;

/// A convolution, or the gradient of one with respect to its input.
#[derive(Debug)]
pub struct Conv {
    name: &'static str,
    x: Value,
    w: Buf,
    w_start: usize,
    bias: Option<Buf>,
    y: Value,
    added: Option<Value>,
    act: Activation,
    rows: Rows,
    uniform: bool,
    /// First tap of the first output pixel.
    origin: usize,
    /// Input pixels from one output pixel to the next.
    stride: [usize; 2],
    /// Output pixels computed, the first of them, and the distance between them in `y`.
    out: [usize; 2],
    y_first: [usize; 2],
    y_step: [usize; 2],
    clear_halo: bool,
}

impl Conv {
    /// The forward pass of `shape`. `w` holds weights packed as `rows`, `bias` one value a lane of `y`'s blocks.
    ///
    /// # Panics
    /// When the geometry of `x` or `y` does not fit `shape`, or the halo of `x` is smaller than the padding.
    pub fn forward(
        shape: &ConvShape,
        rows: Rows,
        x: Value,
        w: Buf,
        bias: Option<Buf>,
        y: Value,
        act: Activation,
    ) -> Self {
        assert_eq!((x.plane.channels, x.plane.size()), (shape.c_in, shape.input), "input of {shape:?}");
        assert_eq!((y.plane.channels, y.plane.size()), (shape.c_out, shape.output()), "output of {shape:?}");
        let padding = shape.window.before().map(|p| -(p as isize));
        Self {
            name: "conv",
            w_start: 0,
            uniform: rows.uniform(),
            origin: origin(&x, padding),
            stride: shape.window.stride,
            out: shape.output(),
            y_first: [0, 0],
            y_step: [1, 1],
            clear_halo: true,
            rows,
            x,
            w,
            bias,
            y,
            added: None,
            act,
        }
    }

    /// Adds `value` to the sums, before the activation.
    ///
    /// # Panics
    /// When it has another shape than the output, or is the output.
    #[must_use]
    pub fn with_added(self, value: Value) -> Self {
        check_same("conv+add", &value, &self.y);
        Self { name: "conv+add", added: Some(value), ..self }
    }

    /// Adds to `program` the kernels that compute the gradient of the input, `dx`, from the gradient of the output,
    /// `dy`, and the packed weights `w` of the forward pass: the weights are repacked, then one convolution with
    /// stride 1 runs for each residue of the pixel modulo the stride.
    pub fn push_backward_data(
        program: &mut Builder,
        shape: &ConvShape,
        forward: &Rows,
        dy: Value,
        w: Buf,
        dx: Value,
    ) {
        assert_eq!(dx.plane.block, BLOCK, "the gradient of a planar input is asked for in blocks");
        let [sy, sx] = shape.window.stride;
        let mut phases = Vec::new();
        let mut len = 0;
        for phase in (0..sy).flat_map(|y| (0..sx).map(move |x| [y, x])) {
            let count: [usize; 2] = std::array::from_fn(|a| {
                shape.input[a].saturating_sub(phase[a]).div_ceil(shape.window.stride[a])
            });
            if count[0] * count[1] > 0 {
                let (rows, first) = Rows::backward_data(shape, &dy.plane, phase);
                len += rows.weight_len();
                phases.push((phase, count, rows, first));
            }
        }
        // Kept: later tiles of a batch use what the first one repacked.
        let wt = program.kept(len);
        let mut w_start = 0;
        let mut clear_halo = true;
        for (phase, out, rows, first) in phases {
            let map = rows.transpose_map(forward, shape);
            let next = w_start + rows.weight_len();
            program.push(Gather { from: w, to: wt, map, start: w_start });
            program.push(Self {
                name: "conv backward data",
                x: dy,
                w: wt,
                w_start,
                bias: None,
                y: dx,
                added: None,
                act: Activation::None,
                uniform: rows.uniform(),
                origin: origin(&dy, first),
                stride: [1, 1],
                out,
                y_first: phase,
                y_step: shape.window.stride,
                clear_halo,
                rows,
            });
            w_start = next;
            clear_halo = false;
        }
    }

    /// Samples from which on a task is a whole sample; below, samples are cut so that every thread finds work.
    const WHOLE: usize = 8;
    /// Rows of a task when a sample is cut.
    const ROWS: usize = 4;

    fn bands(&self, n: usize) -> usize {
        if n >= Self::WHOLE { 1 } else { self.out[0].div_ceil(Self::ROWS) }
    }

    /// Blocks of channels that one tile covers, as a task sees them.
    fn block_groups(&self, n: usize) -> usize {
        if n >= Self::WHOLE { 1 } else { self.rows.blocks().div_ceil(2) }
    }
}

// SAFETY: a task writes the pixels of its band of rows in its blocks of channels of one sample; bands and block groups
// partition the sample. The halo rows of a block belong to its first band, the halo columns to the row's band.
unsafe impl Kernel for Conv {
    fn name(&self) -> &'static str {
        self.name
    }
    fn reads(&self) -> Vec<Buf> {
        let written_before = (!self.clear_halo).then_some(self.y.buf);
        let added = self.added.map(|value| value.buf);
        [self.x.buf, self.w].into_iter().chain(self.bias).chain(added).chain(written_before).collect()
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        n * self.bands(n) * self.block_groups(n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let (bands, groups) = (self.bands(cx.n()), self.block_groups(cx.n()));
        let (n, group, band) = (task / (bands * groups), task / bands % groups, task % bands);
        let per_band = if bands == 1 { self.out[0] } else { Self::ROWS };
        let blocks = self.rows.blocks();
        let per_group = if groups == 1 { blocks } else { 2 };
        // SAFETY: see the impl; inputs are not written by this kernel.
        let (x, w, bias) = unsafe {
            let x = cx.read_all(self.x.buf);
            (&x[n * self.x.plane.sample_len()..], cx.read_all(self.w), self.bias.map(|b| cx.read_all(b)))
        };
        cx.isa().dispatch(Band {
            conv: self,
            cx,
            n,
            x,
            w: &w[self.w_start..],
            bias,
            blocks: group * per_group..((group + 1) * per_group).min(blocks),
            lines: band * per_band..((band + 1) * per_band).min(self.out[0]),
        });
    }
}

/// Some rows of some blocks of one sample.
struct Band<'a> {
    conv: &'a Conv,
    cx: &'a Cx<'a>,
    n: usize,
    x: &'a [f32],
    w: &'a [f32],
    bias: Option<&'a [f32]>,
    blocks: Range<usize>,
    lines: Range<usize>,
}

impl Task for Band<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let mut b = self.blocks.start;
        while b < self.blocks.end {
            let pair = BLOCK / V::LANES == 2 || (self.conv.uniform && b + 1 < self.blocks.end);
            let blocks = if pair { b..b + 2 * V::LANES / BLOCK } else { b..b + 1 };
            if self.conv.clear_halo {
                blocks.clone().for_each(|b| self.halo(b));
            }
            for line in self.lines.clone() {
                if pair { self.line::<V, 2>(b, line) } else { self.line::<V, 1>(b, line) }
            }
            b = blocks.end;
        }
    }
}

impl Band<'_> {
    /// One row of pixels of `NV` vectors of output channels from block `b` on.
    #[inline(always)]
    fn line<V: Simd, const NV: usize>(&self, b: usize, line: usize) {
        let c = self.conv;
        match (&c.rows.lanes, c.stride[1] * c.x.plane.block) {
            (Lanes::All, BLOCK) => self.tiles::<V, NV, BLOCK, ALL>(b, line),
            (Lanes::All, _) => self.tiles::<V, NV, 0, ALL>(b, line),
            (Lanes::Grouped(_), _) => self.tiles::<V, NV, 0, GROUPED>(b, line),
            (Lanes::Own, BLOCK) => self.tiles::<V, NV, BLOCK, OWN>(b, line),
            (Lanes::Own, _) => self.tiles::<V, NV, 0, OWN>(b, line),
        }
    }

    /// Cuts a row into tiles of a few widths only: each is compiled for each instruction set, and costs seconds there.
    #[inline(always)]
    fn tiles<V: Simd, const NV: usize, const STEP: usize, const KIND: u8>(&self, b: usize, line: usize) {
        let mut at = 0;
        let width = self.conv.out[1];
        while at < width {
            at += match (width - at).min(V::TILE_PX + 3) {
                16 if V::TILE_PX > 8 => self.tile::<V, 8, NV, STEP, KIND>(b, line, at),
                14.. if V::TILE_PX > 8 => self.tile::<V, 14, NV, STEP, KIND>(b, line, at),
                8.. if V::TILE_PX > 8 => self.tile::<V, 8, NV, STEP, KIND>(b, line, at),
                7 if V::TILE_PX > 8 => self.tile::<V, 7, NV, STEP, KIND>(b, line, at),
                6.. if V::TILE_PX < 8 => self.tile::<V, 6, NV, STEP, KIND>(b, line, at),
                4.. => self.tile::<V, 4, NV, STEP, KIND>(b, line, at),
                2.. => self.tile::<V, 2, NV, STEP, KIND>(b, line, at),
                _ => self.tile::<V, 1, NV, STEP, KIND>(b, line, at),
            };
        }
    }

    /// `P` pixels from `at` on; returns `P`.
    #[inline(always)]
    fn tile<V: Simd, const P: usize, const NV: usize, const STEP: usize, const KIND: u8>(
        &self,
        b: usize,
        line: usize,
        at: usize,
    ) -> usize {
        if P > V::TILE_PX || KIND != ALL && NV * V::LANES != BLOCK {
            return P; // never called; keeps the compiler from making it
        }
        let c = self.conv;
        let step = if STEP > 0 { STEP } else { c.stride[1] * c.x.plane.block };
        let rows = c.rows.starts[b]..c.rows.starts[b + 1];
        let lane = |v: usize| (b + v * V::LANES / BLOCK, v * V::LANES % BLOCK);
        let w: [&[f32]; NV] = std::array::from_fn(|v| {
            let (block, first) = lane(v);
            let start = c.rows.starts[block] * BLOCK + first;
            &self.w[start..start + rows.len() * BLOCK]
        });
        let init: [V; NV] = std::array::from_fn(|v| {
            let (block, first) = lane(v);
            self.bias.map_or(V::zero(), |bias| V::load(&bias[block * BLOCK + first..]))
        });
        let start = c.origin + line * c.stride[0] * c.x.plane.row_len() + at * step;
        let masks = match &c.rows.lanes {
            Lanes::Grouped(masks) => &masks[rows.clone()],
            Lanes::All | Lanes::Own => &[],
        };
        let (x, offsets) = (&self.x[start..], &c.rows.offsets[rows]);
        let far = c.rows.far();
        let mut acc = match KIND {
            GROUPED => sum::<V, P, NV, STEP, ALL>(x, offsets, &[], w, init, step, far),
            _ => sum::<V, P, NV, STEP, KIND>(x, offsets, &[], w, init, step, far),
        };
        if KIND == GROUPED {
            let mut nan = acc[0][0].is_nan();
            unrolled!(p < P => unrolled!(v < NV => nan = V::or(nan, acc[p][v].is_nan())));
            if V::any(nan) {
                acc = sum::<V, P, NV, STEP, KIND>(x, offsets, masks, w, init, step, far);
            }
        }
        let first_pixel = [c.y_first[0] + line * c.y_step[0], c.y_first[1] + at * c.y_step[1]];
        let len = (P - 1) * c.y_step[1] * BLOCK + V::LANES;
        if let Some(added) = &c.added {
            unrolled!(v < NV => {
                let (block, first) = lane(v);
                let start = added.pixel(self.n, block, first_pixel) + first;
                // SAFETY: not the output, and so not written by this kernel.
                let other = unsafe { self.cx.read(added.buf, start..start + len) };
                unrolled!(p < P => acc[p][v] = acc[p][v].add(V::load(&other[p * c.y_step[1] * BLOCK..])));
            });
        }
        unrolled!(v < NV => {
            let (block, first) = lane(v);
            let start = c.y.pixel(self.n, block, first_pixel) + first;
            if P == 1 || c.y_step[1] == 1 {
                // SAFETY: pixels of this task's band and blocks; with 8 lanes the other half of a block belongs to
                // the same task and is not held at the same time.
                let y = unsafe { self.cx.write(c.y.buf, start..start + len) };
                unrolled!(p < P => c.act.join(acc[p][v]).store(&mut y[p * BLOCK..]));
            } else {
                unrolled!(p < P => {
                    let start = start + p * c.y_step[1] * BLOCK;
                    // SAFETY: as above; the pixels between are another kernel's.
                    let y = unsafe { self.cx.write(c.y.buf, start..start + V::LANES) };
                    c.act.join(acc[p][v]).store(y);
                });
            }
        });
        P
    }

    /// Zeroes the part of the halo of block `b` that belongs to this band.
    #[inline(always)]
    fn halo(&self, b: usize) {
        let (value, first) = (&self.conv.y, self.conv.y.block(self.n, b).start);
        // With a stride, a band covers the lines of y from its first to the next band's first.
        let plane = &value.plane;
        let all = self.conv.out[0];
        let lines = plane.height * self.lines.start / all..plane.height * self.lines.end / all;
        clear_band(plane, &lines, |from, len| {
            // SAFETY: halo of this band, which nobody else writes and nobody reads meanwhile.
            unsafe { self.cx.write(value.buf, first + from..first + from + len) }.fill(0.0);
        });
    }
}

/// Calls `clear(from, len)` for each part of a plane's halo that belongs to a band of lines.
#[inline(always)]
pub(super) fn clear_band(plane: &Plane, lines: &Range<usize>, clear: impl Fn(usize, usize)) {
    if plane.halo == [0, 0] {
        return;
    }
    let (row, side) = (plane.row_len(), plane.halo[1] * plane.block);
    if lines.start == 0 {
        clear(0, plane.halo[0] * row);
    }
    for line in lines.clone() {
        let start = (plane.halo[0] + line) * row;
        clear(start, side);
        clear(start + row - side, side);
    }
    if lines.end == plane.height {
        clear((plane.halo[0] + plane.height) * row, plane.halo[0] * row);
    }
}

/// [`Lanes`] at compile time.
pub(super) const ALL: u8 = 0;
const GROUPED: u8 = 1;
const OWN: u8 = 2;

/// The sum itself: `acc[p][v] = init[v] + Σ_r x[offsets[r] + p·step] · w[v][r]`, of `GROUPED` lanes only where `masks[r]`
/// has their bits; `OWN` lanes each start from the value that lies as far from there as the lane from the first.
#[inline(always)]
pub(super) fn sum<V: Simd, const P: usize, const NV: usize, const STEP: usize, const KIND: u8>(
    x: &[f32],
    offsets: &[u32],
    masks: &[u16],
    w: [&[f32]; NV],
    init: [V; NV],
    step: usize,
    far: usize,
) -> [[V; NV]; P] {
    let step = if STEP > 0 { STEP } else { step };
    let span = (P - 1) * step + if KIND == OWN { NV * V::LANES } else { 1 };
    let mut acc = [init; P];
    check_reach(x, offsets, far, span);
    let w = w.map(|w| &w[..offsets.len() * BLOCK]);
    let masks = if KIND == GROUPED { &masks[..offsets.len()] } else { &[] };
    for (r, &offset) in offsets.iter().enumerate() {
        let at = offset as usize;
        // SAFETY: `far` is the largest offset, and a window that starts there ends inside `x`.
        let x = unsafe { x.get_unchecked(at..at + span) };
        // SAFETY: `r` counts offsets, and each has 16 weights.
        let (w0, w1) = unsafe {
            let row = r * BLOCK..r * BLOCK + V::LANES;
            (V::load(w[0].get_unchecked(row.clone())), V::load(w[NV - 1].get_unchecked(row)))
        };
        match KIND {
            OWN => {
                unrolled!(p < P => {
                    // SAFETY: the last pixel's vectors end where `x` does, after `span` values.
                    let (x0, x1) = unsafe {
                        let (first, last) = (p * step, p * step + (NV - 1) * V::LANES);
                        let x1 = V::load(x.get_unchecked(last..last + V::LANES));
                        (V::load(x.get_unchecked(first..first + V::LANES)), x1)
                    };
                    acc[p][0] = acc[p][0].fma(x0, w0);
                    if NV > 1 {
                        acc[p][NV - 1] = acc[p][NV - 1].fma(x1, w1);
                    }
                });
            }
            GROUPED => {
                let (m0, m1) = (V::mask(masks[r]), V::mask(masks[r] >> (BLOCK - V::LANES)));
                unrolled!(p < P => {
                    let value = V::splat(x[p * step]);
                    acc[p][0] = V::select(m0, acc[p][0].fma(value, w0), acc[p][0]);
                    if NV > 1 {
                        acc[p][NV - 1] = V::select(m1, acc[p][NV - 1].fma(value, w1), acc[p][NV - 1]);
                    }
                });
            }
            _ => {
                unrolled!(p < P => {
                    let value = V::splat(x[p * step]);
                    acc[p][0] = acc[p][0].fma(value, w0);
                    if NV > 1 {
                        acc[p][NV - 1] = acc[p][NV - 1].fma(value, w1);
                    }
                });
            }
        }
    }
    acc
}

/// Once a tile what would otherwise be checked for every row: the comparisons took a tenth of the time.
#[inline(always)]
pub(super) fn check_reach(x: &[f32], offsets: &[u32], far: usize, span: usize) {
    debug_assert!(offsets.iter().all(|&o| o as usize <= far));
    assert!(far.checked_add(span).is_some_and(|end| end <= x.len()), "a window ends outside its input");
}
