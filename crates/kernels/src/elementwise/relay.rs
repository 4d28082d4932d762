//! The same values in another layout: with other halos, planar to blocked and back, or vectors in PyTorch's order.
//!
//! Between planar and blocked, 16 channels of 16 pixels are transposed in registers. The last square of a row of pixels begins
//! 16 pixels before its end and so writes some values twice, with the same result; only rows shorter than that are cut.

use crate::BLOCK;
use crate::cut::{self, check_apart};
use crate::plane::{Plane, Value};
use crate::program::{Buf, Cx, Kernel};
use crate::simd::{Simd, Task};

/// Copies the tile's samples of `step.input`, row-major `[N, C, H, W]`, into `y`, for any halo and any block.
#[derive(Debug)]
pub struct Import {
    /// The destination.
    pub y: Value,
}

/// Copies `y = x`, between any halos and blocks.
#[derive(Debug)]
pub struct Copy {
    /// The input.
    pub x: Value,
    /// The output, in another buffer.
    pub y: Value,
}

/// Flattens `[N, C, H, W]` to `[N, C·H·W]`, with features in PyTorch's order.
#[derive(Debug)]
pub struct Flatten {
    /// The input `[N, C, H, W]`.
    pub x: Value,
    /// The output, a [`Plane::vector`] of `C·H·W` features.
    pub y: Value,
}

/// The gradient of [`Flatten`]: `[N, C·H·W]` to `[N, C, H, W]`.
#[derive(Debug)]
pub struct Unflatten {
    /// The gradient of the vector.
    pub dy: Value,
    /// The gradient of the image.
    pub dx: Value,
}

// SAFETY: a task writes its samples of y.
unsafe impl Kernel for Import {
    fn name(&self) -> &'static str {
        "import"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::tasks(n, self.y.plane.sample_len())
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let plane = Plane::planar(self.y.plane.channels, self.y.plane.size(), [0, 0]);
        let (len, need) = (plane.sample_len(), cx.step().n * plane.sample_len());
        let input = cx.step().input;
        assert!(input.len() >= need, "import: the step brings {} values, {need} are needed", input.len());
        for n in cut::units(cx.n(), self.y.plane.sample_len(), task) {
            let from = &input[(cx.first_sample() + n) * len..][..len];
            // SAFETY: see the impl.
            let to = unsafe { cx.write(self.y.buf, self.y.sample(n)) };
            cx.isa().dispatch(Sample { from, from_plane: plane, to, to_plane: self.y.plane });
        }
    }
}

/// Task `task` of `to = from`, where a task is some of the samples.
fn relay(cx: &Cx<'_>, task: usize, (from, from_plane): (Value, Plane), (to, to_plane): (Value, Plane)) {
    for n in cut::units(cx.n(), to.plane.sample_len(), task) {
        // SAFETY: the samples of `to` belong to one task each; `from` is another buffer, which no task writes.
        let (from, to) = unsafe { (cx.read(from.buf, from.sample(n)), cx.write(to.buf, to.sample(n))) };
        let (values, rest) = to.split_at_mut(to_plane.sample_len());
        rest.fill(0.0);
        let from = &from[..from_plane.sample_len()];
        cx.isa().dispatch(Sample { from, from_plane, to: values, to_plane });
    }
}

// SAFETY: a task writes its samples of y.
unsafe impl Kernel for Copy {
    fn name(&self) -> &'static str {
        "copy"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.x.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        let (x, y) = (&self.x.plane, &self.y.plane);
        check_apart("copy", &self.x, &self.y);
        assert!(
            (x.channels, x.size()) == (y.channels, y.size()),
            "copy: {x:?} and {y:?} must have the same shape"
        );
        cut::tasks(n, y.sample_len())
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        relay(cx, task, (self.x, self.x.plane), (self.y, self.y.plane));
    }
}

/// The planar image that has the same values as a vector in PyTorch's order.
#[track_caller]
fn as_image(vector: &Value, image: &Value) -> Plane {
    let (v, i) = (&vector.plane, &image.plane);
    check_apart("flatten", vector, image);
    let want = Plane::vector(i.channels * i.height * i.width);
    assert!(*v == want, "flatten: {i:?} makes a vector {want:?}, got {v:?}");
    Plane::planar(i.channels, i.size(), [0, 0])
}

// SAFETY: a task writes its samples of y.
unsafe impl Kernel for Flatten {
    fn name(&self) -> &'static str {
        "flatten"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.x.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::tasks(n, self.y.plane.sample_len())
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        relay(cx, task, (self.x, self.x.plane), (self.y, as_image(&self.y, &self.x)));
    }
}

// SAFETY: a task writes its samples of dx.
unsafe impl Kernel for Unflatten {
    fn name(&self) -> &'static str {
        "unflatten"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.dy.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.dx.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::tasks(n, self.dx.plane.sample_len())
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        relay(cx, task, (self.dy, as_image(&self.dy, &self.dx)), (self.dx, self.dx.plane));
    }
}

/// Converts one sample from one layout to another.
pub(super) struct Sample<'a> {
    pub(super) from: &'a [f32],
    pub(super) from_plane: Plane,
    pub(super) to: &'a mut [f32],
    pub(super) to_plane: Plane,
}

