//! Gradients of [`super::ConvPool`]: only the pixel that won its 2x2 window has a gradient, so three quarters of the work of a
//! dense backward pass are skipped. With `(y, x)` over pooled pixels and `a` the byte of the maximum:
//! `dW[k, tap] = Σ dY[k, y, x] · X[window of the pixel that a points to, at tap]`, and
//! `dX[pixel that a points to + tap] += dY[k, y, x] · W[k, tap]`.
//!
//! **Schedule.** 3x3, stride 1. Lanes are input channels here: one scalar gradient is broadcast to the 9 vectors of the window.
//! `dW`: 9 accumulators in registers over all pixels of a sample. `dX`: pixel by pixel, with the 4x4 patch under its 2x2 window
//! in registers; channels are taken in the order of the pixel that won, and those without a gradient are skipped. Reading and
//! writing 9 lines for each channel was slower. For a planar input, lanes are output channels, and the 4x4 patch under the 2x2
//! window fits one vector, from which each lane picks its tap.
//!
//! **Numerics.** `dY` is first cleared where the ReLU passed nothing; an infinite gradient there is dropped, as PyTorch would
//! drop it too. A pixel that did not win adds nothing, whatever the input and the weights are there; PyTorch adds `0 · x` and
//! `0 · w`, which is not zero if they are infinite or NaN. Chunks and order are those of [`super::ConvBackwardWeight`].

use super::reduce::{CHUNK, Reduce, ReduceTransposed, chunk, chunks};
use super::rows::{Gather, Rows};
use crate::plane::Value;
use crate::program::{Buf, Builder, Cx, Kernel};
use crate::simd::{Simd, Task};
use crate::unrolled::unrolled;
use crate::{BLOCK, ConvShape};

/// Whether the fused kernels of this file support convolution, ReLU and 2x2 max-pool of this shape.
pub fn can_pool(shape: &ConvShape) -> bool {
    let w = &shape.window;
    shape.groups == 1
        && w.kernel == [3, 3]
        && w.stride == [1, 1]
        && w.dilation == [1, 1]
        && shape.output().iter().all(|&n| n >= 2)
}

/// Clears `dy` where the ReLU passed nothing, and sums the rest into the gradient of the bias.
#[derive(Debug)]
struct MaskAndBias {
    dy: Value,
    argmax: Buf,
    partial: Buf,
}

// SAFETY: a task writes the samples of its chunk in dy, and its own partial sum.
unsafe impl Kernel for MaskAndBias {
    fn name(&self) -> &'static str {
        "conv+pool backward bias"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.dy.buf, self.argmax]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.dy.buf, self.partial]
    }
    fn tasks(&self, n: usize) -> usize {
        chunks(n, CHUNK)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        cx.isa().dispatch(Mask { k: self, cx, chunk: task });
    }
}

struct Mask<'a> {
    k: &'a MaskAndBias,
    cx: &'a Cx<'a>,
    chunk: usize,
}

impl Task for Mask<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let Self { k, cx, chunk: i } = self;
        let plane = &k.dy.plane;
        let (blocks, pixels) = (plane.blocks(), plane.height * plane.width);
        // SAFETY: see the impl.
        let sums = unsafe { cx.write(k.partial, i * blocks * BLOCK..(i + 1) * blocks * BLOCK) };
        sums.fill(0.0);
        for n in chunk(cx.n(), CHUNK, i) {
            for b in 0..blocks {
                let start = (n * blocks + b) * pixels * BLOCK;
                // SAFETY: as above; the bytes are not written by this kernel.
                let (dy, codes) = unsafe {
                    let codes = cx.read_bytes(k.argmax, start..start + pixels * BLOCK);
                    (cx.write(k.dy.buf, k.dy.block(n, b)), codes)
                };
                let total = &mut sums[b * BLOCK..(b + 1) * BLOCK];
                for first in (0..BLOCK).step_by(V::LANES) {
                    let mut sum = V::load(&total[first..]);
                    for (y, codes) in codes.chunks_exact(plane.width * BLOCK).enumerate() {
                        let line = dy[plane.row(y)].chunks_exact_mut(BLOCK);
                        for (dy, codes) in line.zip(codes.chunks_exact(BLOCK)) {
                            let live = V::select(V::dead(&codes[first..]), V::zero(), V::load(&dy[first..]));
                            live.store(&mut dy[first..]);
                            sum = sum.add(live);
                        }
                    }
                    sum.store(&mut total[first..]);
                }
            }
        }
    }
}

