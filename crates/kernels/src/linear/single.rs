//! The forward pass of a single sample: every weight is used once, so the time is that of reading the weights.
//!
//! **Schedule.** A task reads two panels in turn, eight inputs of each at a time, while the sums rest in `Y`: memory delivers two
//! streams faster than one. One thread of an AVX2 machine, 9,216 inputs, 4,096 outputs, 151 MB: 5.2 ms, where tiles of 16 outputs
//! took 8.9, one panel at a time 6.6, two panels 16 inputs at a time 7.0, and four panels eight inputs at a time 6.0. Asking for the
//! weights ahead (by 2 to 16 KiB, into any cache) made each of them slower.
//!
//! **Numerics.** Each output is the chain of fused multiply-adds that [`forward`](super::forward) has.

use super::{LinearPack, PANEL, product};
use crate::activation::Activation;
use crate::program::Out;
use crate::simd::{Simd, Task};
use crate::unrolled::unrolled;
use std::ops::Range;

/// Inputs of a panel before the other one's turn.
const TURN: usize = 8;
/// Panels of a task.
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
        let inputs = self.pack.in_features;
        let turns = inputs.div_ceil(TURN);
        for turn in 0..turns {
            let inputs = turn * TURN..((turn + 1) * TURN).min(inputs);
            for panel in self.panels.clone() {
                match self.pack.panel_width(panel) / V::LANES {
                    8 => self.turn::<V, 8>(panel, &inputs),
                    6 => self.turn::<V, 6>(panel, &inputs),
                    4 => self.turn::<V, 4>(panel, &inputs),
                    3 => self.turn::<V, 3>(panel, &inputs),
                    2 => self.turn::<V, 2>(panel, &inputs),
                    _ => self.turn::<V, 1>(panel, &inputs),
                }
            }
        }
    }
}

impl<const IS_BF16: bool> Single<'_, IS_BF16> {
    /// Some inputs of a panel of `NV` vectors.
    #[inline(always)]
    fn turn<V: Simd, const NV: usize>(&self, panel: usize, inputs: &Range<usize>) {
        if NV * V::LANES > PANEL {
            return; // never called; keeps the compiler from making it
        }
        let (pack, width) = (self.pack, NV * V::LANES);
        let lanes = panel * PANEL..panel * PANEL + width;
        // SAFETY: outputs of this task's panels, held until the end of the turn.
        let y = unsafe { self.y.write(lanes.clone()) };
        let mut acc = [V::zero(); NV];
        if inputs.start > 0 {
            unrolled!(v < NV => acc[v] = V::load(&y[v * V::LANES..]));
        } else if let Some(bias) = self.bias {
            unrolled!(v < NV => acc[v] = V::load(&bias[lanes.start + v * V::LANES..]));
        }
        let w = &self.w[pack.panel_start(panel) + inputs.start * width..][..inputs.len() * width];
        let x = &self.x[inputs.clone()];
        // As many as there usually are, a number that the compiler knows.
        let acc = match <&[f32; TURN]>::try_from(x) {
            Ok(x) => add::<V, NV, IS_BF16>(acc, x, &w[..TURN * width]),
            Err(_) => add::<V, NV, IS_BF16>(acc, x, w),
        };
        let act = if inputs.end == pack.in_features { self.act } else { Activation::None };
        unrolled!(v < NV => act.join(acc[v]).store(&mut y[v * V::LANES..]));
    }
}

/// `acc[v] + Σ_i x[i] · w[i][lanes of v]`.
#[inline(always)]
fn add<V: Simd, const NV: usize, const IS_BF16: bool>(mut acc: [V; NV], x: &[f32], w: &[f32]) -> [V; NV] {
    for (&x, w) in x.iter().zip(w.chunks_exact(NV * V::LANES)) {
        let x = V::splat(x);
        unrolled!(v < NV => acc[v] = product::<V, IS_BF16>(acc[v], x, V::load(&w[v * V::LANES..])));
    }
    acc
}
