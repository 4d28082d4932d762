//! Layer normalization of images.

use super::*;

/// Normalizes the channels of each pixel by their own mean and variance, then scales and shifts them by learned parameters.
///
/// `Y = (X − μ) / √(σ² + eps) · weight + bias`, with μ and σ² (biased) over the channels of a pixel.
///
/// # Shapes
/// `[N, num_channels, H, W]` in and out; `weight` and `bias` are `[num_channels]` and start at 1 and 0.
///
/// # Errors
/// Tracing fails for a number of channels that differs from the image's, or an `eps` that is not above 0.
///
/// # Numerics
/// The variance is computed from the deviations from the mean. The result of a sample does not depend on the others.
///
/// # Source
/// Ba et al., "Layer Normalization", 2016.
///
/// # PyTorch
/// `torch.nn.LayerNorm(num_channels)` applied to `x.permute(0, 2, 3, 1)` and permuted back; timm's `LayerNorm2d`.
///
/// # Example
/// ```
/// use striate_nn::{LayerNorm2d, Mode, trace};
///
/// let graph = trace(&LayerNorm2d::new(16), Mode::Eval, [16, 28, 28])?;
/// assert_eq!((graph.output_shape(), graph.parameter_count()), (&[16, 28, 28][..], 32));
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LayerNorm2d {
    /// The number of channels of the input.
    pub num_channels: usize,
    /// The number that is added to the variance, so that a constant pixel does not cause a division by zero.
    pub eps: f32,
}

impl LayerNorm2d {
    /// Creates a layer with `eps` 1e-5.
    pub fn new(num_channels: usize) -> Self {
        Self { num_channels, eps: 1e-5 }
    }

    /// Sets the number that is added to the variance.
    #[must_use]
    pub fn eps(self, eps: f32) -> Self {
        Self { eps, ..self }
    }
}

leaf!(LayerNorm2d);

impl Forward for LayerNorm2d {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.op(op::LayerNorm2d { num_channels: self.num_channels, eps: self.eps }.into())
    }
}
