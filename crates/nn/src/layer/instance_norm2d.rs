//! Instance normalization.

use super::*;

/// Instance normalization: each channel of each sample is normalized to mean 0 and variance 1. This is [`GroupNorm`] with as
/// many groups as channels.
///
/// `Y = (X − μ) / √(σ² + eps)`, with μ and the biased σ² over `[H, W]`, both in training and in inference; with
/// [`affine`](InstanceNorm2d::affine), times `weight` plus `bias`.
///
/// # Shapes
/// Input and output are `[N, C, H, W]`. With `affine`, `weight` (starts at 1) and `bias` (0) are `[C]`.
///
/// # Errors
/// Tracing fails for an input with another number of channels, or images of one pixel.
///
/// # Numerics
/// The same as [`GroupNorm`]'s.
///
/// # Source
/// Ulyanov et al., "Instance Normalization: The Missing Ingredient for Fast Stylization", 2016.
///
/// # PyTorch
/// `torch.nn.InstanceNorm2d` with `track_running_stats=False`.
///
/// # Example
/// ```
/// use striate_nn::{InstanceNorm2d, Mode, trace};
///
/// let graph = trace(&InstanceNorm2d::new(16), Mode::Train, [16, 14, 14])?;
/// assert_eq!(graph.parameter_count(), 0);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceNorm2d {
    /// The number of channels of the input.
    pub num_features: usize,
    /// The number that is added to the variance, so that a constant channel does not cause a division by zero.
    pub eps: f32,
    /// Whether each channel has a learned weight and bias.
    pub affine: bool,
}

impl InstanceNorm2d {
    /// Creates a layer with `eps` 1e-5, without weight and bias.
    pub fn new(num_features: usize) -> Self {
        Self { num_features, eps: 1e-5, affine: false }
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

leaf!(InstanceNorm2d);

impl Forward for InstanceNorm2d {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let Self { num_features, eps, affine } = *self;
        x.op(op::GroupNorm { num_groups: num_features, num_channels: num_features, eps, affine }.into())
    }
}
