//! Updates of parameters: stochastic gradient descent, Adam and AdamW; also clipping of the gradients before, and averaging of
//! the parameters after.
//!
//! A parameter, its gradient and its state have the same layout in memory, so an update need not know the layout. Lanes that
//! fill up a block hold 0 and stay 0. Push these kernels with [`crate::Builder::push_once`]: they run after the last tile of a
//! batch, when the gradients are complete.

mod adam;
mod clip;
mod ema;
mod sgd;
mod shared;
#[cfg(test)]
mod tests;

pub use adam::AdamUpdate;
pub use clip::{ClipNorm, ClipValue};
pub use ema::EmaUpdate;
pub use sgd::SgdUpdate;
pub use shared::AddGradient;

use crate::BLOCK;
use crate::program::{Buf, Cx};
use crate::simd::{Simd, Task};
use std::ops::Range;

/// Number of values in a task.
const TASK: usize = 4096;

fn tasks(len: usize) -> usize {
    len.div_ceil(TASK)
}

fn part(len: usize, task: usize) -> Range<usize> {
    task * TASK..((task + 1) * TASK).min(len)
}

/// What one vector of the gradient does to one vector of each of `K` states, the parameter first. Must be `#[inline(always)]`.
trait Rule<const K: usize> {
    fn apply<V: Simd>(&self, states: [V; K], grad: V) -> [V; K];
}

/// Task `task` of an update of `states` by `grad`.
fn update<const K: usize>(
    cx: &Cx<'_>,
    task: usize,
    len: usize,
    states: [Buf; K],
    grad: Buf,
    rule: impl Rule<K>,
) {
    let part = part(len, task);
    // SAFETY: a task writes its part of each state, which are different buffers; the gradient is not written.
    let (states, grad) =
        unsafe { (states.map(|state| cx.write(state, part.clone())), cx.read(grad, part.clone())) };
    cx.isa().dispatch(Part { states, grad, rule });
}

/// `x`, or 0 if its magnitude is below `least`; NaN stays NaN.
///
/// Moments that receive no more gradient decay into subnormal numbers, and stay there forever, since `0.9 ·` the smallest of
/// them rounds back to it; arithmetic on them takes the processor a hundred times as long.
#[inline(always)]
fn flush<V: Simd>(x: V, least: f32) -> V {
    let magnitude = V::zero().sub(x).max(x);
    V::select(V::splat(least).gt(magnitude), V::zero(), x)
}

/// Moments below this become 0.
const TINY: f32 = 1e-30;

struct Part<'a, const K: usize, R> {
    states: [&'a mut [f32]; K],
    grad: &'a [f32],
    rule: R,
}

impl<const K: usize, R: Rule<K>> Task for Part<'_, K, R> {
    #[inline(always)]
    fn run<V: Simd>(self) {
        let len = self.grad.len();
        let whole = len / V::LANES * V::LANES;
        for i in (0..whole).step_by(V::LANES) {
            let mut states = [V::zero(); K];
            for k in 0..K {
                states[k] = V::load(&self.states[k][i..]);
            }
            let states = self.rule.apply(states, V::load(&self.grad[i..]));
            for k in 0..K {
                states[k].store(&mut self.states[k][i..]);
            }
        }
        if whole < len {
            let mut last = [[0.0; BLOCK]; K];
            let mut grad = [0.0; BLOCK];
            grad[..len - whole].copy_from_slice(&self.grad[whole..]);
            let mut states = [V::zero(); K];
            for k in 0..K {
                last[k][..len - whole].copy_from_slice(&self.states[k][whole..]);
                states[k] = V::load(&last[k]);
            }
            let states = self.rule.apply(states, V::load(&grad));
            for k in 0..K {
                states[k].store(&mut last[k]);
                self.states[k][whole..].copy_from_slice(&last[k][..len - whole]);
            }
        }
    }
}
