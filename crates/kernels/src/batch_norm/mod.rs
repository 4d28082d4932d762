//! Batch normalization of `[N, C, H, W]` over `N`, `H` and `W`: `y = (x − mean[c]) / √(var[c] + eps) · weight[c] + bias[c]`.
//!
//! In training, mean and variance are the batch's own; in inference, and in fine-tuning with frozen statistics, they are the
//! running ones. In both cases the forward pass computes *statistics*, then one *affine* pass, which may also add a value and
//! apply a function (the end of a residual block); and the backward pass computes *sums*, then the gradient of the input in one
//! pass.
//!
//! **A tile is the batch** here: in training, each tile is normalized by its own statistics, and the running ones are updated
//! once per tile. So the planner must choose tiles as large as the batch or, if a batch is processed in parts to save memory
//! (gradient accumulation), as large as a part, as PyTorch does. Gradients of the parameters are summed over the tiles.
//!
//! **Numerics.** Mean and squared deviations are computed for each channel of each sample in two passes over its (cached)
//! plane, the second correcting the first, and combined over samples in order in f64 (Chan, Golub, LeVeque 1979), so a mean of
//! a thousand times the deviation causes no loss of precision. The variance that normalizes is the biased one, and the one in
//! the running statistics is unbiased, as in PyTorch. A single value per channel has no unbiased variance; here it counts as 0,
//! and the planner rejects that case, as PyTorch does.

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

/// Batch normalization by the statistics of the batch, which also update the running ones,
/// `running ← (1 − momentum) · running + momentum · batch`; then a sum and a function, `act(y + added)`.
///
/// All parameters have one value per lane of `x`, 0 in the lanes past the last channel.
#[derive(Debug, Clone, Copy)]
pub struct BatchNormTrain {
    /// The input.
    pub x: Value,
    /// The output, in another buffer.
    pub y: Value,
    /// The scale.
    pub weight: Buf,
    /// The shift.
    pub bias: Buf,
    /// The running mean, which is updated.
    pub running_mean: Buf,
    /// The running unbiased variance, which is updated.
    pub running_var: Buf,
    /// The number that is added to the variance.
    pub eps: f32,
    /// The weight of the batch when the running statistics are updated.
    pub momentum: f32,
    /// A value that is added before the function.
    pub added: Option<Value>,
    /// The function that is applied to the sum; one that can be [fused](Activation::joins).
    pub act: Activation,
}

impl BatchNormTrain {
    /// Adds the kernels to `program`.
    ///
    /// # Panics
    /// If `x`, `y` and `added` differ in shape or are planar.
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
/// All parameters have one value per lane of `x`, 0 in the lanes past the last channel.
#[derive(Debug, Clone, Copy)]
pub struct BatchNormEval {
    /// The input.
    pub x: Value,
    /// The output, in another buffer.
    pub y: Value,
    /// The scale.
    pub weight: Buf,
    /// The shift.
    pub bias: Buf,
    /// The mean of each channel.
    pub running_mean: Buf,
    /// The variance of each channel.
    pub running_var: Buf,
    /// The number that is added to the variance.
    pub eps: f32,
    /// A value that is added before the function.
    pub added: Option<Value>,
    /// The function that is applied to the sum; one that can be [fused](Activation::joins).
    pub act: Activation,
}

impl BatchNormEval {
    /// Adds the kernels to `program`.
    ///
    /// # Panics
    /// If `x`, `y` and `added` differ in shape or are planar.
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