impl Task for Sample<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let Sample { from, from_plane, to, to_plane } = self;
        if to_plane.block == 1 && to_plane.halo != [0, 0] {
            // The rows of a planar image are short: one long fill takes less time than two short ones per row.
            to.fill(0.0);
        } else {
            to.chunks_exact_mut(to_plane.plane_len()).for_each(|plane| to_plane.clear_halo(plane));
        }
        if from_plane.block == to_plane.block {
            for b in 0..to_plane.blocks() {
                let (from, to) = (&from[b * from_plane.plane_len()..], &mut to[b * to_plane.plane_len()..]);
                for y in 0..to_plane.height {
                    copy_row::<V>(&from[from_plane.row(y)], &mut to[to_plane.row(y)]);
                }
            }
            return;
        }
        // No closures around the vectors: a closure that is not inlined is not compiled for the instruction set either.
        let (mut lines, mut turned) = ([0.0; BLOCK * BLOCK], [0.0; BLOCK * BLOCK]);
        if to_plane.block == BLOCK {
            for square in squares(&to_plane, &from_plane) {
                if let Some(start) = square.in_one_piece(&to_plane) {
                    V::transpose16(&from[square.planar..], from_plane.plane_len(), &mut to[start..], BLOCK);
                    continue;
                }
                lines[square.channels * BLOCK..].fill(0.0);
                for c in 0..square.channels {
                    let at = square.planar + c * from_plane.plane_len();
                    copy_row::<V>(&from[at..at + square.pixels], &mut lines[c * BLOCK..][..square.pixels]);
                }
                V::transpose16(&lines, BLOCK, &mut turned, BLOCK);
                for (pixel, at) in turned.chunks_exact(BLOCK).zip(square.places(&to_plane)) {
                    copy_row::<V>(pixel, &mut to[at..at + BLOCK]);
                }
            }
        } else {
            for square in squares(&from_plane, &to_plane) {
                if let Some(start) = square.in_one_piece(&from_plane) {
                    V::transpose16(&from[start..], BLOCK, &mut to[square.planar..], to_plane.plane_len());
                    continue;
                }
                for (pixel, at) in lines.chunks_exact_mut(BLOCK).zip(square.places(&from_plane)) {
                    copy_row::<V>(&from[at..at + BLOCK], pixel);
                }
                V::transpose16(&lines, BLOCK, &mut turned, BLOCK);
                for c in 0..square.channels {
                    let at = square.planar + c * to_plane.plane_len();
                    copy_row::<V>(&turned[c * BLOCK..][..square.pixels], &mut to[at..at + square.pixels]);
                }
            }
        }
    }
}

/// Up to 16 channels of up to 16 pixels that follow each other in scan order.
struct Square {
    block: usize,
    first: usize,
    pixels: usize,
    channels: usize,
    /// Position of the first pixel of the first channel in the planar layout.
    planar: usize,
}

impl Square {
    /// Its position in the blocked layout, if it is complete and its pixels follow each other.
    #[inline(always)]
    fn in_one_piece(&self, blocked: &Plane) -> Option<usize> {
        let whole = self.pixels == BLOCK && self.channels == BLOCK && blocked.halo[1] == 0;
        whole.then(|| self.block * blocked.plane_len() + blocked.origin() + self.first * BLOCK)
    }

    /// The positions of its pixels in the blocked layout.
    #[inline(always)]
    fn places(&self, blocked: &Plane) -> impl Iterator<Item = usize> {
        let start = self.block * blocked.plane_len() + blocked.origin();
        let (width, row) = (blocked.width, blocked.row_len());
        let (mut y, mut x) = (self.first / width, self.first % width);
        (0..self.pixels).map(move |_| {
            let at = start + y * row + x * BLOCK;
            x += 1;
            if x == width {
                (y, x) = (y + 1, 0);
            }
            at
        })
    }
}

/// The squares that cover a sample. Pixels continue over rows if the planar side has no halo between them.
#[inline(always)]
fn squares(blocked: &Plane, planar: &Plane) -> impl Iterator<Item = Square> {
    let [height, width] = blocked.size();
    let (runs, len) = if planar.halo[1] == 0 { (1, height * width) } else { (height, width) };
    let (per_run, channels) = (len.div_ceil(BLOCK), blocked.channels);
    let (first, row, plane) = (planar.origin(), planar.row_len(), planar.plane_len());
    (0..blocked.blocks() * runs * per_run).map(move |i| {
        let (block, run, at) = (i / (runs * per_run), i / per_run % runs, i % per_run * BLOCK);
        let at = at.min(len.saturating_sub(BLOCK));
        Square {
            block,
            first: run * len + at,
            pixels: len.min(BLOCK),
            channels: (channels - block * BLOCK).min(BLOCK),
            planar: block * BLOCK * plane + first + run * row + at,
        }
    })
}

/// Copies a short row without a function call.
#[inline(always)]
fn copy_row<V: Simd>(from: &[f32], to: &mut [f32]) {
    let len = to.len();
    let from = &from[..len];
    if len < V::LANES {
        to.iter_mut().zip(from).for_each(|(to, &from)| *to = from);
        return;
    }
    for i in (0..len).step_by(V::LANES) {
        let i = i.min(len - V::LANES);
        V::load(&from[i..]).store(&mut to[i..]);
    }
}
