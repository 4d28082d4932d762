//! Randomly skipping whole branches.

use super::*;

/// Zeroes all values of a sample with probability `p` in training. Between a branch and the addition of its shortcut, it makes
/// the depth of the network random.
///
/// `Y = X · m / (1 − p)`, where `m` of each sample is 0 with probability `p` and 1 otherwise; in inference `Y = X`.
///
/// # Shapes
/// The input may have any shape, which is also that of the output.
///
/// # Errors
/// Tracing fails for a probability outside of `0 ≤ p < 1`.
///
/// # Source
/// Huang et al., "Deep Networks with Stochastic Depth", 2016.
///
/// # PyTorch
/// `torchvision.ops.StochasticDepth(p, "row")`; timm's `DropPath`.
///
/// # Example
/// ```
/// use striate_nn::{Mode, StochasticDepth, trace};
///
/// assert_eq!(trace(&StochasticDepth::new(0.2), Mode::Train, [16, 28, 28])?.output_shape(), [16, 28, 28]);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct StochasticDepth {
    /// The probability that a sample is zeroed, at least 0 and below 1.
    pub p: f32,
}

impl StochasticDepth {
    /// Creates a layer with probability `p` that a sample is zeroed.
    pub fn new(p: f32) -> Self {
        Self { p }
    }
}

leaf!(StochasticDepth);

impl Forward for StochasticDepth {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        match x.mode() {
            Mode::Train => x.op(op::StochasticDepth { p: self.p }.into()),
            Mode::Eval => x,
        }
    }
}
