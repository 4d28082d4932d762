//! Convolution of 3x3 windows with stride 1 by Winograd's F(4x4, 3x3): 36 products where direct convolution has 144.
//!
//! `Y = Aᵀ [ Σ_c (G g_c Gᵀ) ⊙ (Bᵀ d_c B) ] A` for each tile of 4x4 output pixels, where `d_c` are the 6x6 values of channel `c` that
//! the tile sees and `g_c` its 3x3 weights; then the bias and the activation. The points are 0, ±√½, ±√2 and ∞.
//!
//! **Schedule.** A task takes up to 42 tiles of one sample. It transforms what they see of every input channel, lanes being
//! channels, into 36 matrices `[C, tiles]`; each is multiplied by its matrix of weights `[C, 16]`, a block of output channels at a
//! time, with the inner loop of direct convolution, to which tiles are pixels; and 36 products of a tile become 16 pixels. The
//! matrices are memory of the thread, and small enough to stay in its second cache.
//!
//! **Numerics.** f32. Each of the 36 sums is one chain of fused multiply-adds over the channels in order, so neither the group nor the
//! lanes nor the threads change a bit. Relative to the RMS of the result, against f64 and for inputs behind a ReLU, the error is
//! 7.0e-7 for 64 channels where that of direct convolution is 3.0e-7, and 1.3e-6 for 256 where it is 5.9e-7; the tests hold it below
//! three times that of direct convolution. An input that is not finite makes its whole tile NaN.
//!
//! # Source
//! Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016.

use super::direct::{ALL, clear_band, sum};
use super::rows::origin;
use crate::activation::Activation;
use crate::plane::Value;
use crate::program::{Buf, Cx, Kernel};
use crate::scratch;
use crate::simd::{Simd, Task};
use crate::unrolled::unrolled;
use crate::{BLOCK, ConvShape};
use std::ops::Range;

/// Output pixels of a tile along one axis.
const OUT: usize = 4;
/// Input pixels of a tile along one axis.
const IN: usize = 6;
/// Products of a tile.
const POINTS: usize = IN * IN;
/// Tiles of a task, at most: a multiple of the pixels that the inner loop takes at once on either instruction set.
const GROUP: usize = 42;

/// Whether a convolution is one that [`Winograd`] computes.
pub fn has_winograd(shape: &ConvShape) -> bool {
    let window = &shape.window;
    let is_plain = window.kernel == [3, 3] && window.stride == [1, 1] && window.dilation == [1, 1];
    is_plain && shape.groups == 1
}

/// Values of the transformed weights of a convolution: `[C_out / 16][36][C_in][16]`.
pub fn winograd_len(shape: &ConvShape) -> usize {
    shape.c_out.div_ceil(BLOCK) * POINTS * shape.c_in * BLOCK
}

/// The transformed weights `U = G g Gᵀ`, from weights packed as for a direct convolution.
#[derive(Debug)]
pub struct WinogradWeights {
    w: Buf,
    u: Buf,
    c_in: usize,
    blocks: usize,
}

impl WinogradWeights {
    /// Of `shape`, whose packed weights are in `w`; `u` holds [`winograd_len`] values.
    ///
    /// # Panics
    /// When the convolution is not one that [`has_winograd`].
    pub fn new(shape: &ConvShape, w: Buf, u: Buf) -> Self {
        assert!(has_winograd(shape), "no Winograd for {shape:?}");
        Self { w, u, c_in: shape.c_in, blocks: shape.c_out.div_ceil(BLOCK) }
    }
}

// SAFETY: a task writes the transformed weights of its block of output channels.
unsafe impl Kernel for WinogradWeights {
    fn name(&self) -> &'static str {
        "winograd weights"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.w]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.u]
    }
    fn tasks(&self, _: usize) -> usize {
        self.blocks
    }
    fn run(&self, cx: &Cx<'_>, block: usize) {
        let (rows, len) = (self.c_in * 9 * BLOCK, POINTS * self.c_in * BLOCK);
        // SAFETY: see the impl; the weights are not written here.
        let (w, u) = unsafe {
            let w = cx.read(self.w, block * rows..(block + 1) * rows);
            (w, cx.write(self.u, block * len..(block + 1) * len))
        };
        cx.isa().dispatch(Weights { c_in: self.c_in, w, u });
    }
}

/// The weights of a block of output channels.
struct Weights<'a> {
    c_in: usize,
    /// Block of input channels after block, in each tap after tap, in each channel after channel.
    w: &'a [f32],
    u: &'a mut [f32],
}

