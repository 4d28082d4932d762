//! Dropout of channels.

use super::*;

/// Zeroes random channels in training. Neighboring pixels of a feature map are so similar that zeroing single pixels would hide
/// nothing. In inference the layer has no effect.
///
/// `Y[n, c] = X[n, c] · M[n, c] / (1 − p)`, where the mask `M` of a channel of a sample is 0 with probability `p` and 1
/// otherwise.
///
/// # Shapes
/// Input and output are `[N, C, H, W]`.
///
/// # Errors
/// Tracing for training fails for a `p` outside of `0 ≤ p < 1`.
///
/// # Numerics
/// The mask is a pure function of seed, update, sample, layer and channel, so it is the same for any number of threads and in a
/// resumed run.
///
/// # Source
/// Tompson et al., "Efficient Object Localization Using Convolutional Networks", 2015, section 3.2, scaled in training.
///
/// # PyTorch
/// `torch.nn.Dropout2d`; a `p` of 1, which would leave nothing to learn from, is an error here.
///
/// # Example
/// ```
/// use striate_nn::{Dropout2d, Mode, trace};
///
/// let nodes = |mode| trace(&Dropout2d::new(0.2), mode, [8, 4, 4]).map(|graph| graph.nodes.len());
/// assert_eq!(nodes(Mode::Train)?, 2); // the input, and the dropout
/// assert_eq!(nodes(Mode::Eval)?, 1);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Dropout2d {
    /// The probability of a zero, at least 0 and below 1.
    pub p: f32,
}

impl Dropout2d {
    /// Creates a layer with probability `p` of a zero.
    pub fn new(p: f32) -> Self {
        Self { p }
    }
}

leaf!(Dropout2d);

impl Forward for Dropout2d {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        match x.mode() {
            Mode::Train => x.op(op::Dropout2d { p: self.p }.into()),
            Mode::Eval => x,
        }
    }
}
