//! Convolution, forward and backward.
//!
//! One idea carries all of it: an output pixel is a sum over *rows*, each row one value of the input window times a
//! vector of 16 weights. [`Rows`] lists for each block of 16 output channels where in the window each row's value
//! lies, so that kernel size, dilation, groups, planar or blocked input are all only different lists, and the inner
//! loop knows nothing of them, except where the 16 channels of a block belong to several groups (`Lanes` in `rows.rs`): a row's
//! value then goes to the lanes of its own group only, and in a depthwise convolution each lane has a value of its own,
//! so that the row is one vector of the input, which `depthwise.rs` shares between neighboring pixels. The gradient of the input
//! is again such a sum, over the output's gradient.

mod backward_weight;
mod bf16;
mod depthwise;
mod direct;
mod halo;
mod input_gradient;
mod pooled;
mod pooled_backward;
mod reduce;
mod rows;
mod steps;
mod sum;
#[cfg(test)]
mod tests;
mod winograd;

pub use backward_weight::{ConvBackwardBias, ConvBackwardWeight};
pub use direct::Conv;
pub use input_gradient::InputGradient;
pub use pooled::ConvPool;
pub use pooled_backward::{ConvPoolBackwardData, ConvPoolBackwardWeight, can_pool};
pub use rows::backward_halo;
pub use rows::{Gather, Rows};
pub use winograd::{Winograd, WinogradForm, WinogradWeights};
