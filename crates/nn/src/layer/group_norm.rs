//! Group normalization.

use super::*;

/// Group normalization: each group of channels of each sample is brought to mean 0 and variance 1, then each channel is scaled
/// and shifted as learned. No sample sees another, so that small batches do no harm.
///
/// `Y = (X − μ) / √(σ² + eps) · weight + bias`, with μ and the biased σ² of `[C / num_groups, H, W]`, in training and in use.
///
/// # Shapes
/// `[N, C, H, W]` or `[N, C]`, in and out. `weight` (starts at 1) and `bias` (0) are `[C]`.
///
/// # Errors
/// At the trace: another number of channels, groups that do not divide it, groups of one value.
///
/// # Numerics
/// Moments of a channel in two passes in f32, the second of which corrects the first, those of a group combined in f64: a mean
/// a thousand times the deviation costs no digits.
///
/// # Source
/// Wu and He, "Group Normalization", 2018.
///
/// # PyTorch
/// `torch.nn.GroupNorm`.
///
/// # Example
/// ```
/// use striate_nn::{GroupNorm, Mode, trace};
///
/// let graph = trace(&GroupNorm::new(4, 16), Mode::Train, [16, 14, 14])?;
/// assert_eq!(graph.parameter_count(), 32);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct GroupNorm {
    /// Groups of channels.
    pub num_groups: usize,
    /// Channels.
    pub num_channels: usize,
    /// Added to the variance, so that a constant group divides by no zero.
    pub eps: f32,
    /// Whether there are weight and bias.
    pub affine: bool,
}

impl GroupNorm {
    /// `eps` 1e-5, with weight and bias.
    pub fn new(num_groups: usize, num_channels: usize) -> Self {
        Self { num_groups, num_channels, eps: 1e-5, affine: true }
    }

    /// With this added to the variance.
    #[must_use]
    pub fn eps(self, eps: f32) -> Self {
        Self { eps, ..self }
    }

    /// With weight and bias, or without.
    #[must_use]
    pub fn affine(self, affine: bool) -> Self {
        Self { affine, ..self }
    }
}

leaf!(GroupNorm);

impl Forward for GroupNorm {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let Self { num_groups, num_channels, eps, affine } = *self;
        x.op(op::GroupNorm { num_groups, num_channels, eps, affine }.into())
    }
}
