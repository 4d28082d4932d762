//! Direct convolution: `Y[n, k, y, x] = act(bias[k] + Σ_rows X[window of (y, x) at row] · W[row, k] + A[n, k, y, x])`, where `A` is
//! another value of Y's shape, such as the shortcut of a residual network, or nothing.
//!
//! **Schedule.** A tile is `P` pixels times two vectors of output channels, with all accumulators in registers; every row of
//! the sum loads two weight vectors and broadcasts `P` values. AVX-512: 14 pixels x 2 = 28 of 32 registers, 16 loads per 28
//! FMAs, so two load ports feed two FMA ports; 14 divides the usual widths 224, 112, 56, 28 and 14. AVX2: 6 x 2 = 12 of 16
//! registers. Two vectors are two blocks of channels on AVX-512 and the halves of one on 8 lanes. A tile continues from the end
//! of a line to the next, so that 7x7 pixels are four tiles of six and five of five (a single pixel takes as long as four,
//! since its two sums wait for themselves), and each pixel has its own address; more than six pixels of one line are addressed
//! relative to the first, because registers run out. A last block of at most 8 channels is one vector of 8 lanes, times eight
//! pixels: 24 channels take an eighth less time.
//!
//! The rows of a sum are cut so that the weights of a pass, 16 KiB, stay in the first-level cache while the tiles of the task
//! pass over them; between passes the sums are kept in `Y`. On AVX2 one iteration of the loop adds four rows (2 to 7 % faster
//! than one; eight need more registers for their offsets than there are). If all weights fit into the second-level cache, the
//! image is cut into lines whose inputs stay there too. Tried and rejected, on AVX2: 3 pixels x 4 vectors (3 % slower for 3x3),
//! and prefetching weights that are in the caches already. In a depthwise convolution a row is a vector of the input, one load
//! for each FMA, unless `depthwise.rs` walks along its lines. If groups share a block, their weights are zero in each other's
//! lanes, and a tile that has a NaN is computed again so that each FMA leaves the lanes of the other groups alone.
//!
//! **Numerics.** f32; each output is one chain of fused multiply-adds in row order starting from the bias, to which `A` is
//! added as a whole: the bits are those of a separate addition, and the tile never changes one. An input that is not finite
//! reaches only the outputs of its own group, though it may make the lanes past the last channel NaN.

use super::depthwise::{Lines, Walk};
use super::halo::clear_band;
use super::input_gradient::InputGradient;
use super::rows::{Gather, Lanes, Rows, origin};
use super::steps::{At, Steps};
use super::sum::{ALL, GROUPED, OWN, PAIRS, RowsOf, add_rows, ends, lane, pixels};
use crate::activation::Activation;
use crate::cut::check_same;
use crate::plane::{Plane, Value};
use crate::program::{Buf, Builder, Cx, Kernel, Out};
use crate::simd::{Simd, Task};
use crate::unrolled::unrolled;
use crate::{BLOCK, ConvShape};
use std::ops::Range;
use std::slice::from_raw_parts_mut;

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
    /// Offset of the first tap of the first output pixel.
    origin: usize,
    /// Number of input pixels from one output pixel to the next.
    stride: [usize; 2],
    /// The number of output pixels, the first of them, and the distance between them in `y`.
    out: [usize; 2],
    y_first: [usize; 2],
    y_step: [usize; 2],
    clear_halo: bool,
    /// Present if a depthwise convolution walks along its lines.
    walk: Option<Walk>,
}

