//! Cuts samples into chunks, and adds their partial sums in order.

use crate::BLOCK;
use crate::program::{Buf, Cx, Kernel};
use crate::simd::{Simd, Task};
use std::ops::Range;

/// Number of samples whose gradients are summed by one task.
pub(super) const CHUNK: usize = 8;

const TASK: usize = 512;

/// The number of chunks of `n` samples, and the samples of chunk `i`.
pub(super) fn chunks(n: usize, size: usize) -> usize {
    n.div_ceil(size)
}
pub(super) fn chunk(n: usize, size: usize, i: usize) -> Range<usize> {
    i * size..((i + 1) * size).min(n)
}

/// `to[i] = (0 or the previous value) + Σ_chunk partial[chunk][i]`; the previous value counts from the batch's second tile on.
#[derive(Debug)]
pub(super) struct Reduce {
    pub(super) partial: Buf,
    pub(super) to: Buf,
    pub(super) len: usize,
    pub(super) chunk: usize,
}

// SAFETY: tasks write disjoint ranges of `to`.
unsafe impl Kernel for Reduce {
    fn name(&self) -> &'static str {
        "reduce"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.partial, self.to]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.to]
    }
    fn tasks(&self, _: usize) -> usize {
        self.len.div_ceil(TASK)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let part = task * TASK..((task + 1) * TASK).min(self.len);
        // SAFETY: see the impl; `partial` is not written here.
        let to = unsafe { cx.write(self.to, part.clone()) };
        for chunk in 0..chunks(cx.n(), self.chunk) {
            let start = chunk * self.len;
            // SAFETY: as above.
            let from = unsafe { cx.read(self.partial, start + part.start..start + part.end) };
            if chunk == 0 && cx.starts_sums() {
                to.copy_from_slice(from);
            } else {
                to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
            }
        }
    }
}

/// Like [`Reduce`], from `[output block][input block][16 outputs][9 taps][16 inputs]` to packed weights
/// `[output block][input block][tap][input][16 outputs]`.
#[derive(Debug)]
pub(super) struct ReduceTransposed {
    pub(super) partial: Buf,
    pub(super) to: Buf,
    pub(super) len: usize,
    pub(super) c_in: usize,
    pub(super) c_out: usize,
}

const TAPS: usize = 9;

// SAFETY: a task writes the rows of one tap of one pair of blocks.
unsafe impl Kernel for ReduceTransposed {
    fn name(&self) -> &'static str {
        "reduce"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.partial, self.to]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.to]
    }
    fn tasks(&self, _: usize) -> usize {
        self.c_in.div_ceil(BLOCK) * self.c_out.div_ceil(BLOCK) * TAPS
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        cx.isa().dispatch(Tap { k: self, cx, pair: task / TAPS, tap: task % TAPS });
    }
}

struct Tap<'a> {
    k: &'a ReduceTransposed,
    cx: &'a Cx<'a>,
    pair: usize,
    tap: usize,
}

impl Task for Tap<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let Self { k: r, cx, pair, tap } = self;
        let inputs = r.c_in.div_ceil(BLOCK);
        let (kb, cb) = (pair / inputs, pair % inputs);
        let mut sums = [0.0_f32; BLOCK * BLOCK];
        for k in 0..BLOCK {
            for first in (0..BLOCK).step_by(V::LANES) {
                let mut sum = V::zero();
                for chunk in 0..chunks(cx.n(), CHUNK) {
                    let start = chunk * r.len + ((pair * BLOCK + k) * TAPS + tap) * BLOCK + first;
                    // SAFETY: `partial` is not written here.
                    sum = sum.add(V::load(unsafe { cx.read(r.partial, start..start + V::LANES) }));
                }
                sum.store(&mut sums[k * BLOCK + first..]);
            }
        }
        let mut turned = [0.0_f32; BLOCK * BLOCK];
        V::transpose16(&sums, BLOCK, &mut turned, BLOCK);
        let channels = (r.c_in - cb * BLOCK).min(BLOCK);
        let start = (kb * r.c_in * TAPS + cb * BLOCK * TAPS + tap * channels) * BLOCK;
        // SAFETY: see the impl.
        let to = unsafe { cx.write(r.to, start..start + channels * BLOCK) };
        for i in (0..to.len()).step_by(V::LANES) {
            let before = if cx.starts_sums() { V::zero() } else { V::load(&to[i..]) };
            before.add(V::load(&turned[i..])).store(&mut to[i..]);
        }
    }
}
