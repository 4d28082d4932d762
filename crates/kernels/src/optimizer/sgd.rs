//! Stochastic gradient descent: `g = grad + weight_decay · p`, `b = momentum · b + g`, `d = g + momentum · b` with Nesterov,
//! else `d = b`, and `p ← p − learning_rate · d`. Source: Sutskever et al. 2013 in PyTorch's form.

use super::{Rule, TINY, flush, tasks, update};
use crate::program::{Buf, Cx, Kernel};
use crate::simd::Simd;

/// One step of `torch.optim.SGD(…, dampening=0)` on one parameter; the learning rate is given with each step.
#[derive(Debug, Clone, Copy)]
pub struct SgdUpdate {
    /// The parameter.
    pub weight: Buf,
    /// The gradient of the parameter.
    pub grad: Buf,
    /// The momentum, 0 before the first step; `None` for no momentum.
    pub momentum_buffer: Option<Buf>,
    /// The number of values in each buffer.
    pub len: usize,
    /// The fraction of the momentum that is kept in a step.
    pub momentum: f32,
    /// Whether to look ahead along the momentum.
    pub nesterov: bool,
    /// The L2 penalty, which is added to the gradient.
    pub weight_decay: f32,
    /// The factor of the step's learning rate; 1 for no change.
    pub rate_scale: f32,
}

struct Descent {
    learning_rate: f32,
    momentum: f32,
    nesterov: bool,
    weight_decay: f32,
}

impl Rule<1> for Descent {
    #[inline(always)]
    fn apply<V: Simd>(&self, [p]: [V; 1], grad: V) -> [V; 1] {
        let g = grad.fma(V::splat(self.weight_decay), p);
        [p.fma(V::splat(-self.learning_rate), g)]
    }
}

impl Rule<2> for Descent {
    #[inline(always)]
    fn apply<V: Simd>(&self, [p, b]: [V; 2], grad: V) -> [V; 2] {
        let g = grad.fma(V::splat(self.weight_decay), p);
        let momentum = V::splat(self.momentum);
        let b = flush(g.fma(momentum, b), TINY);
        let direction = if self.nesterov { g.fma(momentum, b) } else { b };
        [p.fma(V::splat(-self.learning_rate), direction), b]
    }
}

// SAFETY: a task writes its part of the parameter and of the momentum.
unsafe impl Kernel for SgdUpdate {
    fn name(&self) -> &'static str {
        "sgd"
    }
    fn reads(&self) -> Vec<Buf> {
        [self.weight, self.grad].into_iter().chain(self.momentum_buffer).collect()
    }
    fn writes(&self) -> Vec<Buf> {
        [self.weight].into_iter().chain(self.momentum_buffer).collect()
    }
    fn tasks(&self, _: usize) -> usize {
        tasks(self.len)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let rule = Descent {
            learning_rate: cx.step().learning_rate * self.rate_scale,
            momentum: self.momentum,
            nesterov: self.nesterov,
            weight_decay: self.weight_decay,
        };
        match self.momentum_buffer {
            None => update(cx, task, self.len, [self.weight], self.grad, rule),
            Some(buffer) => update(cx, task, self.len, [self.weight, buffer], self.grad, rule),
        }
    }
}