/// The gradient of the weights of [`super::ConvPool`].
#[derive(Debug)]
pub struct ConvPoolBackwardWeight {
    x: Value,
    dy: Value,
    argmax: Buf,
    partial: Buf,
    /// From the start of a plane of x to the first tap of output pixel (0, 0).
    origin: usize,
    c_out: usize,
    len: usize,
}

impl ConvPoolBackwardWeight {
    /// Adds the kernels for `dw` and `db`. `dy` is changed: it is cleared where the ReLU passed nothing.
    ///
    /// # Panics
    /// Unless [`can_pool`].
    pub fn push(
        program: &mut Builder,
        shape: &ConvShape,
        rows: &Rows,
        x: Value,
        dy: Value,
        argmax: Buf,
        dw: Buf,
        db: Buf,
    ) {
        assert!(can_pool(shape), "no pooled kernels for {shape:?}");
        let bias_len = dy.plane.blocks() * BLOCK;
        let all = chunks(program.tile(), CHUNK);
        let bias_partial = program.buffer(all * bias_len);
        program.push(MaskAndBias { dy, argmax, partial: bias_partial });
        program.push(Reduce { partial: bias_partial, to: db, len: bias_len, chunk: CHUNK });
        let origin = super::rows::origin(&x, shape.window.before().map(|p| -(p as isize)));
        let blocked = x.plane.block == BLOCK;
        let len = if blocked { x.plane.blocks() * dy.plane.blocks() * PATCH } else { rows.weight_len() };
        let partial = program.buffer(all * len);
        program.push(Self { x, dy, argmax, partial, origin, c_out: shape.c_out, len });
        if blocked {
            program.push(ReduceTransposed { partial, to: dw, len, c_in: shape.c_in, c_out: shape.c_out });
        } else {
            program.push(Reduce { partial, to: dw, len, chunk: CHUNK });
        }
    }
}

/// Taps of the window, and values of a 16 x 9 x 16 patch of the weights: output channel, tap, input channel.
const TAPS: usize = 9;
const PATCH: usize = BLOCK * TAPS * BLOCK;

// SAFETY: a task writes its own part of its chunk's partial sum: one block of output channels times one block of
// input channels, or times all channels of a planar input.
unsafe impl Kernel for ConvPoolBackwardWeight {
    fn name(&self) -> &'static str {
        "conv+pool backward weight"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.x.buf, self.dy.buf, self.argmax]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.partial]
    }
    fn tasks(&self, n: usize) -> usize {
        let inputs = if self.x.plane.block == BLOCK { self.x.plane.blocks() } else { 1 };
        chunks(n, CHUNK) * self.dy.plane.blocks() * inputs
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let outputs = self.dy.plane.blocks();
        if self.x.plane.block == BLOCK {
            let inputs = self.x.plane.blocks();
            let (i, kb, cb) = (task / (outputs * inputs), task / inputs % outputs, task % inputs);
            cx.isa().dispatch(Blocked { k: self, cx, chunk: i, kb, cb });
        } else {
            cx.isa().dispatch(Planar { k: self, cx, chunk: task / outputs, kb: task % outputs });
        }
    }
}

/// One block of output channels times one block of input channels of one chunk.
struct Blocked<'a> {
    k: &'a ConvPoolBackwardWeight,
    cx: &'a Cx<'a>,
    chunk: usize,
    kb: usize,
    cb: usize,
}

