//! The convolution itself: the inputs are transformed and multiplied by the transformed weights, and the products become
//! pixels.

use super::super::halo::clear_band;
use super::super::input_gradient::InputGradient;
use super::super::rows::{Gather, Rows, origin};
use super::super::sum::{add_all, pixels};
use super::form::{CHUNK, F23, F25, F43, Form, Transform, with_form};
use super::weights::WinogradWeights;
use crate::activation::Activation;
use crate::cut::check_same;
use crate::plane::Value;
use crate::program::{Buf, Builder, Cx, Kernel, Out};
use crate::scratch;
use crate::simd::{Simd, Task};
use crate::unrolled::unrolled;
use crate::{BLOCK, ConvShape};
use std::ops::Range;

/// The largest number of tiles of a task that has all tiles.
const GROUP: usize = 49;
/// The largest number of tiles of a task otherwise.
const SHARED_GROUP: usize = 42;
/// The smallest number of blocks of output channels of a task, if the channels are cut: each task transforms the inputs again.
const LEAST_BLOCKS: usize = 8;
/// The number of tasks from which on nothing more is cut.
const TASKS: usize = 4;

/// A convolution with transformed weights.
#[derive(Debug)]
pub struct Winograd {
    name: &'static str,
    form: Form,
    x: Value,
    u: Buf,
    bias: Option<Buf>,
    y: Value,
    added: Option<Value>,
    act: Activation,
    /// Offset of the first tap of the first output pixel.
    origin: usize,
    out: [usize; 2],
    /// Number of tiles of a sample, down and across.
    tiles: [usize; 2],
}

/// How the tiles and the channels of some samples are cut into tasks.
struct Cut {
    /// Number of groups of tiles, and the largest number of tiles in one.
    groups: usize,
    group: usize,
    /// Number of parts of the output channels, and the largest number of blocks in one.
    parts: usize,
    blocks: usize,
}

impl Cut {
    /// Number of tiles that the matrices of a task have room for: an odd number, so that their rows are spread over all sets of
    /// a cache.
    fn room(&self) -> usize {
        self.group | 1
    }
}

impl Winograd {
    /// Creates the forward pass of `shape`; `u` holds its transformed weights, `bias` one value per lane of `y`'s blocks.
    ///
    /// # Panics
    /// If the form does not [fit](Form::fits) the convolution, or the geometry of `x` or `y` does not.
    pub fn forward(
        form: Form,
        shape: &ConvShape,
        x: Value,
        u: Buf,
        bias: Option<Buf>,
        y: Value,
        act: Activation,
    ) -> Self {
        assert!(form.fits(shape), "Winograd {form:?} does not fit {shape:?}");
        assert_eq!((x.plane.channels, x.plane.size()), (shape.c_in, shape.input), "input of {shape:?}");
        assert_eq!((y.plane.channels, y.plane.size()), (shape.c_out, shape.output()), "output of {shape:?}");
        assert_eq!(x.plane.block, BLOCK, "the input of {shape:?} must be in blocks of channels");
        Self {
            name: "winograd conv",
            form,
            origin: origin(&x, shape.window.before().map(|p| -(p as isize))),
            x,
            u,
            bias,
            y,
            added: None,
            act,
            out: shape.output(),
            tiles: form.tiles(shape),
        }
    }

    /// Adds a value, if there is one, after the bias and before the activation.
    ///
    /// # Panics
    /// If the value has another shape than the output, or is the output.
    #[must_use]
    pub fn with_added(self, added: Option<Value>) -> Self {
        added.iter().for_each(|added| check_same("winograd conv+add", added, &self.y));
        Self { name: if added.is_some() { "winograd conv+add" } else { self.name }, added, ..self }
    }

