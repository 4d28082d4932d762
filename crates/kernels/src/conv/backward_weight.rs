//! Gradients of a convolution's weights and bias:
//! `dW[row, k] = Σ_n Σ_(y, x) X[window of (y, x) at row] · dY[n, k, y, x]`, `db[k] = Σ_n Σ_(y, x) dY[n, k, y, x]`.
//!
//! **Schedule.** A *tile* is `R` rows of the weight times two vectors of output channels. Its sums stay in registers while it
//! passes through pixels, each of which loads two vectors of the gradient and broadcasts `R` values. AVX2: 6 x 2 = 12 of 16
//! registers, 8 loads per 12 FMAs, as in the forward pass; with 8 x 2 = 16 sums some were in memory, and it ran at 0.5 to 0.7
//! of the forward pass's speed. AVX-512: 8 x 2 = 16 of 32, enough to hide the latency of two FMA ports; 14 rows would need 14
//! addresses besides. The remaining rows are computed in tiles of 4 and 3 rows: fewer would wait for the latency of their own
//! sums. The positions of the rows are a list, so planar and blocked input, dilation and groups are all handled here; in a
//! depthwise convolution the value of a row is a vector.
//!
//! The tiles of a task take turns on a *band* of pixels, so that input and gradient come from the first-level cache: 20 KB,
//! which is a part of a long line or many short lines, also across samples (512 channels of 7x7 gained most). 8 KB leave too
//! few pixels between loading and storing the sums (6 to 20 points of the peak less); 100 KB cost strided convolutions 5 to 10
//! points. Bounds are checked once per block of channels and once per piece of a line: checks in every tile took a tenth of the
//! time.
//!
//! A *task* has at most 144 rows, the nine taps of 16 channels (48: up to 10 points less), of eight, four or two blocks of
//! output channels, whichever is the most that leaves 16 tasks: whenever a task passes through the input, the input comes from
//! a slow cache or from memory. 1x1 with stride 2, 256 to 512 channels of 56x56: 28 to 35 % of the peak with two blocks, 43
//! with four, 54 with eight. Tried and rejected: two pixels per iteration of the inner loop, whose addresses then do not fit
//! into registers (2 to 8 points).
//!
//! One thread on AVX2, percentage of the peak before, now, and of the forward pass: 3x3 on 64 channels of 56x56 47, 80, 83; on
//! 512 of 7x7 33, 82, 53; with stride 2 from 256 to 512 of 14x14 30, 76, 56; 1x1 from 256 to 64 of 56x56 41, 61, 62; from 2048
//! to 512 of 7x7 33, 78, 51; 7x7 with stride 2 on 3 planes of 224x224 44, 75, 76; depthwise 3x3 on 96 channels of 56x56 22, 29,
//! 24.
//!
//! **Numerics.** Each sum is one chain in the order of samples, lines and pixels, whatever the tiles and bands. Sums over
//! samples are cut into chunks of [`CHUNK`] samples, or of a sixteenth of a tile of more than 128, each summed in order into a
//! partial result, and the partial results are added in order, so that any number of threads gives the same bits. Weights that
//! are too large for partial copies are one chunk. All of this follows from shape and tile alone. If one chunk has all samples,
//! there is no copy: it is summed in the gradient itself, continuing from the tile before.

use super::reduce::{CHUNK, Reduce, chunk, chunks};
use super::rows::{Lanes, Rows, origin};
use crate::plane::Value;
use crate::program::{Buf, Builder, Cx, Kernel};
use crate::simd::{Simd, Task};
use crate::unrolled::unrolled;
use crate::{BLOCK, ConvShape};
use std::ops::Range;

/// The largest number of weights of which every chunk has a partial copy.
const PARTIAL_LEN: usize = 1 << 16;
/// The largest number of partial copies.
const PARTIALS: usize = 16;
/// The largest number of rows of a task.
const TASK_ROWS: usize = 144;
/// The number of tasks that must be left for a task to have more than two blocks of output channels.
const TASKS: usize = 16;
/// Bytes of input and gradient through which the tiles of a task pass one after the other.
const BAND_BYTES: usize = 20 << 10;
/// The largest number of pieces in a band.
const PIECES: usize = 32;