impl Task for Weights<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        for c in 0..self.c_in {
            let first = c / BLOCK * BLOCK;
            let channels = (self.c_in - first).min(BLOCK);
            for lane in (0..BLOCK).step_by(V::LANES) {
                let g =
                    |tap: usize| V::load(&self.w[(first * 9 + tap * channels + c - first) * BLOCK + lane..]);
                let mut half = [[V::zero(); 3]; IN];
                unrolled!(x < 3 => {
                    let column = weight_transform([g(x), g(3 + x), g(6 + x)]);
                    unrolled!(i < IN => half[i][x] = column[i]);
                });
                unrolled!(i < IN => {
                    let row = weight_transform(half[i]);
                    unrolled!(j < IN => {
                        row[j].store(&mut self.u[((i * IN + j) * self.c_in + c) * BLOCK + lane..]);
                    });
                });
            }
        }
    }
}

/// `G g`.
#[inline(always)]
fn weight_transform<V: Simd>(g: [V; 3]) -> [V; IN] {
    let s = std::f32::consts::SQRT_2;
    let c = V::splat;
    let near = g[0].mul(c(-2.0 / 3.0)).fma(g[2], c(-1.0 / 3.0));
    let far = g[0].mul(c(1.0 / 6.0)).fma(g[2], c(1.0 / 3.0));
    let (odd_near, odd_far) = (g[1].mul(c(s / 3.0)), g[1].mul(c(s / 6.0)));
    [g[0], near.sub(odd_near), near.add(odd_near), far.add(odd_far), far.sub(odd_far), g[2]]
}

/// A convolution with transformed weights.
#[derive(Debug)]
pub struct Winograd {
    x: Value,
    u: Buf,
    bias: Option<Buf>,
    y: Value,
    act: Activation,
    /// First tap of the first output pixel.
    origin: usize,
    out: [usize; 2],
    /// Tiles down and across.
    tiles: [usize; 2],
    /// Tiles of a task, at most.
    group: usize,
    /// Of each input channel, the place of the first tile's value in a matrix.
    offsets: Vec<u32>,
}

impl Winograd {
    /// The forward pass of `shape`; `u` holds its transformed weights, `bias` one value a lane of `y`'s blocks.
    ///
    /// # Panics
    /// When the convolution is not one that [`has_winograd`], or the geometry of `x` or `y` does not fit it.
    pub fn forward(
        shape: &ConvShape,
        x: Value,
        u: Buf,
        bias: Option<Buf>,
        y: Value,
        act: Activation,
    ) -> Self {
        assert!(has_winograd(shape), "no Winograd for {shape:?}");
        assert_eq!((x.plane.channels, x.plane.size()), (shape.c_in, shape.input), "input of {shape:?}");
        assert_eq!((y.plane.channels, y.plane.size()), (shape.c_out, shape.output()), "output of {shape:?}");
        assert_eq!(x.plane.block, BLOCK, "the input of {shape:?} lies in blocks");
        let out = shape.output();
        let tiles = out.map(|size| size.div_ceil(OUT));
        let all = tiles[0] * tiles[1];
        // Groups of equal size, and enough of them for two threads where the map has as many tiles.
        let groups = all.div_ceil(GROUP).max(if all >= 12 { 2 } else { 1 });
        let group = all.div_ceil(groups);
        let place = |c: usize| c / BLOCK * group * BLOCK + c % BLOCK;
        Self {
            origin: origin(&x, shape.window.before().map(|p| -(p as isize))),
            offsets: (0..shape.c_in).map(|c| place(c) as u32).collect(),
            x,
            u,
            bias,
            y,
            act,
            out,
            tiles,
            group,
        }
    }

    fn groups(&self) -> usize {
        (self.tiles[0] * self.tiles[1]).div_ceil(self.group)
    }

    /// Values of one of the 36 matrices of transformed inputs.
    fn matrix_len(&self) -> usize {
        self.x.plane.blocks() * self.group * BLOCK
    }
}

// SAFETY: a task writes the pixels of its tiles, in all channels of one sample; the first of a sample writes the halo.
unsafe impl Kernel for Winograd {
    fn name(&self) -> &'static str {
        "winograd conv"
    }
    fn reads(&self) -> Vec<Buf> {
        [self.x.buf, self.u].into_iter().chain(self.bias).collect()
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        n * self.groups()
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let (n, group) = (task / self.groups(), task % self.groups());
        let all = self.tiles[0] * self.tiles[1];
        // SAFETY: see the impl; inputs are not written by this kernel.
        let (x, u, bias) = unsafe {
            let x = cx.read(self.x.buf, self.x.sample(n));
            (x, cx.read_all(self.u), self.bias.map(|b| cx.read_all(b)))
        };
        let matrices = POINTS * self.matrix_len();
        // A block of output channels, or two.
        scratch::with(matrices + POINTS * self.group * 2 * BLOCK, |memory| {
            let (v, m) = memory.split_at_mut(matrices);
            let tiles = group * self.group..((group + 1) * self.group).min(all);
            cx.isa().dispatch(Group { conv: self, cx, n, x, u, bias, tiles, v, m });
        });
    }
}

