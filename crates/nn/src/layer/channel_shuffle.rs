//! Interleaving the channels of groups.

use super::*;

/// Mixes groups of channels: each group of the output has channels of all groups of the input.
///
/// `Y[n, i · groups + g] = X[n, g · C / groups + i]`
///
/// # Shapes
/// `[N, C, H, W]` in and out; `groups` divides `C`.
///
/// # Errors
/// Tracing fails for a number of groups that does not divide the number of channels.
///
/// # Source
/// Zhang et al., "ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile Devices", 2018, section 3.1.
///
/// # PyTorch
/// `torch.nn.ChannelShuffle`.
///
/// # Example
/// ```
/// use striate_nn::{ChannelShuffle, Mode, trace};
///
/// assert_eq!(trace(&ChannelShuffle::new(2), Mode::Eval, [16, 28, 28])?.output_shape(), [16, 28, 28]);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelShuffle {
    /// The number of groups, which divides the number of channels.
    pub groups: usize,
}

impl ChannelShuffle {
    /// Interleaves the channels of this number of groups.
    pub fn new(groups: usize) -> Self {
        Self { groups }
    }
}

leaf!(ChannelShuffle);

impl Forward for ChannelShuffle {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.op(op::ChannelShuffle { groups: self.groups }.into())
    }
}