impl Task for Blocked<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let Self { k, cx, chunk: i, kb, cb } = self;
        let (x_plane, dy_plane) = (&k.x.plane, &k.dy.plane);
        let inputs = x_plane.blocks();
        let start = i * k.len + (kb * inputs + cb) * PATCH;
        let lanes = (k.c_out - kb * BLOCK).min(BLOCK);
        let row = x_plane.row_len();
        let places: [usize; 4] = std::array::from_fn(|code| (code >> 1) * row + (code & 1) * BLOCK);
        let far = (2 * dy_plane.height + 1) * row + (2 * dy_plane.width + 2) * BLOCK;
        // SAFETY: see the impl.
        let sums = unsafe { cx.write(k.partial, start..start + PATCH) };
        sums.fill(0.0);
        for n in chunk(cx.n(), CHUNK, i) {
            // SAFETY: inputs are not written by this kernel.
            let (x, dy, codes) = unsafe { inputs_of(k, cx, n, kb) };
            let x = &x[k.x.block(n, cb).start + k.origin..];
            assert!(far <= x.len(), "the windows end inside the input");
            for lane in 0..lanes {
                let sums = &mut sums[lane * TAPS * BLOCK..][..TAPS * BLOCK];
                for first in (0..BLOCK).step_by(V::LANES) {
                    let mut acc: [V; TAPS] = std::array::from_fn(|t| V::load(&sums[t * BLOCK + first..]));
                    for y in 0..dy_plane.height {
                        let line = &dy[dy_plane.row(y)];
                        let codes = &codes[y * dy_plane.width * BLOCK..][..dy_plane.width * BLOCK];
                        let mut corner = 2 * y * row + first;
                        for (dy, codes) in line.chunks_exact(BLOCK).zip(codes.chunks_exact(BLOCK)) {
                            let grad = V::splat(dy[lane]);
                            let at = corner + places[usize::from(codes[lane]) & 3];
                            corner += 2 * BLOCK;
                            unrolled!(t < TAPS => {
                                let at = at + t / 3 * row + t % 3 * BLOCK;
                                // SAFETY: the last pixel's window ends at `far`, which was checked.
                                let value = V::load(unsafe { x.get_unchecked(at..at + V::LANES) });
                                acc[t] = acc[t].fma(grad, value);
                            });
                        }
                    }
                    unrolled!(t < TAPS => acc[t].store(&mut sums[t * BLOCK + first..]));
                }
            }
        }
    }
}

/// x, the plane of dy of block `kb` of sample `n`, and its bytes.
///
/// # Safety
/// As [`Cx::read`].
unsafe fn inputs_of<'a>(
    k: &ConvPoolBackwardWeight,
    cx: &Cx<'a>,
    n: usize,
    kb: usize,
) -> (&'a [f32], &'a [f32], &'a [u8]) {
    let plane = &k.dy.plane;
    let len = plane.height * plane.width * BLOCK;
    let at = (n * plane.blocks() + kb) * len;
    // SAFETY: the caller's promise.
    unsafe {
        (cx.read_all(k.x.buf), cx.read(k.dy.buf, k.dy.block(n, kb)), cx.read_bytes(k.argmax, at..at + len))
    }
}

/// One block of output channels times all channels of a planar input of one chunk; lanes are output channels.
struct Planar<'a> {
    k: &'a ConvPoolBackwardWeight,
    cx: &'a Cx<'a>,
    chunk: usize,
    kb: usize,
}

