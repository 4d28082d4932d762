//! Depthwise convolution: `Y[n, c, y, x] = act(bias[c] + Σ_ky Σ_kx X[n, c, s·y + ky, s·x + kx] · W[c, ky, kx] + A[n, c, y, x])`,
//! where `s` is the stride, `X` begins with its padding, and `A` is another value of Y's shape, or nothing.
//!
//! **Schedule.** Neighboring windows share their inputs, so the kernel walks along a line of them: the weights of a line of
//! taps are in registers, and each input is loaded once for all the windows that contain it, where the tile of `direct.rs`
//! loads one for each multiply-add. A tile is `P` pixels of a line times one vector of channels: 3x3 with stride 1 and 8 pixels
//! loads 3 weights and 10 inputs for 24 FMAs. AVX2 has 16 registers, for 8 sums, at most 7 weights, and an input; and 8
//! independent sums are just what two FMAs per cycle with a latency of four need. Tiles are 8 pixels or 7, of which the usual
//! widths 112, 56, 28, 14 and 7 are multiples; on AVX-512, with 32 registers, 14 where they divide the line. The last tile of a
//! line ends with it and computes some pixels again, so that no other widths are compiled. Bounds are checked once for all
//! lines of a task.
//!
//! On AVX2, one thread, percentage of the peak before (in the tile of `direct.rs`) and now: 3x3 41 % and 86 % (144 channels,
//! 56x56), 39 % and 69 % (384, 14x14), with stride 2, whose input is ten times the second-level cache, 32 % and 48 % (96,
//! 112x112); 5x5 56 % and 80 % (240, 28x28); 7x7 64 % and 86 % (96, 56x56). Tried and rejected, with their cost for 3x3 at
//! 56x56: finding each line of taps by the offset of its row (2 % slower), checking the bounds of each line (1 %), and of each
//! vector that is added or begins a tile (4 % more).
//!
//! Supports 3, 5 or 7 taps per line, at most 7 lines, stride 1 or 2 and no dilation along the line, and lines of 7 pixels or
//! more; all other shapes, and the gradient of the input, use `direct.rs`.
//!
//! **Numerics.** Those of `direct.rs`, bit for bit: the kernel walks in ascending x, so that each output is the chain of fused
//! multiply-adds starting from the bias over the taps of one line after the other, to which `A` is added as a whole.

use super::rows::Lanes;
use super::steps::{At, Steps};
use super::sum::RowsOf;
use crate::activation::Activation;
use crate::program::Out;
use crate::simd::Simd;
use crate::unrolled::unrolled;
use crate::{BLOCK, ConvShape};
use std::slice::from_raw_parts_mut;

/// The parameters for which the loop is compiled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk {
    /// Number of taps in a line of the window.
    taps: usize,
    /// Number of input pixels from one output pixel to the next.
    stride: usize,
}

/// Widths of a tile in pixels; the narrower one is also the smallest width of the output.
const NARROW: usize = 7;
const WIDE: usize = 8;
/// Twice the narrow one, with 32 registers.
const WIDEST: usize = 14;

impl Walk {
    /// For the forward pass of `shape`, if the loop supports it. The rows of a sum are then few enough for one pass.
    pub(super) fn new(shape: &ConvShape, lanes: &Lanes) -> Option<Self> {
        let (window, [_, width]) = (&shape.window, shape.output());
        let fits = *lanes == Lanes::Own
            && matches!(window.kernel, [..=7, 3 | 5 | 7])
            && matches!(window.stride, [_, 1 | 2])
            && window.dilation[1] == 1
            && width >= NARROW;
        fits.then_some(Self { taps: window.kernel[1], stride: window.stride[1] })
    }
}

/// Some lines of a block of channels.
pub(super) struct Lines<'a, V, const NV: usize> {
    pub(super) walk: Walk,
    pub(super) count: usize,
    /// The first pixel.
    pub(super) at: At,
    pub(super) step: Steps,
    pub(super) x: &'a [f32],
    pub(super) rows: RowsOf<'a, NV>,
    /// The initial value of the sums.
    pub(super) init: [V; NV],
    pub(super) added: Option<&'a [f32]>,
    pub(super) act: Activation,
    pub(super) y: Out<'a>,
}

