//! Layer normalization of images.

use super::*;

/// Normalizes the channels of each pixel by their own mean and variance, then scales and shifts them.
///
/// `Y = (X − μ) / √(σ² + eps) · weight + bias`, with μ and σ² (biased) over the channels of a pixel.
///
/// # Shapes
/// `[N, num_channels, H, W]` in and out; `weight` and `bias` are `[num_channels]` and start at 1 and 0.
///
/// # Errors
/// At the trace: channels that differ from the image's; an `eps` that is not above 0.
///
/// # Numerics
/// The variance is that of the deviations from the mean. The result of a sample does not depend on the others.
///
/// # Source
/// Ba et al., "Layer Normalization", 2016.
///
/// # PyTorch
/// `torch.nn.LayerNorm(num_channels)` of `x.permute(0, 2, 3, 1)`, permuted back; timm's `LayerNorm2d`.
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
    /// Channels.
    pub num_channels: usize,
    /// Added to the variance.
    pub eps: f32,
}

impl LayerNorm2d {
    /// `eps` 1e-5.
    pub fn new(num_channels: usize) -> Self {
        Self { num_channels, eps: 1e-5 }
    }

    /// With this added to the variance.
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