impl Conv {
    /// Creates the forward pass of `shape`. `w` holds weights packed as `rows`, `bias` one value per lane of `y`'s blocks.
    ///
    /// # Panics
    /// If the geometry of `x` or `y` does not fit `shape`, or the halo of `x` is smaller than the padding.
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
            name: if rows.lanes == Lanes::Pairs { "conv bf16" } else { "conv" },
            w_start: 0,
            uniform: rows.uniform(),
            origin: origin(&x, padding),
            stride: shape.window.stride,
            out: shape.output(),
            y_first: [0, 0],
            y_step: [1, 1],
            clear_halo: true,
            walk: Walk::new(shape, &rows.lanes),
            rows: rows.into_run(),
            x,
            w,
            bias,
            y,
            added: None,
            act,
        }
    }

    /// Adds a value, if there is one, to the sums, before the activation.
    ///
    /// # Panics
    /// If the value has another shape than the output, or is the output.
    #[must_use]
    pub fn with_added(self, added: Option<Value>) -> Self {
        added.iter().for_each(|added| check_same("conv+add", added, &self.y));
        let name = match self.rows.lanes {
            _ if added.is_none() => self.name,
            Lanes::Pairs => "conv bf16+add",
            _ => "conv+add",
        };
        Self { name, added, ..self }
    }

    /// Adds to `program` the kernels that compute the gradient of the input: the weights are repacked, then one convolution
    /// with stride 1 runs for each residue of the pixel position modulo the stride.
    pub fn push_backward_data(program: &mut Builder, shape: &ConvShape, forward: &Rows, of: InputGradient) {
        let InputGradient { dy, w, dx, added } = of;
        assert_eq!(dx.plane.block, BLOCK, "the gradient of a planar input must be in blocks of channels");
        added.iter().for_each(|added| check_same("conv backward data+add", added, &dx));
        let name = if added.is_some() { "conv backward data+add" } else { "conv backward data" };
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
                name,
                x: dy,
                w: wt,
                w_start,
                bias: None,
                y: dx,
                added,
                act: Activation::None,
                uniform: rows.uniform(),
                origin: origin(&dy, first),
                stride: [1, 1],
                out,
                y_first: phase,
                y_step: shape.window.stride,
                clear_halo,
                walk: None,
                rows,
            });
            w_start = next;
            clear_halo = false;
        }
    }

    /// Number of samples from which on a task is a whole sample; with fewer, samples are cut so that every thread finds work.
    const WHOLE: usize = 8;
    /// Number of tasks of a sample that is cut, if it is large enough.
    const TASKS: usize = 8;
    /// Number of blocks of channels of a task when a sample is cut: what one tile covers on AVX-512.
    const GROUP: usize = 2;
    /// Smallest number of pixels of a task when a sample is cut.
    const PIXELS: usize = 24;

    /// How a sample is cut into tasks: groups of blocks of channels, and bands of rows.
    fn cut(&self, n: usize) -> [usize; 2] {
        if n >= Self::WHOLE {
            return [1, 1];
        }
        let groups = self.rows.blocks().div_ceil(Self::GROUP);
        let bands = self.out[0] / Self::PIXELS.div_ceil(self.out[1]);
        [groups, Self::TASKS.div_ceil(groups).min(bands).max(1)]
    }

    fn steps(&self) -> Steps {
        let (x, y) = (&self.x.plane, &self.y.plane);
        let line = |row: usize, pixel: usize| row.wrapping_sub(self.out[1] * pixel);
        let added = |of: fn(&Plane) -> usize| self.added.map_or(0, |added| of(&added.plane));
        let (x_step, y_step) = (self.stride[1] * x.block, self.y_step[1] * BLOCK);
        Steps {
            x: x_step,
            y: y_step,
            x_line: line(self.stride[0] * x.row_len(), x_step),
            y_line: line(self.y_step[0] * y.row_len(), y_step),
            width: self.out[1],
            added_line: line(self.y_step[0] * added(Plane::row_len), y_step),
            y_block: y.plane_len(),
            added_block: added(Plane::plane_len),
        }
    }

    /// Number of values of the inputs of some lines, including all weights, that fit into the second-level cache.
    const CACHED_ROWS: usize = 1 << 15;
    const CACHED_WEIGHTS: usize = 1 << 16;

    /// Number of lines of output pixels whose inputs stay in the second-level cache while all channels that read them pass over
    /// them.
    fn cached_lines(&self) -> usize {
        if self.walk.is_some() || self.rows.weight_len() > Self::CACHED_WEIGHTS {
            return self.out[0];
        }
        (Self::CACHED_ROWS / (self.stride[0] * self.x.plane.row_len() * self.x.plane.blocks())).max(1)
    }
}

