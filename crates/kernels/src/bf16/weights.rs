//! Weights rounded to bf16, in pairs of input channels.

use super::pair;
use crate::BLOCK;
use crate::linear::LinearPack;
use crate::program::{Buf, Cx, Kernel};
use crate::simd::{Simd, Task};
use std::ops::Range;

/// Rounds packed weights: each 16 words of `to` are for 16 output channels, and each word has the weights of two input
/// channels.
#[derive(Debug)]
pub struct Bf16Weights {
    w: Buf,
    to: Buf,
    from: Source,
}

/// For 16 words of rounded weights, the positions of the 16 weights of each half; there may be no second half.
#[derive(Debug)]
pub(crate) enum Source {
    /// As listed, for a convolution.
    Rows(Vec<(u32, Option<u32>)>),
    /// For a fully connected layer.
    Panels(LinearPack),
}

impl Source {
    fn len(&self) -> usize {
        match self {
            Self::Rows(rows) => rows.len(),
            Self::Panels(pack) => pack.pairs().weight_len() / BLOCK,
        }
    }

    fn rows(&self, i: usize) -> (usize, Option<usize>) {
        match self {
            Self::Rows(rows) => (rows[i].0 as usize, rows[i].1.map(|row| row as usize)),
            Self::Panels(pack) => pack.rows_of_pair(i),
        }
    }
}

impl Bf16Weights {
    pub(crate) fn new(w: Buf, to: Buf, from: Source) -> Self {
        Self { w, to, from }
    }

    /// Number of rows of 16 words in a task.
    const TASK: usize = 64;
}

// SAFETY: a task writes its own words.
unsafe impl Kernel for Bf16Weights {
    fn name(&self) -> &'static str {
        "bf16 weights"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.w]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.to]
    }
    fn tasks(&self, _: usize) -> usize {
        self.from.len().div_ceil(Self::TASK)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        if !cx.starts_sums() {
            return; // the weights are the same for every tile of samples
        }
        let part = task * Self::TASK..((task + 1) * Self::TASK).min(self.from.len());
        // SAFETY: see the impl; the weights are not written here.
        let (w, to) =
            unsafe { (cx.read_all(self.w), cx.write(self.to, part.start * BLOCK..part.end * BLOCK)) };
        cx.isa().dispatch(Round { w, to, from: &self.from, part });
    }
}

struct Round<'a> {
    w: &'a [f32],
    to: &'a mut [f32],
    from: &'a Source,
    part: Range<usize>,
}

impl Task for Round<'_> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        for (to, i) in self.to.chunks_exact_mut(BLOCK).zip(self.part) {
            let (first, second) = self.from.rows(i);
            let row = |row: usize| &self.w[row * BLOCK..][..BLOCK];
            let (first, second) = (row(first), second.map_or(&[0.0; BLOCK][..], row));
            for (to, (&first, &second)) in to.iter_mut().zip(first.iter().zip(second)) {
                *to = pair(first, second);
            }
        }
    }
}