    /// Adds to `program` the kernels that compute the gradient of the input: in each run the weights are repacked, rotated and
    /// transformed, then one convolution runs.
    ///
    /// # Panics
    /// If the gradient is not a convolution, or not one that the form [fits](Form::fits).
    pub fn push_backward_data(
        form: Form,
        program: &mut Builder,
        shape: &ConvShape,
        forward: &Rows,
        of: InputGradient,
    ) {
        let InputGradient { dy, w, dx, added } = of;
        let (rows, _) = Rows::backward_data(shape, &dy.plane, [0, 0]);
        let turned =
            shape.transposed().unwrap_or_else(|| panic!("the gradient of {shape:?} is not a convolution"));
        // Kept: later tiles of a batch use what the first one computed.
        let (wt, u) = (program.kept(rows.weight_len()), program.kept(form.weight_len(&turned)));
        program.push(Gather { from: w, to: wt, map: rows.transpose_map(forward, shape), start: 0 });
        program.push(WinogradWeights::new(form, &turned, wt, u).turned());
        let name = if added.is_some() { "winograd backward data+add" } else { "winograd backward data" };
        let kernel = Self::forward(form, &turned, dy, u, None, dx, Activation::None).with_added(added);
        program.push(Self { name, ..kernel });
    }

    /// If there are few tiles, the channels are cut too; if there are few groups of tiles, their number is even.
    fn cut(&self, n: usize) -> Cut {
        let (all, blocks) = (n * self.tiles[0] * self.tiles[1], self.y.plane.blocks());
        let mut groups = if all <= GROUP { 1 } else { all.div_ceil(SHARED_GROUP) };
        let parts = (TASKS / groups).min(blocks / LEAST_BLOCKS).max(1);
        if parts == 1 && all >= 12 && groups < 2 * TASKS {
            groups = groups.next_multiple_of(2);
        }
        let (group, of_part) = (all.div_ceil(groups), blocks.div_ceil(parts).next_multiple_of(CHUNK));
        Cut { groups: all.div_ceil(group), group, parts: blocks.div_ceil(of_part), blocks: of_part }
    }

    /// Length of one of the matrices of transformed inputs. An odd number of cache lines, so that the positions of a tile in
    /// all matrices are not in the same set of a cache.
    fn input_len(&self, room: usize) -> usize {
        ((self.x.plane.blocks() * room) | 1) * BLOCK
    }

    /// Number of values from one tile to the next in a matrix of products.
    fn width(&self) -> usize {
        self.y.plane.blocks().min(CHUNK) * BLOCK
    }

    /// Length of one of the matrices of products.
    fn product_len(&self, room: usize) -> usize {
        ((self.width() / BLOCK * room) | 1) * BLOCK
    }
}

// SAFETY: a task writes the pixels of its tiles in its channels; the one with the first tile of a sample writes the halo there.
unsafe impl Kernel for Winograd {
    fn name(&self) -> &'static str {
        self.name
    }
    fn reads(&self) -> Vec<Buf> {
        let added = self.added.map(|value| value.buf);
        [self.x.buf, self.u].into_iter().chain(self.bias).chain(added).collect()
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        let cut = self.cut(n);
        cut.groups * cut.parts
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let cut = self.cut(cx.n());
        let (part, group) = (task / cut.groups, task % cut.groups);
        let all = cx.n() * self.tiles[0] * self.tiles[1];
        let tiles = group * cut.group..((group + 1) * cut.group).min(all);
        let blocks = part * cut.blocks..((part + 1) * cut.blocks).min(self.y.plane.blocks());
        // SAFETY: see the impl; inputs are not written by this kernel.
        let (x, u, bias) =
            unsafe { (cx.read_all(self.x.buf), cx.read_all(self.u), self.bias.map(|b| cx.read_all(b))) };
        let points = self.form.points();
        let room = cut.room();
        let inputs = points * self.input_len(room);
        scratch::with(inputs + points * self.product_len(room), |memory| {
            let (v, m) = memory.split_at_mut(inputs);
            let is_alone = cut.groups == 1;
            let y = cx.out(self.y.buf);
            cx.isa().dispatch(Group { conv: self, cx, x, u, bias, y, tiles, blocks, is_alone, room, v, m });
        });
    }
}