// SAFETY: a task writes the pixels of its band of rows in its blocks of channels of one sample; bands and groups of blocks
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
        n * self.cut(n).iter().product::<usize>()
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let [groups, bands] = self.cut(cx.n());
        let (n, group, band) = (task / (bands * groups), task / bands % groups, task % bands);
        let part = |all: usize, parts: usize, i: usize| all * i / parts..all * (i + 1) / parts;
        // Groups begin at even blocks, because a tile may cover two.
        let blocks = part(self.rows.blocks().div_ceil(Self::GROUP), groups, group);
        let blocks = blocks.start * Self::GROUP..(blocks.end * Self::GROUP).min(self.rows.blocks());
        // SAFETY: see the impl; inputs are not written by this kernel.
        let (x, w, bias, added) = unsafe {
            let (x, added) = (cx.read_all(self.x.buf), self.added.map(|value| cx.read_all(value.buf)));
            let x = &x[n * self.x.plane.sample_len()..];
            (x, &cx.read_all(self.w)[self.w_start..], self.bias.map(|b| cx.read_all(b)), added)
        };
        let lines = part(self.out[0], bands, band);
        let (y, step) = (cx.out(self.y.buf), self.steps());
        macro_rules! dispatch {
            ($dispatch:ident, $kind:ident) => {
                cx.isa().$dispatch(Band::<$kind> { conv: self, n, x, y, step, w, bias, added, blocks, lines })
            };
        }
        match self.rows.lanes {
            Lanes::All => dispatch!(dispatch, ALL),
            Lanes::Grouped(_) => dispatch!(dispatch, GROUPED),
            Lanes::Own => dispatch!(dispatch, OWN),
            Lanes::Pairs => dispatch!(dispatch_bf16, PAIRS),
        }
    }
}

/// Some rows of some blocks of one sample.
struct Band<'a, const KIND: u8> {
    conv: &'a Conv,
    n: usize,
    x: &'a [f32],
    y: Out<'a>,
    step: Steps,
    w: &'a [f32],
    bias: Option<&'a [f32]>,
    added: Option<&'a [f32]>,
    blocks: Range<usize>,
    lines: Range<usize>,
}

impl<const KIND: u8> Task for Band<'_, KIND> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        if self.conv.clear_halo {
            self.blocks.clone().for_each(|b| self.halo(b));
        }
        let mut first = self.lines.start;
        while first < self.lines.end {
            let lines = first..(first + self.conv.cached_lines()).min(self.lines.end);
            let mut b = self.blocks.start;
            while b < self.blocks.end {
                // Two vectors are two blocks, or the two halves of one.
                let pair = V::LANES == BLOCK && self.conv.uniform && b + 1 < self.blocks.end;
                // A last block with so few channels is half of a block of 16.
                let half = KIND == ALL && self.conv.y.plane.channels <= b * BLOCK + V::LANES;
                if pair || V::LANES < BLOCK && !half {
                    self.passes::<V, 2>(b, &lines);
                } else {
                    self.passes::<V, 1>(b, &lines);
                }
                b += if pair { 2 } else { 1 };
            }
            first = lines.end;
        }
    }
}

/// Bytes of weights that stay in the first-level cache while tiles pass over them.
const CACHED: usize = 16 << 10;
/// Number of weights from which on they come from memory, so that those of the next pass are prefetched while tiles pass over
/// these.
const FAR: usize = 1 << 20;

/// What the tiles of some channels share while they add up some of the rows.
struct Pass<'a, V, const NV: usize> {
    /// First block of channels.
    b: usize,
    rows: RowsOf<'a, NV>,
    /// The initial value of the sums, in the first pass.
    init: Option<[V; NV]>,
    /// The function that is applied in the last pass.
    act: Activation,
    added: Option<&'a [f32]>,
}

impl<V: Simd, const NV: usize> Pass<'_, V, NV> {
    /// Prefetches the share of the next pass's weights that corresponds to some of `all` pixels.
    #[inline(always)]
    fn fetch(&self, pixels: Range<usize>, all: usize) {
        let rows = self.rows.offsets.len();
        for line in rows * pixels.start / all..rows * pixels.end / all {
            for v in (0..NV).step_by(BLOCK / V::LANES) {
                let w = self.rows.w[v];
                V::prefetch(&w[((rows + line) * BLOCK).min(w.len())..]);
            }
        }
    }
}