struct Group<'a> {
    conv: &'a Winograd,
    cx: &'a Cx<'a>,
    n: usize,
    x: &'a [f32],
    u: &'a [f32],
    bias: Option<&'a [f32]>,
    tiles: Range<usize>,
    /// Transformed inputs `[36][C / 16][tiles][16]`.
    v: &'a mut [f32],
    /// Products of some output channels `[36][tiles][channels]`.
    m: &'a mut [f32],
}

impl Task for Group<'_> {
    #[inline(always)]
    fn run<V: Simd>(mut self) {
        let blocks = self.conv.y.plane.blocks();
        if self.tiles.start == 0 {
            (0..blocks).for_each(|b| self.halo(b));
        }
        for (t, tile) in self.tiles.clone().enumerate() {
            self.transform::<V>(t, tile);
        }
        let mut b = 0;
        while b < blocks {
            if V::LANES < BLOCK || b + 1 < blocks {
                self.multiply::<V, 2>(b);
                self.finish::<V, 2>(b);
                b += 2 * V::LANES / BLOCK;
            } else {
                self.multiply::<V, 1>(b);
                self.finish::<V, 1>(b);
                b += 1;
            }
        }
    }
}

/// `Bᵀ d`.
#[inline(always)]
fn input_transform<V: Simd>(d: [V; IN]) -> [V; IN] {
    let s = std::f32::consts::SQRT_2;
    let c = V::splat;
    let even = |factor: f32| d[4].fma(d[2], c(factor));
    let odd = |first: f32, third: f32| d[1].mul(c(first)).fma(d[3], c(third));
    let (e1, o1) = (even(-2.0), odd(-s, s / 2.0));
    let (e2, o2) = (even(-0.5), odd(-s / 2.0, s));
    let first = d[0].add(d[4]).fma(d[2], c(-2.5));
    let last = d[1].add(d[5]).fma(d[3], c(-2.5));
    [first, e1.add(o1), e1.sub(o1), e2.add(o2), e2.sub(o2), last]
}

/// `Aᵀ m`.
#[inline(always)]
fn output_transform<V: Simd>(m: [V; IN]) -> [V; OUT] {
    let s = std::f32::consts::SQRT_2;
    let c = V::splat;
    let (s1, d1) = (m[1].add(m[2]), m[1].sub(m[2]));
    let (s2, d2) = (m[3].add(m[4]), m[3].sub(m[4]));
    [
        m[0].add(s1.add(s2)),
        d1.mul(c(s / 2.0)).fma(d2, c(s)),
        s1.mul(c(0.5)).fma(s2, c(2.0)),
        m[5].add(d1.mul(c(s / 4.0)).fma(d2, c(2.0 * s))),
    ]
}