impl<V: Simd, const NV: usize> Lines<'_, V, NV> {
    #[inline(always)]
    pub(super) fn run(&self) {
        match (self.walk.taps, self.walk.stride) {
            (3, 1) => self.tiles::<3, 1>(),
            (3, _) => self.tiles::<3, 2>(),
            (5, 1) => self.tiles::<5, 1>(),
            (5, _) => self.tiles::<5, 2>(),
            (_, 1) => self.tiles::<7, 1>(),
            (..) => self.tiles::<7, 2>(),
        }
    }

    /// Uses tiles of the width that computes the fewest pixels twice.
    #[inline(always)]
    fn tiles<const K: usize, const S: usize>(&self) {
        let width = self.step.width;
        if V::LANES == BLOCK && width.is_multiple_of(WIDEST) {
            self.tiles_of::<WIDEST, K, S>();
        } else if width.next_multiple_of(NARROW) < width.next_multiple_of(WIDE) {
            self.tiles_of::<NARROW, K, S>();
        } else {
            self.tiles_of::<WIDE, K, S>();
        }
    }

    /// Tiles of `P` pixels; the last ends with the line, and may overlap the one before.
    #[inline(always)]
    fn tiles_of<const P: usize, const K: usize, const S: usize>(&self) {
        if P > WIDE && V::LANES < BLOCK {
            return; // never called; keeps the compiler from generating its code
        }
        let (width, at, offsets) = (self.step.width, self.at, self.rows.offsets);
        let [x_line, y_line, added_line] = self.step.lines();
        let last = self.count - 1;
        let ends = [at.x, at.x + last * x_line + (width - 1) * S * BLOCK];
        let [x, _] = self.rows.inputs(self.x, ends, BLOCK);
        let x = &x[offsets[0] as usize..];
        let added = self.added.map(|added| &added[at.added..][..last * added_line + width * BLOCK]);
        let y = self.y.start_of(at.y..at.y + last * y_line + width * BLOCK);
        let w = self.rows.w.map(|w| &w[..offsets.len() * BLOCK - (BLOCK - V::LANES)]);
        let offset = |row: usize| offsets[row] as usize - offsets[0] as usize;
        let (lines, below) = (offsets.len() / K, if offsets.len() > K { offset(K) } else { 0 });
        let reach = (lines.max(1) - 1) * below + (K - 1) * BLOCK;
        assert!(
            lines > 0 && offset(lines * K - 1) == reach,
            "the rows are those of a window of {K} taps a line"
        );
        for line in 0..self.count {
            let mut next = 0;
            while next < width {
                let first = next.min(width - P);
                unrolled!(v < NV => {
                    let lane = v * V::LANES;
                    let at = line * x_line + first * S * BLOCK + lane;
                    // SAFETY: `inputs` checked the last row of the last pixel of the last line; `w` has all rows.
                    let mut acc = unsafe { sum::<V, P, K, S>(self.init[v], [lines, below], x, at, w[v]) };
                    let place = |line_len: usize, p: usize| line * line_len + (first + p) * BLOCK + lane;
                    if let Some(added) = added {
                        let of = |p: usize| place(added_line, p)..place(added_line, p) + V::LANES;
                        // SAFETY: `added` ends with the last pixel of the last line.
                        unrolled!(p < P => acc[p] = acc[p].add(V::load(unsafe { added.get_unchecked(of(p)) })));
                    }
                    match self.act {
                        Activation::None => {}
                        act => {
                            unrolled!(p < P => acc[p] = act.join(acc[p]));
                        }
                    }
                    // SAFETY: a pixel of this task's lines and block, held for one store.
                    let to = |p: usize| unsafe { from_raw_parts_mut(y.add(place(y_line, p)), V::LANES) };
                    unrolled!(p < P => acc[p].store(to(p)));
                });
                next += P;
            }
        }
    }
}

/// The sums of `P` pixels over the lines of a window, each of which begins `below` after the one before.
///
/// # Safety
/// From `at` on, `x` has a vector for each row of each pixel, and `w` one for each row.
#[inline(always)]
unsafe fn sum<V: Simd, const P: usize, const K: usize, const S: usize>(
    init: V,
    [lines, below]: [usize; 2],
    x: &[f32],
    at: usize,
    w: &[f32],
) -> [V; P] {
    let mut acc = [init; P];
    let mut line = 0;
    loop {
        let mut of_tap = [V::zero(); K];
        unrolled!(kx < K => {
            let row = (line * K + kx) * BLOCK;
            // SAFETY: the caller's promise.
            of_tap[kx] = V::load(unsafe { w.get_unchecked(row..row + V::LANES) });
        });
        macro_rules! input {
            ($i:expr) => {
                let (i, at) = ($i, at + line * below + $i * BLOCK);
                // SAFETY: the caller's promise: it is the value of a row for one of the pixels.
                let value = V::load(unsafe { x.get_unchecked(at..at + V::LANES) });
                unrolled!(@ kx K, {
                    if kx <= i && (i - kx) % S == 0 && (i - kx) / S < P {
                        acc[(i - kx) / S] = acc[(i - kx) / S].fma(value, of_tap[kx]);
                    }
                }; 0 1 2 3 4 5 6);
            };
        }
        unrolled!(p < P => {
            input!(p * S);
            if S == 2 {
                input!(p * S + 1);
            }
        });
        unrolled!(@ i K - S, { input!(P * S + i); }; 0 1 2 3 4 5);
        line += 1;
        if line == lines {
            return acc;
        }
    }
}
