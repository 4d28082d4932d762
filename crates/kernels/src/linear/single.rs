//! The forward pass of a single sample: every weight is used once, so it takes as long as reading the weights.
//!
//! **Schedule.** A task reads two panels in turn, four inputs of each at a time, while the sums are kept on the stack: memory
//! delivers two streams faster than one, as long as little else is done between the turns. One thread of an AVX2 machine, 9,216
//! inputs, 4,096 outputs, 151 MB: 5.2 ms, and 5.6 with eight inputs at a time. Tried and rejected: tiles of 16 outputs, one
//! panel at a time, 16 inputs at a time, four panels, prefetching the weights (by 2 to 16 KiB, into any cache), and sums that
//! are kept in `Y` (6.0).
//!
//! **Numerics.** Each output is the same chain of fused multiply-adds as in [`forward`](super::forward).

use super::{LinearPack, PANEL, product};
use crate::activation::Activation;
use crate::program::Out;
use crate::simd::{Simd, Task};
use crate::unrolled::unrolled;
use std::ops::Range;

/// Number of inputs of a panel before it is the other one's turn.
const TURN: usize = 4;
/// Number of panels in a task.
pub(super) const PANELS: usize = 2;

/// Some panels of the outputs of a sample.
pub(super) struct Single<'a, const IS_BF16: bool> {
    pub(super) pack: LinearPack,
    pub(super) act: Activation,
    pub(super) panels: Range<usize>,
    pub(super) x: &'a [f32],
    pub(super) w: &'a [f32],
    pub(super) bias: Option<&'a [f32]>,
    pub(super) y: Out<'a>,
}

impl<const IS_BF16: bool> Task for Single<'_, IS_BF16> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let mut rest = self.panels.clone();
        while let Some(first) = rest.next() {
            // The following panels of the same width: all but the last of the layer.
            let width = self.pack.panel_width(first);
            while rest.start < rest.end && self.pack.panel_width(rest.start) == width {
                rest.start += 1;
            }
            let panels = first..rest.start;
            match width / V::LANES {
                8 => self.panels::<V, 8>(panels),
                6 => self.panels::<V, 6>(panels),
                4 => self.panels::<V, 4>(panels),
                3 => self.panels::<V, 3>(panels),
                2 => self.panels::<V, 2>(panels),
                _ => self.panels::<V, 1>(panels),
            }
        }
    }
}

impl<const IS_BF16: bool> Single<'_, IS_BF16> {
    /// Panels of `NV` vectors.
    #[inline(always)]
    fn panels<V: Simd, const NV: usize>(&self, panels: Range<usize>) {
        if NV * V::LANES > PANEL {
            return; // never called; keeps the compiler from generating its code
        }
        let (pack, width) = (self.pack, NV * V::LANES);
        let lanes = |panel: usize| panel * PANEL..panel * PANEL + width;
        let mut sums = [[0.0; PANEL]; PANELS];
        let mut w: [&[f32]; PANELS] = [&[]; PANELS];
        for (i, panel) in panels.clone().enumerate() {
            w[i] = &self.w[pack.panel(panel)];
            if let Some(bias) = self.bias {
                sums[i][..width].copy_from_slice(&bias[lanes(panel)]);
            }
        }
        let (turns, rest) = self.x[..pack.in_features].as_chunks::<TURN>();
        for (turn, x) in turns.iter().enumerate() {
            for (sums, w) in sums.iter_mut().zip(&w[..panels.len()]) {
                add::<V, NV, IS_BF16>(sums, x, &w[turn * TURN * width..][..TURN * width]);
            }
        }
        for (i, panel) in panels.enumerate() {
            add::<V, NV, IS_BF16>(&mut sums[i], rest, &w[i][turns.len() * TURN * width..]);
            // SAFETY: outputs of this task's panels, held once.
            let y = unsafe { self.y.write(lanes(panel)) };
            unrolled!(v < NV => self.act.join(V::load(&sums[i][v * V::LANES..])).store(&mut y[v * V::LANES..]));
        }
    }
}

/// `sums[lanes of v] + Σ_i x[i] · w[i][lanes of v]`.
#[inline(always)]
fn add<V: Simd, const NV: usize, const IS_BF16: bool>(sums: &mut [f32; PANEL], x: &[f32], w: &[f32]) {
    let mut acc = [V::zero(); NV];
    unrolled!(v < NV => acc[v] = V::load(&sums[v * V::LANES..]));
    for (&x, w) in x.iter().zip(w.chunks_exact(NV * V::LANES)) {
        let x = V::splat(x);
        unrolled!(v < NV => acc[v] = product::<V, IS_BF16>(acc[v], x, V::load(&w[v * V::LANES..])));
    }
    unrolled!(v < NV => acc[v].store(&mut sums[v * V::LANES..]));
}
