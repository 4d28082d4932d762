//! PReLU.

use super::*;

/// A ReLU that passes a learned fraction of negative values.
///
/// `Y = max(0, X) + weight · min(0, X)`
///
/// # Shapes
/// Input and output are `[N, C, …]`. `weight` (starts at 0.25) is `[1]` or `[C]`.
///
/// # Errors
/// Tracing fails for a number of slopes that is neither 1 nor the number of channels.
///
/// # Source
/// He et al., "Delving Deep into Rectifiers", 2015, section 2.1.
///
/// # PyTorch
/// `torch.nn.PReLU`.
///
/// # Example
/// ```
/// use striate_nn::{Mode, PReLU, trace};
///
/// let graph = trace(&PReLU::new(16), Mode::Train, [16, 28, 28])?;
/// assert_eq!(graph.output_shape(), [16, 28, 28]);
/// assert_eq!(graph.parameter_count(), 16);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PReLU {
    /// The number of slopes: 1 for all channels, or one per channel.
    pub num_parameters: usize,
    /// The initial value of the slopes.
    pub init: f32,
}

impl PReLU {
    /// Creates a layer with `num_parameters` slopes, 1 or one per channel; they start at 0.25.
    pub fn new(num_parameters: usize) -> Self {
        Self { num_parameters, init: 0.25 }
    }

    /// Sets the initial value of the slopes.
    #[must_use]
    pub fn init(self, init: f32) -> Self {
        Self { init, ..self }
    }
}

impl Default for PReLU {
    fn default() -> Self {
        Self::new(1)
    }
}

leaf!(PReLU);

impl Forward for PReLU {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.op(op::PRelu { num_parameters: self.num_parameters, init: Some(self.init) }.into())
    }
}
