//! Whole branches left out by chance.

use super::*;

/// Zeroes all of a sample with probability `p`, in training: behind a branch and before the shortcut is added, it makes the
/// network as deep as chance has it.
///
/// `Y = X · m / (1 − p)`, with one `m` a sample, 0 with probability `p` and 1 otherwise; in use `Y = X`.
///
/// # Shapes
/// Any, in and out.
///
/// # Errors
/// At the trace: a probability that is not in `0 ≤ p < 1`.
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
    /// Probability of zeros.
    pub p: f32,
}

impl StochasticDepth {
    /// With this probability of zeros.
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
