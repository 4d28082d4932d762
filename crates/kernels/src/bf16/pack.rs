//! An activation rounded to bf16, in pairs of channels.

use super::pair;
use crate::BLOCK;
use crate::plane::Value;
use crate::program::{Buf, Cx, Kernel};
use crate::simd::{Simd, Task};
use std::ops::Range;

/// `to ← bf16(x)`, pixel by pixel, including the halo. The partner of an odd last channel is zero.
#[derive(Debug)]
pub struct PackBf16 {
    x: Value,
    to: Value,
}

impl PackBf16 {
    /// # Panics
    /// If `to` does not have the layout of the [pairs](crate::Plane::pairs) of `x`.
    pub fn new(x: Value, to: Value) -> Self {
        assert_eq!(to.plane, x.plane.pairs(), "pairs of {:?}", x.plane);
        Self { x, to }
    }

    /// Number of values in a task.
    const TASK: usize = 1 << 14;

    /// Number of tasks per sample.
    fn parts(&self) -> usize {
        self.x.plane.sample_len().div_ceil(Self::TASK)
    }
}

// SAFETY: a task writes the pairs of its part of a sample.
unsafe impl Kernel for PackBf16 {
    fn name(&self) -> &'static str {
        "pack bf16"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.x.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.to.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        n * self.parts()
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let plane = &self.x.plane;
        let (n, part) = (task / self.parts(), task % self.parts());
        let part = part * Self::TASK..((part + 1) * Self::TASK).min(plane.sample_len());
        // The last block, whose last channel may have no partner.
        let alone = plane.sample_len() - if plane.channels.is_multiple_of(2) { 0 } else { plane.plane_len() };
        let (first, start) = (n * plane.sample_len(), n * self.to.plane.sample_len());
        let alone = alone.clamp(part.start, part.end) - part.start..part.len();
        // SAFETY: see the impl; the input is not written by this kernel.
        let (x, to) = unsafe {
            let x = cx.read(self.x.buf, first + part.start..first + part.end);
            (x, cx.write(self.to.buf, start + part.start / 2..start + part.end / 2))
        };
        cx.isa().dispatch(Pack { x, to, alone, partner: plane.channels % BLOCK });
    }
}

struct Pack<'a> {
    x: &'a [f32],
    to: &'a mut [f32],
    /// The values of the block whose lane `partner` counts as zero.
    alone: Range<usize>,
    partner: usize,
}

impl Task for Pack<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let (pairs, alone) = self.x.split_at(self.alone.start);
        let (to, to_alone) = self.to.split_at_mut(self.alone.start / 2);
        for (to, x) in to.iter_mut().zip(pairs.chunks_exact(2)) {
            *to = pair(x[0], x[1]);
        }
        for (to, x) in to_alone.chunks_exact_mut(BLOCK / 2).zip(alone.chunks_exact(BLOCK)) {
            let mut lanes: [f32; BLOCK] = std::array::from_fn(|lane| x[lane]);
            lanes[self.partner] = 0.0;
            for (to, x) in to.iter_mut().zip(lanes.chunks_exact(2)) {
                *to = pair(x[0], x[1]);
            }
        }
    }
}
