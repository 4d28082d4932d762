//! Dropout.

use super::*;

/// Zeroes random values in training, so that no feature can rely on a single other one. In inference the layer has no effect.
///
/// `Y = X · M / (1 − p)`, where each value of the mask `M` is 0 with probability `p` and 1 otherwise.
///
/// # Shapes
/// The input may have any shape, which is also that of the output.
///
/// # Errors
/// Tracing for training fails for a `p` outside of `0 ≤ p < 1`.
///
/// # Numerics
/// The mask is a pure function of seed, update, sample, layer and element, so it is the same for any number of threads and in a
/// resumed run.
///
/// # Source
/// Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014, scaled in training.
///
/// # PyTorch
/// `torch.nn.Dropout`; a `p` of 1, which would leave nothing to learn from, is an error here.
///
/// # Example
/// ```
/// use striate_nn::{Dropout, Mode, trace};
///
/// let nodes = |mode| trace(&Dropout::new(0.5), mode, [1, 4, 4]).map(|graph| graph.nodes.len());
/// assert_eq!(nodes(Mode::Train)?, 2); // the input, and the dropout
/// assert_eq!(nodes(Mode::Eval)?, 1);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Dropout {
    /// The probability of a zero, at least 0 and below 1.
    pub p: f32,
}

impl Dropout {
    /// Creates a layer with probability `p` of a zero.
    pub fn new(p: f32) -> Self {
        Self { p }
    }
}

leaf!(Dropout);

impl Forward for Dropout {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        match x.mode() {
            Mode::Train => x.op(op::Dropout { p: self.p }.into()),
            Mode::Eval => x,
        }
    }
}
