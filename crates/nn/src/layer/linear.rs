//! The fully connected layer.

use super::*;

/// A fully connected layer: every output is a weighted sum of all inputs.
///
/// `Y[n, o] = bias[o] + Σ_i X[n, i] · weight[o, i]`
///
/// # Shapes
/// `[N, in_features]` to `[N, out_features]`. `weight` is `[out_features, in_features]`, `bias` is `[out_features]`; both start
/// uniform in `±1/√in_features`, unless [`Linear::init`] is used.
///
/// # Errors
/// Tracing fails for an image that was not flattened, or another number of inputs.
///
/// # PyTorch
/// `torch.nn.Linear`.
///
/// # Example
/// ```
/// use striate_nn::{Flatten, Linear, Mode, Sequential, trace};
///
/// let net = Sequential::new().append(Flatten::new()).append(Linear::new(28 * 28, 10).bias(false));
/// let graph = trace(&net, Mode::Eval, [1, 28, 28])?;
/// assert_eq!(graph.parameter_count(), 7840);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// The length of the input vector.
    pub in_features: usize,
    /// The length of the output vector.
    pub out_features: usize,
    /// Whether a learned constant is added to each output.
    pub bias: bool,
    /// The initialization of the weight; the bias then starts at 0. With `None`, both are initialized as in PyTorch.
    pub init: Option<Init>,
}

impl Linear {
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

leaf!(Linear);

impl Forward for Linear {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let Self { in_features, out_features, bias, init } = *self;
        x.op(op::Linear { in_features, out_features, bias, init }.into())
    }
}
