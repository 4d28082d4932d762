//! The loop of elementwise operations, between values with any halos.

use crate::BLOCK;
use crate::cut;
use crate::plane::Value;
use crate::program::Cx;
use crate::simd::{Arithmetic, Simd, Task};

/// The function of `K` values at the same position. It is a struct and not a closure, since only what is inlined is compiled
/// for the instruction set.
pub(super) trait Op<const K: usize>: Copy {
    /// Must be `#[inline(always)]`, and return 0 for zeros, because that is what the empty lanes hold.
    fn apply<V: Arithmetic>(self, inputs: [V; K]) -> V;
}

/// Task `task` of `y = op(inputs)`.
pub(super) fn map<const K: usize>(cx: &Cx<'_>, task: usize, inputs: [Value; K], y: Value, op: impl Op<K>) {
    cx.isa().dispatch(Blocks { cx, task, inputs, y, op });
}

struct Blocks<'a, const K: usize, O> {
    cx: &'a Cx<'a>,
    task: usize,
    inputs: [Value; K],
    y: Value,
    op: O,
}

impl<const K: usize, O: Op<K>> Task for Blocks<'_, K, O> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let Self { cx, task, inputs, y, op } = self;
        let plane = y.plane;
        if inputs.iter().all(|x| x.plane == plane) {
            // Same layout: one long row, whose halo is zero before and after.
            let blocks = cut::units(cx.n() * plane.blocks(), plane.plane_len(), task);
            let part = blocks.start * plane.plane_len()..blocks.end * plane.plane_len();
            let mut x: [&[f32]; K] = [&[]; K];
            for k in 0..K {
                // SAFETY: the inputs are other buffers, which no task writes.
                x[k] = unsafe { cx.read(inputs[k].buf, part.clone()) };
            }
            // SAFETY: these blocks of `y` belong to this task.
            row::<V, K, O>(x, unsafe { cx.write(y.buf, part) }, op);
            return;
        }
        for (n, b) in cut::blocks(&plane, cx.n(), task) {
            block::<V, K, O>(cx, (n, b), inputs, y, op);
        }
    }
}

#[inline(always)]
fn block<V: Simd, const K: usize, O: Op<K>>(
    cx: &Cx<'_>,
    (n, b): (usize, usize),
    inputs: [Value; K],
    y: Value,
    op: O,
) {
    // SAFETY: this block of `y` belongs to this task.
    let to = unsafe { cx.write(y.buf, y.block(n, b)) };
    y.plane.clear_halo(to);
    for line in 0..y.plane.height {
        let mut x: [&[f32]; K] = [&[]; K];
        for k in 0..K {
            // SAFETY: the inputs are other buffers, which no task writes.
            let block = unsafe { cx.read(inputs[k].buf, inputs[k].block(n, b)) };
            x[k] = &block[inputs[k].plane.row(line)];
        }
        row::<V, K, O>(x, &mut to[y.plane.row(line)], op);
    }
}

/// Registers that are processed together: long functions are chains, where each step waits for the one before. One thread of an
/// AVX2 machine, cycles per register of GELU and of SiLU: 33 and 17 one by one, 27 and 15 in twos, 28 and 11 in fours.
const SIDE: usize = 4;

#[inline(always)]
pub(super) fn row<V: Simd, const K: usize, O: Op<K>>(mut x: [&[f32]; K], y: &mut [f32], op: O) {
    let len = y.len();
    for k in 0..K {
        x[k] = &x[k][..len];
    }
    let whole = len / V::LANES * V::LANES;
    let several = whole / (SIDE * V::LANES) * (SIDE * V::LANES);
    for i in (0..several).step_by(SIDE * V::LANES) {
        let mut v = [[V::zero(); SIDE]; K];
        for k in 0..K {
            for side in 0..SIDE {
                v[k][side] = V::load(&x[k][i + side * V::LANES..]);
            }
        }
        let v = op.apply(v);
        for side in 0..SIDE {
            v[side].store(&mut y[i + side * V::LANES..]);
        }
    }
    for i in (several..whole).step_by(V::LANES) {
        let mut v = [V::zero(); K];
        for k in 0..K {
            v[k] = V::load(&x[k][i..]);
        }
        op.apply(v).store(&mut y[i..]);
    }
    if whole < len {
        // Planar rows need not be whole vectors.
        let mut v = [V::zero(); K];
        for k in 0..K {
            let mut last = [0.0; BLOCK];
            last[..len - whole].copy_from_slice(&x[k][whole..]);
            v[k] = V::load(&last);
        }
        let mut last = [0.0; BLOCK];
        op.apply(v).store(&mut last);
        y[whole..].copy_from_slice(&last[..len - whole]);
    }
}
