//! Probabilities from logits.

use super::*;

/// Computes the probabilities of a vector of logits. The loss expects logits, so leave this layer out of a network that is to
/// be trained.
///
/// `Y[n, i] = exp(X[n, i]) / Σ_j exp(X[n, j])`
///
/// # Shapes
/// Input and output are `[N, C]`.
///
/// # Errors
/// Tracing fails for an image that was not flattened.
///
/// # PyTorch
/// `torch.nn.Softmax(dim=1)`.
///
/// # Example
/// ```
/// use striate_nn::{Flatten, Mode, Sequential, Softmax, trace};
///
/// let net = Sequential::new().append(Flatten::new()).append(Softmax::new());
/// assert_eq!(trace(&net, Mode::Eval, [10, 1, 1])?.output_shape(), [10]);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Softmax {
    _place: Place,
}

impl Softmax {
    /// Creates the layer, which has no settings.
    pub fn new() -> Self {
        Self::default()
    }
}

leaf!(Softmax);

impl Forward for Softmax {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.op(op::Softmax {}.into())
    }
}

/// Computes the logarithms of the probabilities of a vector of logits.
///
/// `Y[n, i] = X[n, i] − log Σ_j exp(X[n, j])`
///
/// # Shapes
/// Input and output are `[N, C]`.
///
/// # Errors
/// Tracing fails for an image that was not flattened.
///
/// # PyTorch
/// `torch.nn.LogSoftmax(dim=1)`.
///
/// # Example
/// ```
/// use striate_nn::{Flatten, LogSoftmax, Mode, Sequential, trace};
///
/// let net = Sequential::new().append(Flatten::new()).append(LogSoftmax::new());
/// assert_eq!(trace(&net, Mode::Eval, [10, 1, 1])?.output_shape(), [10]);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogSoftmax {
    _place: Place,
}

impl LogSoftmax {
    /// Creates the layer, which has no settings.
    pub fn new() -> Self {
        Self::default()
    }
}

leaf!(LogSoftmax);

impl Forward for LogSoftmax {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.op(op::LogSoftmax {}.into())
    }
}
