//! Rectified linear units.

use super::*;

/// Keeps what is positive: the bend that makes a stack of layers more than one layer.
///
/// `Y = max(0, X)`, with derivative 0 at 0.
///
/// # Shapes
/// Any, in and out.
///
/// # PyTorch
/// `torch.nn.ReLU`. Inside `forward`, [`Var::relu`] does the same without a field.
///
/// # Example
/// ```
/// use striate_nn::{Mode, ReLU, trace};
///
/// assert_eq!(trace(&ReLU::new(), Mode::Eval, [16, 28, 28])?.output_shape(), [16, 28, 28]);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReLU {
    _place: Place,
}

impl ReLU {
    /// The layer; it has no settings.
    pub fn new() -> Self {
        Self::default()
    }
}

leaf!(ReLU);

impl Forward for ReLU {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.op(op::Relu {}.into())
    }
}

/// Keeps what lies between 0 and 6.
///
/// `Y = min(6, max(0, X))`, with derivative 0 at 0 and 6.
///
/// # Shapes
/// Any, in and out.
///
/// # Source
/// Krizhevsky, "Convolutional Deep Belief Networks on CIFAR-10", 2010.
///
/// # PyTorch
/// `torch.nn.ReLU6`.
///
/// # Example
/// ```
/// use striate_nn::{Mode, ReLU6, trace};
///
/// assert_eq!(trace(&ReLU6::new(), Mode::Eval, [16, 28, 28])?.output_shape(), [16, 28, 28]);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReLU6 {
    _place: Place,
}

impl ReLU6 {
    /// The layer; it has no settings.
    pub fn new() -> Self {
        Self::default()
    }
}

leaf!(ReLU6);

impl Forward for ReLU6 {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.op(op::Relu6 {}.into())
    }
}