impl Group<'_> {
    /// What the `t`-th tile of the group sees, transformed.
    #[inline(always)]
    fn transform<V: Simd>(&mut self, t: usize, tile: usize) {
        let c = self.conv;
        let [ty, tx] = [tile / c.tiles[1], tile % c.tiles[1]];
        // Rows and columns of the input that output pixels of the tile see; past them it sees nothing, so that nothing else counts.
        let seen = [ty, tx].map(|at| at * OUT);
        let left = [0, 1].map(|axis| (c.out[axis] + 2 - seen[axis]).min(IN));
        let is_whole = left == [IN; 2];
        let (row, matrix) = (c.x.plane.row_len(), c.matrix_len());
        let start = c.origin + seen[0] * row + seen[1] * BLOCK;
        for b in 0..c.x.plane.blocks() {
            for first in (0..BLOCK).step_by(V::LANES) {
                let x = &self.x[b * c.x.plane.plane_len() + start + first..];
                let load = |y: usize, column: usize| {
                    if is_whole || y < left[0] && column < left[1] {
                        V::load(&x[y * row + column * BLOCK..])
                    } else {
                        V::zero()
                    }
                };
                let mut half = [[V::zero(); IN]; IN];
                unrolled!(y < IN => {
                    half[y] = input_transform([load(y, 0), load(y, 1), load(y, 2), load(y, 3), load(y, 4), load(y, 5)]);
                });
                let to = (b * c.group + t) * BLOCK + first;
                unrolled!(j < IN => {
                    let column =
                        input_transform([half[0][j], half[1][j], half[2][j], half[3][j], half[4][j], half[5][j]]);
                    unrolled!(i < IN => column[i].store(&mut self.v[(i * IN + j) * matrix + to..]));
                });
            }
        }
    }

    /// The 36 products of `NV` vectors of output channels from block `b` on.
    #[inline(always)]
    fn multiply<V: Simd, const NV: usize>(&mut self, b: usize) {
        let tiles = self.tiles.len();
        for point in 0..POINTS {
            let mut at = 0;
            while at < tiles {
                at += match tiles - at {
                    14.. if V::TILE_PX > 8 => self.products::<V, 14, NV>(b, point, at),
                    7.. if V::TILE_PX > 8 => self.products::<V, 7, NV>(b, point, at),
                    6.. if V::TILE_PX < 8 => self.products::<V, 6, NV>(b, point, at),
                    4.. => self.products::<V, 4, NV>(b, point, at),
                    2.. => self.products::<V, 2, NV>(b, point, at),
                    _ => self.products::<V, 1, NV>(b, point, at),
                };
            }
        }
    }

    /// Of `P` tiles; returns `P`.
    #[inline(always)]
    fn products<V: Simd, const P: usize, const NV: usize>(
        &mut self,
        b: usize,
        point: usize,
        at: usize,
    ) -> usize {
        if P > V::TILE_PX {
            return P; // never called; keeps the compiler from making it
        }
        let c = self.conv;
        let channels = c.offsets.len();
        let w: [&[f32]; NV] = std::array::from_fn(|v| {
            let (block, first) = (b + v * V::LANES / BLOCK, v * V::LANES % BLOCK);
            &self.u[((block * POINTS + point) * channels) * BLOCK + first..]
        });
        let x = &self.v[point * c.matrix_len() + at * BLOCK..(point + 1) * c.matrix_len()];
        let far = c.offsets[channels - 1] as usize;
        let acc = sum::<V, P, NV, BLOCK, ALL>(x, &c.offsets, &[], w, [V::zero(); NV], BLOCK, far);
        let m = &mut self.m[(point * c.group + at) * NV * V::LANES..];
        unrolled!(p < P => unrolled!(v < NV => acc[p][v].store(&mut m[(p * NV + v) * V::LANES..])));
        P
    }

    /// The pixels of all tiles in `NV` vectors of output channels from block `b` on.
    #[inline(always)]
    fn finish<V: Simd, const NV: usize>(&self, b: usize) {
        let c = self.conv;
        let (plane, step) = (&c.y.plane, c.group * NV * V::LANES);
        for (t, tile) in self.tiles.clone().enumerate() {
            let [ty, tx] = [tile / c.tiles[1], tile % c.tiles[1]].map(|at| at * OUT);
            let (rows, columns) = ((c.out[0] - ty).min(OUT), (c.out[1] - tx).min(OUT));
            for v in 0..NV {
                let (block, first) = (b + v * V::LANES / BLOCK, v * V::LANES % BLOCK);
                let bias = self.bias.map_or(V::zero(), |bias| V::load(&bias[block * BLOCK + first..]));
                let m = &self.m[(t * NV + v) * V::LANES..];
                let product = |i: usize, j: usize| V::load(&m[(i * IN + j) * step..]);
                let mut half = [[V::zero(); OUT]; IN];
                unrolled!(j < IN => {
                    half[j] = output_transform([
                        product(0, j), product(1, j), product(2, j), product(3, j), product(4, j), product(5, j),
                    ]);
                });
                let start = c.y.block(self.n, block).start
                    + plane.origin()
                    + ty * plane.row_len()
                    + tx * BLOCK
                    + first;
                unrolled!(i < OUT => {
                    if i < rows {
                        let pixels =
                            output_transform([half[0][i], half[1][i], half[2][i], half[3][i], half[4][i], half[5][i]]);
                        let start = start + i * plane.row_len();
                        // SAFETY: pixels of this task's tile; with 8 lanes the other half of a block is the same task's and is
                        // not held at the same time.
                        let y = unsafe {
                            self.cx.write(c.y.buf, start..start + (columns - 1) * BLOCK + V::LANES)
                        };
                        unrolled!(j < OUT => {
                            if j < columns {
                                c.act.join(pixels[j].add(bias)).store(&mut y[j * BLOCK..]);
                            }
                        });
                    }
                });
            }
        }
    }

    /// Zeroes the halo of block `b`.
    fn halo(&self, b: usize) {
        let (value, first) = (&self.conv.y, self.conv.y.block(self.n, b).start);
        clear_band(&value.plane, &(0..value.plane.height), |from, len| {
            // SAFETY: the halo, which the first task of a sample alone writes.
            unsafe { self.cx.write(value.buf, first + from..first + from + len) }.fill(0.0);
        });
    }
}
