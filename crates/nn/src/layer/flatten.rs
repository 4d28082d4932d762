//! Flattening an image into a vector.

use super::*;

/// Turns an image into a vector, the input of a [`Linear`] layer.
///
/// `Y[n, (c·H + y)·W + x] = X[n, c, y, x]`
///
/// # Shapes
/// `[N, C, H, W]` to `[N, C·H·W]`.
///
/// # PyTorch
/// `torch.nn.Flatten()`.
///
/// # Example
/// ```
/// use striate_nn::{Flatten, Mode, trace};
///
/// assert_eq!(trace(&Flatten::new(), Mode::Eval, [32, 7, 7])?.output_shape(), [1568]);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flatten {
    _place: Place,
}

impl Flatten {
    /// Creates the layer, which has no settings.
    pub fn new() -> Self {
        Self::default()
    }
}

leaf!(Flatten);

impl Forward for Flatten {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.op(op::Flatten {}.into())
    }
}
