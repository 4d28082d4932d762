//! A linear layer at each pixel.

use super::*;

/// A fully connected layer over the channels of each pixel: a 1x1 convolution whose weight has the shape of a linear layer's.
///
/// `Y[n, k, y, x] = bias[k] + Σ_c X[n, c, y, x] · weight[k, c]`
///
/// # Shapes
/// `[N, in_features, H, W]` to `[N, out_features, H, W]`; `weight` is `[out_features, in_features]`, `bias` is
/// `[out_features]`; both start uniform in `±1/√in_features`, unless [`PointwiseLinear::init`] is used.
///
/// # Errors
/// Tracing fails for a number of channels that differs from the image's.
///
/// # PyTorch
/// `torch.nn.Linear` applied to `x.permute(0, 2, 3, 1)` and permuted back.
///
/// # Example
/// ```
/// use striate_nn::{Mode, PointwiseLinear, trace};
///
/// let graph = trace(&PointwiseLinear::new(16, 64), Mode::Eval, [16, 28, 28])?;
/// assert_eq!((graph.output_shape(), &graph.params()[0].1.shape[..]), (&[64, 28, 28][..], &[64, 16][..]));
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PointwiseLinear {
    /// The number of channels of the input.
    pub in_features: usize,
    /// The number of channels of the output.
    pub out_features: usize,
    /// Whether a learned constant is added to each output channel.
    pub bias: bool,
    /// The initialization of the weight; the bias then starts at 0. With `None`, both are initialized as in PyTorch.
    pub init: Option<Init>,
}

impl PointwiseLinear {
    /// Creates a layer with a bias.
    pub fn new(in_features: usize, out_features: usize) -> Self {
        Self { in_features, out_features, bias: true, init: None }
    }

    /// Sets whether there is a bias.
    #[must_use]
    pub fn bias(self, bias: bool) -> Self {
        Self { bias, ..self }
    }

    /// Sets how the weight is initialized; the bias then starts at 0.
    #[must_use]
    pub fn init(self, weight: Init) -> Self {
        Self { init: Some(weight), ..self }
    }
}

leaf!(PointwiseLinear);

impl Forward for PointwiseLinear {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let Self { in_features, out_features, bias, init } = *self;
        x.op(op::PointwiseLinear { in_features, out_features, bias, init }.into())
    }
}
