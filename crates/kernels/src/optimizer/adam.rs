//! Adam and AdamW: `m ← β₁·m + (1−β₁)·g`, `v ← β₂·v + (1−β₂)·g²`,
//! `p ← p − learning_rate/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + eps)`.
//!
//! Sources: Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019, algorithm 2 (decoupled decay).
//!
//! **Numerics.** Bias corrections are computed in f64 from the number of the update. Square root and quotient use Newton steps
//! ([`Simd::rsqrt`], [`Simd::recip`]), which are within some 3e-7 of the exact values, give the same bits on every instruction
//! set with fused multiply-add, and are several times faster. Moments below 1e-30 become 0, and so do gradients below 1e-16,
//! whose squares would be subnormal: with an `eps` of 1e-8 they have no effect.

use super::{Rule, TINY, flush, tasks, update};
use crate::program::{Buf, Cx, Kernel};
use crate::simd::Simd;

/// One step of `torch.optim.Adam`, or with `decoupled` of `torch.optim.AdamW`, on one parameter; the learning rate and the
/// number of the update are given with each step.
#[derive(Debug, Clone, Copy)]
pub struct AdamUpdate {
    /// The parameter.
    pub weight: Buf,
    /// The gradient of the parameter.
    pub grad: Buf,
    /// The first moment, 0 before the first step.
    pub m: Buf,
    /// The second moment, 0 before the first step.
    pub v: Buf,
    /// The number of values in each buffer.
    pub len: usize,
    /// The decay rates of the first and the second moment.
    pub betas: [f64; 2],
    /// The number that is added to the denominator, outside the square root.
    pub eps: f32,
    /// The L2 penalty, which is added to the gradient, or with `decoupled` the fraction of the parameter that is removed per
    /// unit of learning rate.
    pub weight_decay: f32,
    /// Whether this is AdamW, with decoupled weight decay.
    pub decoupled: bool,
    /// The factor of the step's learning rate; 1 for no change.
    pub rate_scale: f32,
}

struct Moments {
    keep: [f32; 2],
    take: [f32; 2],
    /// `−learning_rate / (1 − β₁ᵗ)` and `1 / √(1 − β₂ᵗ)`.
    minus_rate: f32,
    scale: f32,
    eps: f32,
    penalty: f32,
    shrink: f32,
}

/// Gradients below this are 0.
const TINY_GRADIENT: f32 = 1e-16;

impl Rule<3> for Moments {
    #[inline(always)]
    fn apply<V: Simd>(&self, [p, m, v]: [V; 3], grad: V) -> [V; 3] {
        let g = flush(grad.fma(V::splat(self.penalty), p), TINY_GRADIENT);
        let p = p.mul(V::splat(self.shrink));
        let m = flush(m.mul(V::splat(self.keep[0])).fma(V::splat(self.take[0]), g), TINY);
        let v = v.mul(V::splat(self.keep[1])).fma(V::splat(self.take[1]).mul(g), g);
        let v = flush(v, TINY);
        // rsqrt(0) is finite, so √0 is 0.
        let root = v.mul(v.rsqrt());
        let quotient = m.mul(V::splat(self.eps).fma(root, V::splat(self.scale)).recip());
        [p.fma(V::splat(self.minus_rate), quotient), m, v]
    }
}

/// `baseᵉ` by squaring: the same bits everywhere, which `powi` does not guarantee.
fn power(mut base: f64, mut exponent: u64) -> f64 {
    let mut result = 1.0;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result *= base;
        }
        base *= base;
        exponent >>= 1;
    }
    result
}

// SAFETY: a task writes its part of the parameter and of the moments.
unsafe impl Kernel for AdamUpdate {
    fn name(&self) -> &'static str {
        "adam"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.weight, self.grad, self.m, self.v]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.weight, self.m, self.v]
    }
    fn tasks(&self, _: usize) -> usize {
        tasks(self.len)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let step = cx.step();
        assert!(step.update > 0, "adam: updates are counted from 1");
        let rate = f64::from(step.learning_rate * self.rate_scale);
        let corrections = self.betas.map(|beta| 1.0 - power(beta, step.update));
        let decay = self.weight_decay;
        let rule = Moments {
            keep: self.betas.map(|beta| beta as f32),
            take: self.betas.map(|beta| (1.0 - beta) as f32),
            minus_rate: (-rate / corrections[0]) as f32,
            scale: (1.0 / corrections[1].sqrt()) as f32,
            eps: self.eps,
            penalty: if self.decoupled { 0.0 } else { decay },
            shrink: if self.decoupled { (1.0 - rate * f64::from(decay)) as f32 } else { 1.0 },
        };
        update(cx, task, self.len, [self.weight, self.m, self.v], self.grad, rule);
    }
}