impl Task for Planar<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let Self { k, cx, chunk: i, kb } = self;
        let (x_plane, dy_plane) = (&k.x.plane, &k.dy.plane);
        let row = x_plane.row_len();
        let per_block = k.x.plane.channels * TAPS * BLOCK;
        let start = i * k.len + kb * per_block;
        // SAFETY: see the impl.
        let sums = unsafe { cx.write(k.partial, start..start + per_block) };
        sums.fill(0.0);
        for n in chunk(cx.n(), CHUNK, i) {
            // SAFETY: inputs are not written by this kernel.
            let (x, dy, codes) = unsafe { inputs_of(k, cx, n, kb) };
            for (c, sums) in sums.chunks_exact_mut(TAPS * BLOCK).enumerate() {
                let x = &x[k.x.block(n, c).start + k.origin..];
                for first in (0..BLOCK).step_by(V::LANES) {
                    let mut acc: [V; TAPS] = std::array::from_fn(|t| V::load(&sums[t * BLOCK + first..]));
                    for y in 0..dy_plane.height {
                        let line = &dy[dy_plane.row(y)];
                        let codes = &codes[y * dy_plane.width * BLOCK..][..dy_plane.width * BLOCK];
                        let each = line.chunks_exact(BLOCK).zip(codes.chunks_exact(BLOCK));
                        for (px, (dy, codes)) in each.enumerate() {
                            let patch = V::load_patch(&x[2 * y * row + 2 * px..], row);
                            let grad = V::load(&dy[first..]);
                            let window = V::window(&codes[first..]);
                            for t in 0..TAPS {
                                // Tap (r, c) of the window is 4·r + c further in the 4x4 patch.
                                let value = V::pick(patch, window, (t / 3 * 4 + t % 3) as u32);
                                acc[t] = acc[t].fma(grad, value);
                            }
                        }
                    }
                    for t in 0..TAPS {
                        acc[t].store(&mut sums[t * BLOCK + first..]);
                    }
                }
            }
        }
    }
}

/// The gradient of the input of [`super::ConvPool`].
#[derive(Debug)]
pub struct ConvPoolBackwardData {
    dy: Value,
    argmax: Buf,
    /// `[input block][output channel][tap][16 input channels]`.
    wt: Buf,
    dx: Value,
    c_out: usize,
    origin: usize,
}

impl ConvPoolBackwardData {
    /// Adds the kernels for `dx`; `dy` must have been cleared by [`ConvPoolBackwardWeight`].
    ///
    /// # Panics
    /// Unless [`can_pool`], or if the halo of `dx` is smaller than the padding.
    pub fn push(
        program: &mut Builder,
        shape: &ConvShape,
        rows: &Rows,
        dy: Value,
        argmax: Buf,
        w: Buf,
        dx: Value,
    ) {
        assert!(can_pool(shape), "no pooled kernels for {shape:?}");
        assert_eq!(dx.plane.block, BLOCK, "the gradient of a planar input must be in blocks of channels");
        let origin = super::rows::origin(&dx, shape.window.before().map(|p| -(p as isize)));
        let blocks = dx.plane.blocks();
        let mut map = vec![u32::MAX; blocks * shape.c_out * TAPS * BLOCK];
        let forward = rows.planned_map(shape);
        for k in 0..shape.c_out {
            for c in 0..shape.c_in {
                for t in 0..TAPS {
                    let to = ((c / BLOCK * shape.c_out + k) * TAPS + t) * BLOCK + c % BLOCK;
                    map[to] = forward[(k * shape.c_in + c) * TAPS + t];
                }
            }
        }
        let wt = program.kept(map.len());
        program.push(Gather { from: w, to: wt, map, start: 0 });
        program.push(Self { dy, argmax, wt, dx, c_out: shape.c_out, origin });
    }
}

// SAFETY: a task writes one block of input channels of one sample.
unsafe impl Kernel for ConvPoolBackwardData {
    fn name(&self) -> &'static str {
        "conv+pool backward data"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.dy.buf, self.argmax, self.wt]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.dx.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        n * self.dx.plane.blocks()
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let blocks = self.dx.plane.blocks();
        cx.isa().dispatch(Scatter { k: self, cx, n: task / blocks, cb: task % blocks });
    }
}

struct Scatter<'a> {
    k: &'a ConvPoolBackwardData,
    cx: &'a Cx<'a>,
    n: usize,
    cb: usize,
}

/// Number of channels whose bytes are examined together.
const GROUP: usize = 4 * BLOCK;