/// Computes the gradient of the weights of a convolution.
#[derive(Debug)]
pub struct ConvBackwardWeight {
    x: Value,
    dy: Value,
    /// Partial sums `[chunk][weight]`, or the gradient itself if one chunk has all samples.
    to: Buf,
    is_whole: bool,
    rows: Rows,
    uniform: bool,
    origin: usize,
    stride: [usize; 2],
    /// Samples of a chunk, blocks and rows of a task, pixels of a piece, pieces of a band.
    chunk: usize,
    unit: usize,
    segment: usize,
    piece: usize,
    band: usize,
}

impl ConvBackwardWeight {
    /// Adds the kernels that compute `dw`, packed like the weights, from the input and the output's gradient.
    pub fn push(program: &mut Builder, shape: &ConvShape, rows: Rows, x: Value, dy: Value, dw: Buf) {
        let (len, tile, window) = (rows.weight_len(), program.tile(), &shape.window);
        let chunk = if len <= PARTIAL_LEN { CHUNK.max(tile.div_ceil(PARTIALS)) } else { tile };
        let (count, segments) = (chunks(tile, chunk), segments(&rows));
        let is_whole = count == 1;
        let to = if is_whole { dw } else { program.buffer(count * len) };
        let is_many = |unit: &usize| rows.blocks().div_ceil(*unit) * segments * count >= TASKS;
        let read: usize = (0..2).map(|a| window.stride[a].min(window.kernel[a])).product();
        let pixels = (BAND_BYTES / 4 / (BLOCK + read * x.plane.channels.min(BLOCK))).max(BLOCK);
        let piece = dy.plane.width.div_ceil(dy.plane.width.div_ceil(pixels));
        let unconnected = (shape.groups > 1).then(|| rows.unconnected(shape));
        program.push(Self {
            x,
            dy,
            to,
            is_whole,
            uniform: rows.uniform(),
            origin: origin(&x, window.before().map(|p| -(p as isize))),
            stride: window.stride,
            chunk,
            unit: [8, 4].into_iter().find(is_many).unwrap_or(2),
            segment: most_rows(&rows).div_ceil(segments).next_multiple_of(BLOCK),
            piece,
            band: (pixels / piece).min(PIECES),
            rows,
        });
        if !is_whole {
            program.push(Reduce { partial: to, to: dw, len, chunk });
        }
        if let Some(places) = unconnected {
            program.push(Unconnected { dw, places });
        }
    }

    fn units(&self) -> usize {
        self.rows.blocks().div_ceil(self.unit)
    }

    /// Piece `i` of the samples starting at `first`, in the order of samples, lines and pixels. `reach` is how far after the
    /// first value of a window its rows may lie, in an input of `len` values.
    fn piece(&self, first: usize, i: usize, reach: usize, len: usize) -> Piece {
        let (out, step) = (&self.dy.plane, self.stride[1] * self.x.plane.block);
        let a_line = out.width.div_ceil(self.piece);
        let (line, at) = (i / a_line, i % a_line * self.piece);
        let (n, y) = (first + line / out.height, line % out.height);
        let down = y * self.stride[0] * self.x.plane.row_len();
        let piece = Piece {
            x: n * self.x.plane.sample_len() + self.origin + down + at * step,
            dy: n * out.sample_len() + out.row(y).start + at * BLOCK,
            len: (out.width - at).min(self.piece),
        };
        assert!(piece.x + (piece.len - 1) * step + reach < len, "a window ends outside its input");
        piece
    }
}

/// The largest number of rows of a block, and the number of segments that they are cut into.
fn most_rows(rows: &Rows) -> usize {
    rows.starts.windows(2).map(|s| s[1] - s[0]).max().unwrap_or(0)
}
fn segments(rows: &Rows) -> usize {
    most_rows(rows).div_ceil(TASK_ROWS).max(1)
}