struct Group<'a> {
    conv: &'a Winograd,
    cx: &'a Cx<'a>,
    x: &'a [f32],
    u: &'a [f32],
    bias: Option<&'a [f32]>,
    y: Out<'a>,
    /// Index range over all samples.
    tiles: Range<usize>,
    /// Index range over the output channels.
    blocks: Range<usize>,
    /// Whether no other task reads the same weights, so that they are not in a cache yet.
    is_alone: bool,
    /// Number of tiles that a matrix has room for.
    room: usize,
    /// The transformed inputs `[points][C / 16][tiles][16]`.
    v: &'a mut [f32],
    /// The products for some output channels `[points][tiles][channels]`.
    m: &'a mut [f32],
}

impl Task for Group<'_> {
    #[inline(always)]
    fn run<V: Simd>(mut self) {
        let form = self.conv.form;
        with_form!(form, self.transform::<V>());
        let mut first = self.blocks.start;
        while first < self.blocks.end {
            let chunk = first..(first + CHUNK).min(self.blocks.end);
            let len = self.conv.x.plane.channels * BLOCK;
            let mut w = first * form.points() * len;
            for point in 0..form.points() {
                let mut b = 0;
                while b < chunk.len() {
                    let blocks = if V::LANES < BLOCK || b + 1 < chunk.len() {
                        self.multiply::<V, 2>(point, b, w);
                        2 * V::LANES / BLOCK
                    } else {
                        self.multiply::<V, 1>(point, b, w);
                        1
                    };
                    b += blocks;
                    w += blocks * len;
                }
            }
            with_form!(form, self.finish::<V>(chunk.clone()));
            first = chunk.end;
        }
    }
}