impl Task for Scatter<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let Self { k, cx, n, cb } = self;
        let (dy_plane, dx_plane) = (&k.dy.plane, &k.dx.plane);
        let (row, blocks) = (dx_plane.row_len(), dy_plane.blocks());
        let pixels = dy_plane.height * dy_plane.width * BLOCK;
        // SAFETY: see the impl; inputs are not written by this kernel.
        let (dx, wt, dy, codes) = unsafe {
            let at = n * blocks * pixels;
            let codes = cx.read_bytes(k.argmax, at..at + blocks * pixels);
            let dx = cx.write(k.dx.buf, k.dx.block(n, cb));
            (dx, cx.read_all(k.wt), cx.read(k.dy.buf, k.dy.sample(n)), codes)
        };
        let wt = &wt[cb * k.c_out * TAPS * BLOCK..][..k.c_out * TAPS * BLOCK];
        dx.fill(0.0);
        for first_block in (0..blocks).step_by(GROUP / BLOCK) {
            let group = first_block..(first_block + GROUP / BLOCK).min(blocks);
            let wt = &wt[first_block * BLOCK * TAPS * BLOCK..];
            for y in 0..dy_plane.height {
                for x in 0..dy_plane.width {
                    // The channels of the group sorted by the pixel that won, with their gradients.
                    let mut won = [0_u64; 4];
                    let mut grads = [0.0_f32; GROUP];
                    for (i, b) in group.clone().enumerate() {
                        let at = b * pixels + (y * dy_plane.width + x) * BLOCK;
                        let [right, lower, dead] = V::code_bits(&codes[at..at + BLOCK]).map(u64::from);
                        // An empty lane has a gradient if it is NaN: a zero weight met an infinity.
                        let lanes = (k.c_out - b * BLOCK).min(BLOCK);
                        let live = !dead & ((1 << lanes) - 1);
                        won[0] |= (live & !right & !lower) << (i * BLOCK);
                        won[1] |= (live & right & !lower) << (i * BLOCK);
                        won[2] |= (live & !right & lower) << (i * BLOCK);
                        won[3] |= (live & right & lower) << (i * BLOCK);
                        let from = b * dy_plane.plane_len() + dy_plane.row(y).start + x * BLOCK;
                        grads[i * BLOCK..(i + 1) * BLOCK].copy_from_slice(&dy[from..from + BLOCK]);
                    }
                    let corner = k.origin + 2 * y * row + 2 * x * BLOCK;
                    for first in (0..BLOCK).step_by(V::LANES) {
                        let at = |i: usize| corner + first + i / 4 * row + i % 4 * BLOCK;
                        let mut patch: [V; 16] = std::array::from_fn(|i| V::load(&dx[at(i)..]));
                        winners::<V, 0>(&mut patch, won[0], &grads, wt, first);
                        winners::<V, 1>(&mut patch, won[1], &grads, wt, first);
                        winners::<V, 4>(&mut patch, won[2], &grads, wt, first);
                        winners::<V, 5>(&mut patch, won[3], &grads, wt, first);
                        for i in 0..16 {
                            patch[i].store(&mut dx[at(i)..]);
                        }
                    }
                }
            }
        }
        dx_plane.clear_halo(dx);
    }
}

/// Adds the channels in `set` to the 3x3 window that starts at position `AT` of a 4x4 patch.
#[inline(always)]
fn winners<V: Simd, const AT: usize>(
    patch: &mut [V; 16],
    mut set: u64,
    grads: &[f32; GROUP],
    wt: &[f32],
    first: usize,
) {
    let mut acc: [V; TAPS] = std::array::from_fn(|t| patch[AT + t / 3 * 4 + t % 3]);
    while set != 0 {
        let channel = set.trailing_zeros() as usize;
        set &= set - 1;
        let grad = V::splat(grads[channel]);
        let w = &wt[channel * TAPS * BLOCK..][..TAPS * BLOCK];
        unrolled!(t < TAPS => acc[t] = acc[t].fma(grad, V::load(&w[t * BLOCK + first..][..V::LANES])));
    }
    unrolled!(t < TAPS => patch[AT + t / 3 * 4 + t % 3] = acc[t]);
}
