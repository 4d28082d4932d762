//! Batch normalization of `[N, C, H, W]` over `N`, `H` and `W`: `y = (x − mean[c]) / √(var[c] + eps) · weight[c] + bias[c]`.
//!
//! In training, mean and variance are the batch's own; in evaluation, and in fine-tuning with frozen statistics, they
//! are the running ones. Either way forward is *statistics*, then one *affine* pass, which may also add a value and apply a function (the end of
//! a residual block); and backward is *sums*, then one pass for the gradient of the input.
//!
//! **A tile is the batch** here: in training, each tile is normalized by its own statistics, and the running ones move
//! once a tile. So whoever plans a batch norm chooses tiles as large as the batch, or, where a batch is gone through in
//! parts to save memory (gradient accumulation), as large as the part, as PyTorch does there. Gradients of the
//! parameters add up over the tiles.
//!
//! **Numerics.** Mean and squared deviations are taken of each channel of each sample in two passes over its (cached)
//! plane, the second correcting the first, and combined over samples in order in f64 (Chan, Golub, LeVeque 1979): a mean
//! a thousand times the deviation costs no digits. The variance that normalizes is the biased one, the variance that
//! goes into the running statistics is unbiased, as in PyTorch. A single value a channel has no unbiased variance;
//! here it counts as 0, and whoever plans refuses it, as PyTorch does.

pub(crate) mod affine;
pub(crate) mod backward;
pub(crate) mod statistics;
#[cfg(test)]
mod tests;

pub use affine::BatchStats;
pub use backward::{BatchNormAdded, BatchNormBackward};

use crate::BLOCK;
use crate::activation::Activation;
use crate::cut::{check_blocked, check_same};
use crate::plane::Value;
use crate::program::{Buf, Builder};
use affine::Affine;
use statistics::{InverseDeviation, Moments, Statistics};

/// Batch normalization by the statistics of the batch, which also move the running ones,
/// `running ← (1 − momentum) · running + momentum · batch`; then a sum and a function, `act(y + added)`.
///
/// All parameters have one value a lane of `x`, 0 in the lanes past the last channel.
#[derive(Debug, Clone, Copy)]
pub struct BatchNormTrain {
    /// Input.
    pub x: Value,
    /// Output, in another buffer.
    pub y: Value,
    /// Scale.
    pub weight: Buf,
    /// Shift.
    pub bias: Buf,
    /// Running mean, updated.
    pub running_mean: Buf,
    /// Running unbiased variance, updated.
    pub running_var: Buf,
    /// Added to the variance.
    pub eps: f32,
    /// Share of the batch in the running statistics.
    pub momentum: f32,
    /// What is added before the function.
    pub added: Option<Value>,
    /// What becomes of the sum; one that [joins](Activation::joins).
    pub act: Activation,
}

impl BatchNormTrain {
    /// Adds the kernels to `program`.
    ///
    /// # Panics
    /// When `x`, `y` and `added` differ in shape or are planar.
    pub fn push(self, program: &mut Builder) -> BatchStats {
        check(&self.x, &self.y);
        self.added.iter().for_each(|added| check(added, &self.y));
        let lanes = self.x.plane.blocks() * BLOCK;
        let partial = program.buffer(program.tile() * 2 * lanes);
        let stats = BatchStats { mean: program.buffer(lanes), inv_std: program.buffer(lanes) };
        program.push(Moments { x: self.x, to: partial });
        program.push(Statistics {
            plane: self.x.plane,
            from: partial,
            stats,
            running: [self.running_mean, self.running_var],
            eps: self.eps,
            momentum: self.momentum,
        });
        let Self { x, y, weight, bias, added, act, .. } = self;
        program.push(Affine { x, y, weight, bias, stats, added, act });
        stats
    }
}

/// Batch normalization by given statistics, an affine map of each channel; then a sum and a function, `act(y + added)`.
///
/// All parameters have one value a lane of `x`, 0 in the lanes past the last channel.
#[derive(Debug, Clone, Copy)]
pub struct BatchNormEval {
    /// Input.
    pub x: Value,
    /// Output, in another buffer.
    pub y: Value,
    /// Scale.
    pub weight: Buf,
    /// Shift.
    pub bias: Buf,
    /// Mean of each channel.
    pub running_mean: Buf,
    /// Variance of each channel.
    pub running_var: Buf,
    /// Added to the variance.
    pub eps: f32,
    /// What is added before the function.
    pub added: Option<Value>,
    /// What becomes of the sum; one that [joins](Activation::joins).
    pub act: Activation,
}

impl BatchNormEval {
    /// Adds the kernels to `program`.
    ///
    /// # Panics
    /// When `x`, `y` and `added` differ in shape or are planar.
    pub fn push(self, program: &mut Builder) -> BatchStats {
        check(&self.x, &self.y);
        self.added.iter().for_each(|added| check(added, &self.y));
        let lanes = self.x.plane.blocks() * BLOCK;
        let stats = BatchStats { mean: self.running_mean, inv_std: program.buffer(lanes) };
        program.push(InverseDeviation { var: self.running_var, to: stats.inv_std, lanes, eps: self.eps });
        let Self { x, y, weight, bias, added, act, .. } = self;
        program.push(Affine { x, y, weight, bias, stats, added, act });
        stats
    }
}

#[track_caller]
fn check(x: &Value, y: &Value) {
    check_same("batch norm", x, y);
    check_blocked("batch norm", x);
}