impl<const KIND: u8> Band<'_, KIND> {
    /// `NV` vectors of output channels starting at block `b`. Their rows are cut so that the weights of a pass stay in the
    /// first-level cache; between passes the sums are kept in the output.
    #[inline(always)]
    fn passes<V: Simd, const NV: usize>(&self, b: usize, lines: &Range<usize>) {
        if KIND != ALL && (KIND != PAIRS || V::LANES < BLOCK) && NV * V::LANES != BLOCK {
            return; // never called; keeps the compiler from generating its code
        }
        let c = self.conv;
        let lane = |v: usize| lane::<V>(b, v);
        let all = c.rows.starts[b]..c.rows.starts[b + 1];
        let most = CACHED / (4 * NV * V::LANES);
        // Grouped lanes check the whole sum for a NaN.
        let passes = if KIND == GROUPED { 1 } else { all.len().div_ceil(most).max(1) };
        for pass in 0..passes {
            let part = |i: usize| all.start + all.len() * i / passes;
            let rows = part(pass)..part(pass + 1);
            let w: [&[f32]; NV] = std::array::from_fn(|v| {
                let (block, first) = lane(v);
                let start = (c.rows.starts[block] + rows.start - all.start) * BLOCK + first;
                &self.w[start..]
            });
            let init: [V; NV] = std::array::from_fn(|v| {
                let (block, first) = lane(v);
                self.bias.map_or(V::zero(), |bias| V::load(&bias[block * BLOCK + first..]))
            });
            let masks = match &c.rows.lanes {
                Lanes::Grouped(masks) => &masks[rows.clone()],
                Lanes::All | Lanes::Own | Lanes::Pairs => &[],
            };
            let rows = RowsOf { offsets: &c.rows.offsets[rows], far: c.rows.far(), masks, w };
            let (act, added) =
                if pass + 1 == passes { (c.act, self.added) } else { (Activation::None, None) };
            let init = (pass == 0).then_some(init);
            self.tiles::<V, NV>(&Pass { b, rows, init, act, added }, lines);
        }
    }

    /// Cuts the pixels into tiles of only a few widths: each is compiled for each instruction set, which takes seconds.
    #[inline(always)]
    fn tiles<V: Simd, const NV: usize>(&self, pass: &Pass<'_, V, NV>, lines: &Range<usize>) {
        let (c, line) = (self.conv, lines.start);
        let first = [c.y_first[0] + line * c.y_step[0], c.y_first[1]];
        let mut at = At {
            x: c.origin + line * c.stride[0] * c.x.plane.row_len(),
            y: c.y.pixel(self.n, pass.b, first),
            added: c.added.map_or(0, |added| added.pixel(self.n, pass.b, first)),
            left: c.out[1],
        };
        if let (Some(walk), OWN) = (c.walk, KIND) {
            let init = pass.init.expect("these rows are few enough for one pass");
            let Pass { rows, added, act, .. } = *pass;
            let (count, step, x, y) = (lines.len(), self.step, self.x, self.y);
            return Lines { walk, count, at, step, x, rows, init, added, act, y }.run();
        }
        let all = lines.len() * c.out[1];
        let (mut pixels, is_far) = (all, c.rows.weight_len() > FAR);
        while pixels > 0 {
            let done = match pixels {
                14.. if V::LANES == BLOCK => self.tile::<V, 14, NV>(pass, &mut at),
                8.. if V::LANES == BLOCK => self.tile::<V, 8, NV>(pass, &mut at),
                7 if V::LANES == BLOCK => self.tile::<V, 7, NV>(pass, &mut at),
                8.. if V::LANES * NV < BLOCK => self.tile::<V, 8, NV>(pass, &mut at),
                // The remainder is never one pixel, and two or three only out of seven.
                6 | 10.. if V::LANES < BLOCK && NV == 2 && pixels != 13 => {
                    self.tile::<V, 6, NV>(pass, &mut at)
                }
                5 | 7 | 9.. if V::LANES < BLOCK && NV == 2 && KIND == ALL => {
                    self.tile::<V, 5, NV>(pass, &mut at)
                }
                4.. => self.tile::<V, 4, NV>(pass, &mut at),
                2.. => self.tile::<V, 2, NV>(pass, &mut at),
                _ => self.tile::<V, 1, NV>(pass, &mut at),
            };
            if is_far {
                pass.fetch(all - pixels..all - pixels + done, all);
            }
            pixels -= done;
        }
    }

    /// `P` pixels; returns `P`.
    #[inline(always)]
    fn tile<V: Simd, const P: usize, const NV: usize>(&self, pass: &Pass<'_, V, NV>, at: &mut At) -> usize {
        if P * NV > 2 * V::TILE_PX {
            return P; // never called; keeps the compiler from generating its code
        }
        let (step, lanes) = (self.step, V::LANES);
        let pixel = if KIND == PAIRS { BLOCK / 2 } else { BLOCK };
        let tile = at.tile::<P>(&step);
        let side_by_side = P > 6 && step.x == pixel && tile.in_line;
        let x = pass.rows.inputs(self.x, tile.x, if KIND == OWN { NV * lanes } else { 1 });
        let lane = |v: usize, block: usize| v * lanes / BLOCK * block + v * lanes % BLOCK;
        let [first, last] = ends(tile.y);
        let mut to = [std::ptr::null_mut(); NV];
        unrolled!(v < NV => to[v] = {
            let lane = lane(v, step.y_block);
            self.y.start_of(first + lane..last + lane + lanes.max(BLOCK / NV))
        });
        // SAFETY: pixels of this task's band and blocks, held for one load or store, between the first and the last of the tile.
        let y = |p: usize, v: usize| unsafe { from_raw_parts_mut(to[v].add(tile.y[p] - first), lanes) };
        let mut before = [[V::zero(); NV]; P];
        match pass.init {
            Some(init) => before = [init; P],
            None => {
                unrolled!(p < P => unrolled!(v < NV => before[p][v] = V::load(y(p, v))));
            }
        }
        // SAFETY: `inputs` checked all pixels, and with them those side by side.
        let mut acc = unsafe {
            match KIND {
                GROUPED => add_rows::<V, P, NV, ALL>(before, x, pass.rows),
                ALL | PAIRS if side_by_side => {
                    add_rows::<V, P, NV, KIND>(before, pixels(x[0], pixel), pass.rows)
                }
                _ => add_rows::<V, P, NV, KIND>(before, x, pass.rows),
            }
        };
        if KIND == GROUPED {
            let mut nan = acc[0][0].is_nan();
            unrolled!(p < P => unrolled!(v < NV => nan = V::or(nan, acc[p][v].is_nan())));
            if V::any(nan) {
                // SAFETY: as before.
                acc = unsafe { add_rows::<V, P, NV, KIND>(before, x, pass.rows) };
            }
        }
        if let Some(added) = pass.added {
            unrolled!(v < NV => {
                let added = &added[lane(v, step.added_block)..];
                unrolled!(p < P => acc[p][v] = acc[p][v].add(V::load(&added[tile.added[p]..])));
            });
        }
        match pass.act {
            Activation::None => {}
            act => {
                unrolled!(p < P => unrolled!(v < NV => acc[p][v] = act.join(acc[p][v])));
            }
        }
        unrolled!(p < P => unrolled!(v < NV => acc[p][v].store(y(p, v))));
        if NV * lanes < BLOCK {
            // SAFETY: as before; the other half of the block, which has no channels.
            unrolled!(p < P => V::zero().store(unsafe { from_raw_parts_mut(to[0].add(tile.y[p] - first + lanes), lanes) }));
        }
        P
    }

    /// Zeroes the part of the halo of block `b` that belongs to this band.
    #[inline(always)]
    fn halo(&self, b: usize) {
        let (value, first) = (&self.conv.y, self.conv.y.block(self.n, b).start);
        // With a stride, a band covers the lines of y from its first to the first of the next band.
        let plane = &value.plane;
        let all = self.conv.out[0];
        let lines = plane.height * self.lines.start / all..plane.height * self.lines.end / all;
        clear_band(plane, &lines, |from, len| {
            // SAFETY: halo of this band, which no other task writes and none reads meanwhile.
            unsafe { self.y.write(first + from..first + from + len) }.fill(0.0);
        });
    }
}