// SAFETY: a task writes the rows of its segment in the blocks of its unit, in one chunk's partial sum.
unsafe impl Kernel for ConvBackwardWeight {
    fn name(&self) -> &'static str {
        "conv backward weight"
    }
    fn reads(&self) -> Vec<Buf> {
        [self.x.buf, self.dy.buf].into_iter().chain(self.is_whole.then_some(self.to)).collect()
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.to]
    }
    fn tasks(&self, n: usize) -> usize {
        chunks(n, self.chunk) * self.units() * segments(&self.rows)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let (units, segments) = (self.units(), segments(&self.rows));
        let (i, unit, segment) = (task / (units * segments), task / segments % units, task % segments);
        cx.isa().dispatch(Part {
            conv: self,
            cx,
            chunk: i,
            samples: chunk(cx.n(), self.chunk, i),
            blocks: self.unit * unit..(self.unit * (unit + 1)).min(self.rows.blocks()),
            rows: self.segment * segment..self.segment * (segment + 1),
        });
    }
}

/// Some pixels of one line: where the window of the first begins in the input, where its gradient is, and their number.
#[derive(Clone, Copy, Default)]
struct Piece {
    x: usize,
    dy: usize,
    len: usize,
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
        let c = self.conv;
        // SAFETY: inputs are not written by this kernel.
        let (x, dy) = unsafe { (self.cx.read_all(c.x.buf), self.cx.read_all(c.dy.buf)) };
        let own = c.rows.lanes == Lanes::Own;
        let reach = c.rows.far() + if own { BLOCK - 1 } else { 0 };
        let all = self.samples.len() * c.dy.plane.height * c.dy.plane.width.div_ceil(c.piece);
        for first in (0..all).step_by(c.band) {
            let mut pieces = [Piece::default(); PIECES];
            let pieces = &mut pieces[..(all - first).min(c.band)];
            for (i, piece) in pieces.iter_mut().enumerate() {
                *piece = c.piece(self.samples.start, first + i, reach, x.len());
            }
            let fresh = first == 0 && (!c.is_whole || self.cx.starts_sums());
            let mut b = self.blocks.start;
            while b < self.blocks.end {
                let pair = BLOCK / V::LANES == 2 || (c.uniform && b + 1 < self.blocks.end);
                match (pair, own) {
                    (true, false) => self.block::<V, 2, false>(b, x, dy, pieces, fresh),
                    (false, false) => self.block::<V, 1, false>(b, x, dy, pieces, fresh),
                    (true, true) => self.block::<V, 2, true>(b, x, dy, pieces, fresh),
                    (false, true) => self.block::<V, 1, true>(b, x, dy, pieces, fresh),
                }
                b += if pair { 2 * V::LANES / BLOCK } else { 1 };
            }
        }
    }
}

impl Part<'_> {
    /// The tiles of `NV` vectors of output channels starting at block `b`. `OWN`: each lane has its own value of a row;
    /// `fresh`: the sums start from zero.
    #[inline(always)]
    fn block<V: Simd, const NV: usize, const OWN: bool>(
        &self,
        b: usize,
        x: &[f32],
        dy: &[f32],
        pieces: &[Piece],
        fresh: bool,
    ) {
        if OWN && NV * V::LANES != BLOCK {
            return; // never called; keeps the compiler from generating its code
        }
        let c = self.conv;
        let all = c.rows.starts[b]..c.rows.starts[b + 1];
        let rows = (all.start + self.rows.start).min(all.end)..(all.start + self.rows.end).min(all.end);
        let sums = |block: usize| {
            // Blocks that are tiled together have the same number of rows.
            let row = rows.start + c.rows.starts[block] - c.rows.starts[b];
            let start = self.chunk * c.rows.weight_len() + row * BLOCK;
            // SAFETY: rows of this task's segment in one of its blocks and in its chunk, held once.
            unsafe { self.cx.write(c.to, start..start + rows.len() * BLOCK) }
        };
        let apart = c.dy.plane.plane_len();
        let mut tiles = Tiles {
            x,
            dy: &dy[b * apart..],
            apart,
            step: c.stride[1] * c.x.plane.block,
            pieces,
            fresh,
            offsets: &c.rows.offsets[rows.clone()],
            sums: sums(b),
            second: if NV * V::LANES > BLOCK { sums(b + 1) } else { &mut [] },
        };
        while !tiles.offsets.is_empty() {
            // Widths that leave no tile of one or two rows if there are more.
            tiles = match tiles.offsets.len() {
                8.. if V::LANES == BLOCK => tiles.add::<V, 8, NV, OWN>(),
                6 | 9 | 10 | 12.. if V::LANES < BLOCK => tiles.add::<V, 6, NV, OWN>(),
                4 | 5 | 7.. => tiles.add::<V, 4, NV, OWN>(),
                3 | 6 => tiles.add::<V, 3, NV, OWN>(),
                _ => tiles.add::<V, 1, NV, OWN>(),
            };
        }
    }
}