impl Group<'_> {
    /// The sample of a tile, and its position in the feature map.
    #[inline(always)]
    fn place(&self, tile: usize) -> (usize, [usize; 2]) {
        let [rows, columns] = self.conv.tiles;
        let (n, tile) = (tile / (rows * columns), tile % (rows * columns));
        (n, [tile / columns, tile % columns])
    }

    /// Transforms the inputs of the tiles.
    #[inline(always)]
    fn transform<
        V: Simd,
        F: Transform<OUT, TAPS, IN>,
        const OUT: usize,
        const TAPS: usize,
        const IN: usize,
    >(
        &mut self,
    ) {
        let c = self.conv;
        for (t, tile) in self.tiles.clone().enumerate() {
            let (n, at) = self.place(tile);
            let seen = at.map(|at| at * OUT);
            // The inputs beyond those of its output pixels count as zero, so that nothing else has an effect.
            let left = [0, 1].map(|axis| (c.out[axis] + TAPS - 1 - seen[axis]).min(IN));
            let start =
                n * c.x.plane.sample_len() + c.origin + seen[0] * c.x.plane.row_len() + seen[1] * BLOCK;
            if left == [IN; 2] {
                self.see::<V, F, OUT, TAPS, IN, true>(t, start, left);
            } else {
                self.see::<V, F, OUT, TAPS, IN, false>(t, start, left);
            }
        }
    }

    /// The `t`-th tile of the group, whose first input pixel is at `start`.
    #[inline(always)]
    fn see<
        V: Simd,
        F: Transform<OUT, TAPS, IN>,
        const OUT: usize,
        const TAPS: usize,
        const IN: usize,
        const WHOLE: bool,
    >(
        &mut self,
        t: usize,
        start: usize,
        left: [usize; 2],
    ) {
        let c = self.conv;
        let (row, matrix) = (c.x.plane.row_len(), c.input_len(self.room));
        let far = (left[0] - 1) * row + (left[1] - 1) * BLOCK + V::LANES;
        let end = (IN * IN - 1) * matrix + V::LANES;
        for b in 0..c.x.plane.blocks() {
            for first in (0..BLOCK).step_by(V::LANES) {
                let x = &self.x[start + b * c.x.plane.plane_len() + first..][..far];
                let v = &mut self.v[(b * self.room + t) * BLOCK + first..][..end];
                let mut half = [[V::zero(); IN]; IN];
                unrolled!(y < IN => {
                    let mut d = [V::zero(); IN];
                    unrolled!(column < IN => {
                        if WHOLE || y < left[0] && column < left[1] {
                            // SAFETY: the last of the values that are left ends at `far`.
                            d[column] = unsafe { load(x, y * row + column * BLOCK) };
                        }
                    });
                    half[y] = F::inputs(d);
                });
                unrolled!(j < IN => {
                    let mut d = [V::zero(); IN];
                    unrolled!(y < IN => d[y] = half[y][j]);
                    let column = F::inputs(d);
                    // SAFETY: the value of the last point ends at `end`.
                    unrolled!(i < IN => unsafe { store(column[i], v, (i * IN + j) * matrix) });
                });
            }
        }
    }

    /// The products of a point in `NV` vectors of output channels starting at block `b`, whose weights begin at `w`.
    #[inline(always)]
    fn multiply<V: Simd, const NV: usize>(&mut self, point: usize, b: usize, w: usize) {
        let (tiles, wide) = (self.tiles.len(), V::TILE_PX > 8);
        let mut at = 0;
        while at < tiles {
            // With fewer than four tiles, each sum waits for itself.
            at += match tiles - at {
                14.. if wide => self.products::<V, 14, NV>(point, b, w, at),
                7 | 11.. if wide => self.products::<V, 7, NV>(point, b, w, at),
                6 | 11.. => self.products::<V, 6, NV>(point, b, w, at),
                5 | 9.. => self.products::<V, 5, NV>(point, b, w, at),
                4 | 7.. => self.products::<V, 4, NV>(point, b, w, at),
                // Four, one of which was computed before, to the same bits.
                3 if at > 0 => self.products::<V, 4, NV>(point, b, w, at - 1),
                2.. => self.products::<V, 2, NV>(point, b, w, at),
                _ => self.products::<V, 1, NV>(point, b, w, at),
            };
        }
    }

    /// The products for `P` tiles; returns `P`.
    #[inline(always)]
    fn products<V: Simd, const P: usize, const NV: usize>(
        &mut self,
        point: usize,
        b: usize,
        w: usize,
        at: usize,
    ) -> usize {
        if P > V::TILE_PX {
            return P; // never called; keeps the compiler from generating its code
        }
        let c = self.conv;
        let (channels, span) = (c.x.plane.channels, c.x.plane.channels * BLOCK);
        let x = &self.v[point * c.input_len(self.room) + at * BLOCK..(point + 1) * c.input_len(self.room)];
        let ahead = &self.u[w + NV * V::LANES / BLOCK * span..];
        let w: [&[f32]; NV] = std::array::from_fn(|v| {
            let (block, lane) = (v * V::LANES / BLOCK, v * V::LANES % BLOCK);
            &self.u[w + block * span + lane..w + (block + 1) * span]
        });
        let mut acc = [[V::zero(); NV]; P];
        for block in 0..channels.div_ceil(BLOCK) {
            if self.is_alone {
                self.fetch::<V>(ahead, NV * V::LANES, block, at..at + P);
            }
            let rows = (channels - block * BLOCK).min(BLOCK);
            let x = &x[block * self.room * BLOCK..][..P * BLOCK];
            let w = w.map(|w| &w[block * BLOCK * BLOCK..][..(rows - 1) * BLOCK + V::LANES]);
            // SAFETY: `x` has 16 values for each of `P` tiles, of which no more than 16 are asked for, and `w` a vector for each row.
            acc = unsafe { add_all::<V, P, NV, 1>(acc, pixels(x, BLOCK), w, rows, |r| r) };
        }
        let (width, m) = (c.width(), point * c.product_len(self.room) + at * c.width() + b * BLOCK);
        let m = &mut self.m[m..];
        unrolled!(p < P => unrolled!(v < NV => acc[p][v].store(&mut m[p * width + v * V::LANES..])));
        P
    }

    /// Prefetches the share of the next weights that corresponds to some tiles in a block of input channels: `lanes` values per
    /// channel.
    #[inline(always)]
    fn fetch<V: Simd>(&self, ahead: &[f32], lanes: usize, block: usize, tiles: Range<usize>) {
        let lines = |tile: usize| lanes * tile.min(self.tiles.len()) / self.tiles.len();
        for line in lines(tiles.start)..lines(tiles.end) {
            V::prefetch(&ahead[((block * lanes + line) * BLOCK).min(ahead.len())..]);
        }
    }

    /// Computes the pixels of all tiles in a chunk of output channels.
    #[inline(always)]
    fn finish<V: Simd, F: Transform<OUT, TAPS, IN>, const OUT: usize, const TAPS: usize, const IN: usize>(
        &self,
        chunk: Range<usize>,
    ) {
        let c = self.conv;
        let (width, step) = (c.width(), c.product_len(self.room));
        for (t, tile) in self.tiles.clone().enumerate() {
            let (n, at) = self.place(tile);
            if at == [0, 0] {
                chunk.clone().for_each(|b| self.halo(n, b));
            }
            let [ty, tx] = at.map(|at| at * OUT);
            let (rows, columns) = ((c.out[0] - ty).min(OUT), (c.out[1] - tx).min(OUT));
            for v in 0..chunk.len() * BLOCK / V::LANES {
                let (block, lane) = (chunk.start + v * V::LANES / BLOCK, v * V::LANES % BLOCK);
                let bias = self.bias.map_or(V::zero(), |bias| V::load(&bias[block * BLOCK + lane..]));
                let m = &self.m[t * width + v * V::LANES..][..(IN * IN - 1) * step + V::LANES];
                let mut half = [[V::zero(); OUT]; IN];
                unrolled!(j < IN => {
                    let mut products = [V::zero(); IN];
                    // SAFETY: the product of the last point is the last of `m`.
                    unrolled!(i < IN => products[i] = unsafe { load(m, (i * IN + j) * step) });
                    half[j] = F::outputs(products);
                });
                unrolled!(i < OUT => {
                    if i < rows {
                        let mut products = [V::zero(); IN];
                        unrolled!(j < IN => products[j] = half[j][i]);
                        let pixels = F::outputs(products);
                        let (pixel, len) = ([ty + i, tx], (columns - 1) * BLOCK + V::LANES);
                        let start = c.y.pixel(n, block, pixel) + lane;
                        let other = c.added.map_or(&[][..], |added| {
                            let start = added.pixel(n, block, pixel) + lane;
                            // SAFETY: not the output, and so not written by this kernel.
                            unsafe { self.cx.read(added.buf, start..start + len) }
                        });
                        // SAFETY: pixels of this task's tile and channels; with 8 lanes the other half of a block is the same
                        // task's and is not held at the same time.
                        let y = unsafe { self.y.write(start..start + len) };
                        let mut value = [V::zero(); OUT];
                        unrolled!(j < OUT => value[j] = pixels[j].add(bias));
                        if !other.is_empty() {
                            unrolled!(j < OUT => {
                                if j < columns {
                                    value[j] = value[j].add(V::load(&other[j * BLOCK..]));
                                }
                            });
                        }
                        match c.act {
                            Activation::None => {}
                            act => {
                                unrolled!(j < OUT => value[j] = act.join(value[j]));
                            }
                        }
                        unrolled!(j < OUT => {
                            if j < columns {
                                value[j].store(&mut y[j * BLOCK..]);
                            }
                        });
                    }
                });
            }
        }
    }

    /// Zeroes the halo of block `b` of sample `n`.
    fn halo(&self, n: usize, b: usize) {
        let (value, first) = (&self.conv.y, self.conv.y.block(n, b).start);
        clear_band(&value.plane, &(0..value.plane.height), |from, len| {
            // SAFETY: the halo, which the task with the first tile of the sample alone writes.
            unsafe { self.y.write(first + from..first + from + len) }.fill(0.0);
        });
    }
}

/// The vector of `from` that begins at `at`.
///
/// # Safety
/// It ends inside `from`.
#[inline(always)]
unsafe fn load<V: Simd>(from: &[f32], at: usize) -> V {
    debug_assert!(at + V::LANES <= from.len());
    // SAFETY: the caller's promise.
    V::load(unsafe { from.get_unchecked(at..at + V::LANES) })
}

/// Writes the vector of `to` that begins at `at`.
///
/// # Safety
/// It ends inside `to`.
#[inline(always)]
unsafe fn store<V: Simd>(value: V, to: &mut [f32], at: usize) {
    debug_assert!(at + V::LANES <= to.len());
    // SAFETY: the caller's promise.
    value.store(unsafe { to.get_unchecked_mut(at..at + V::LANES) });
}
