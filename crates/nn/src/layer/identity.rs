//! The identity function.

use super::*;

/// Returns its input. Replace a layer with it to remove the layer from a network.
///
/// `Y = X`
///
/// # Shapes
/// The input may have any shape, which is also that of the output.
///
/// # PyTorch
/// `torch.nn.Identity`.
///
/// # Example
/// ```
/// use striate_nn::{Identity, Mode, trace};
///
/// let graph = trace(&Identity::new(), Mode::Eval, [3, 8, 8])?;
/// assert_eq!(graph.nodes.len(), 1); // the input alone
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    _place: Place,
}

impl Identity {
    /// Creates the layer, which has no settings.
    pub fn new() -> Self {
        Self::default()
    }
}

leaf!(Identity);

impl Forward for Identity {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x
    }
}