/// The remaining rows of a block: where their values are, and their sums, in the first block and, if a tile has two, in a
/// second one.
struct Tiles<'a> {
    x: &'a [f32],
    /// From the tile's first block on; the next is `apart` from it.
    dy: &'a [f32],
    apart: usize,
    /// Values from one pixel's window to the next.
    step: usize,
    pieces: &'a [Piece],
    fresh: bool,
    offsets: &'a [u32],
    sums: &'a mut [f32],
    second: &'a mut [f32],
}

impl Tiles<'_> {
    /// Adds to the sums of the first `R` rows, and returns the remaining ones.
    #[inline(always)]
    fn add<V: Simd, const R: usize, const NV: usize, const OWN: bool>(self) -> Self {
        let (rows, offsets) = self.offsets.split_at(R);
        let (first, sums) = self.sums.split_at_mut(R * BLOCK);
        let (other, second) = self.second.split_at_mut(if NV * V::LANES > BLOCK { R * BLOCK } else { 0 });
        let lane = |v: usize| (v * V::LANES / BLOCK, v * V::LANES % BLOCK);
        let rows: [usize; R] = std::array::from_fn(|i| rows[i] as usize);
        let step = self.step;
        let mut acc = [[V::zero(); NV]; R];
        if !self.fresh {
            unrolled!(v < NV => {
                let from = if lane(v).0 == 0 { &*first } else { &*other };
                unrolled!(i < R => acc[i][v] = V::load(&from[i * BLOCK + lane(v).1..]));
            });
        }
        for piece in self.pieces {
            let x = &self.x[piece.x..];
            let grad: [&[f32]; NV] = std::array::from_fn(|v| {
                let start = piece.dy + lane(v).0 * self.apart;
                &self.dy[start + lane(v).1..start + piece.len * BLOCK]
            });
            for px in 0..piece.len {
                let g: [V; NV] = std::array::from_fn(|v| {
                    // SAFETY: `grad` ends with the block of the piece's last pixel.
                    V::load(unsafe { grad[v].get_unchecked(px * BLOCK..px * BLOCK + V::LANES) })
                });
                unrolled!(i < R => {
                    let at = rows[i] + px * step;
                    // SAFETY: `piece` has checked that what the rows reach from the last pixel on lies inside.
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
        unrolled!(v < NV => {
            let to = if lane(v).0 == 0 { &mut *first } else { &mut *other };
            unrolled!(i < R => acc[i][v].store(&mut to[i * BLOCK + lane(v).1..]));
        });
        Self { offsets, sums, second, ..self }
    }
}

/// Clears the gradient of packed weights that stand for no connection: with groups, the 16 output channels of a block may
/// belong to several, and each is packed with the inputs of all. Otherwise an optimizer would connect them. (In a depthwise
/// convolution these are only the lanes past the last channel.)
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

/// Computes the gradient of the bias, with one task per block of channels and four interleaved sums over the pixels, which are
/// added at the end.
#[derive(Debug)]
pub struct ConvBackwardBias {
    /// The gradient of the output.
    pub dy: Value,
    /// The gradient of the bias, one value per lane.
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
