//! Stochastic depth: `y = x · keep / (1 − p)`, one draw of `keep` a sample, 1 with probability `1 − p`; backward the same on the
//! gradient. A sample whose branch is dropped passes by its shortcut alone.
//!
//! **Randomness.** As of [`super::Dropout`], with one draw for all elements of a sample: that of its element 0.

use super::dropout_keeps;
use super::map::{Op, map_block};
use crate::cut;
use crate::plane::Value;
use crate::program::{Buf, Cx, Kernel};
use crate::simd::Simd;

/// `y = x · keep / (1 − p)`, with `p` in `[0, 1)`; also the gradient, of the gradient of the output; any halos.
#[derive(Debug)]
pub struct StochasticDepth {
    /// Input.
    pub x: Value,
    /// Output, in another buffer.
    pub y: Value,
    /// Probability that a sample is dropped.
    pub p: f32,
    /// Tells this draw from the network's others.
    pub salt: u64,
}

#[derive(Clone, Copy)]
struct Times(f32);

impl Op<1> for Times {
    #[inline(always)]
    fn apply<V: Simd>(self, [x]: [V; 1]) -> V {
        x.mul(V::splat(self.0))
    }
}

// SAFETY: a task writes its blocks of y.
unsafe impl Kernel for StochasticDepth {
    fn name(&self) -> &'static str {
        "stochastic depth"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.x.buf]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.y.buf]
    }
    fn tasks(&self, n: usize) -> usize {
        cut::check_same("stochastic depth", &self.x, &self.y);
        assert!((0.0..1.0).contains(&self.p), "stochastic depth: p must be in [0, 1), got {}", self.p);
        cut::block_tasks(&self.y.plane, n)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let step = cx.step();
        for (n, b) in cut::blocks(&self.y.plane, cx.n(), task) {
            let sample = cx.first_sample() + n;
            let keeps = dropout_keeps(step.seed, step.update, sample, self.salt, 0, self.p);
            let scale = if keeps { 1.0 / (1.0 - self.p) } else { 0.0 };
            map_block(cx, (n, b), [self.x], self.y, Times(scale));
        }
    }
}
