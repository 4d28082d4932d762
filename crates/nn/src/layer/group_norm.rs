//! Group normalization.

use super::*;

/// Group normalization: each group of channels of each sample is normalized to mean 0 and variance 1, then each channel is
/// scaled and shifted by learned parameters. The result of a sample does not depend on the others, so small batches have no
/// disadvantage.
///
/// `Y = (X − μ) / √(σ² + eps) · weight + bias`, with μ and the biased σ² over `[C / num_groups, H, W]`, both in training and in
/// inference.
///
/// # Shapes
/// Input and output are `[N, C, H, W]` or `[N, C]`. `weight` (starts at 1) and `bias` (0) are `[C]`.
///
/// # Errors
/// Tracing fails for an input with another number of channels, a number of groups that does not divide it, or groups of one
/// value.
///
/// # Numerics
/// The moments of a channel are computed in two passes in f32, the second of which corrects the first; those of a group are
/// combined in f64. A mean of a thousand times the deviation causes no loss of precision.
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
    /// The number of groups, which divides the number of channels.
    pub num_groups: usize,
    /// The number of channels of the input.
    pub num_channels: usize,
    /// The number that is added to the variance, so that a constant group does not cause a division by zero.
    pub eps: f32,
    /// Whether each channel has a learned weight and bias.
    pub affine: bool,
}

impl GroupNorm {
    /// Creates a layer with `eps` 1e-5, weight and bias.
    pub fn new(num_groups: usize, num_channels: usize) -> Self {
        Self { num_groups, num_channels, eps: 1e-5, affine: true }
    }

    /// Sets the number that is added to the variance.
    #[must_use]
    pub fn eps(self, eps: f32) -> Self {
        Self { eps, ..self }
    }

    /// Sets whether there are a weight and a bias.
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
