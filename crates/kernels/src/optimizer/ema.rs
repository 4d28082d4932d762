//! The average of a parameter over the updates: `ema ← ema + (1 − d) · (value − ema)`, `d = min(decay, (1 + t)/(10 + t))`.
//!
//! `t` counts updates from 1, so at first the average quickly forgets the initial parameters, which are random. Source: Polyak
//! and Juditsky 1992 for the idea; the warm-up is TensorFlow's `ExponentialMovingAverage(num_updates=t)`.

use super::{Rule, TINY, flush, tasks, update};
use crate::program::{Buf, Cx, Kernel};
use crate::simd::Simd;

/// One step of an exponential moving average; push it after the update of the value.
#[derive(Debug, Clone, Copy)]
pub struct EmaUpdate {
    /// The average, which starts at the value.
    pub ema: Buf,
    /// The parameter or running statistic after its update.
    pub value: Buf,
    /// The number of values in each buffer.
    pub len: usize,
    /// The decay after the warm-up, in `[0, 1)`: the fraction of the average that is kept in an update.
    pub decay: f32,
}

impl EmaUpdate {
    /// The decay at update `t`, counted from 1.
    pub fn decay_at(decay: f32, t: u64) -> f64 {
        let t = t as f64;
        f64::from(decay).min((1.0 + t) / (10.0 + t))
    }
}

struct Blend {
    take: f32,
}

impl Rule<1> for Blend {
    #[inline(always)]
    fn apply<V: Simd>(&self, [ema]: [V; 1], value: V) -> [V; 1] {
        [flush(ema.fma(V::splat(self.take), value.sub(ema)), TINY)]
    }
}

// SAFETY: a task writes its part of the average.
unsafe impl Kernel for EmaUpdate {
    fn name(&self) -> &'static str {
        "ema"
    }
    fn reads(&self) -> Vec<Buf> {
        vec![self.ema, self.value]
    }
    fn writes(&self) -> Vec<Buf> {
        vec![self.ema]
    }
    fn tasks(&self, _: usize) -> usize {
        tasks(self.len)
    }
    fn run(&self, cx: &Cx<'_>, task: usize) {
        let take = (1.0 - Self::decay_at(self.decay, cx.step().update)) as f32;
        update(cx, task, self.len, [self.ema], self.value, Blend { take });
    }
}
