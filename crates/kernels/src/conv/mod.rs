//! Convolution, forward and backward.
//!
//! One idea is behind all of it: an output pixel is a sum over *rows*, where each row is one value of the input window times a
//! vector of 16 weights. For each block of 16 output channels, [`Rows`] lists the position in the window of each row's value,
//! so that kernel size, dilation, groups, and planar or blocked input are only different lists, and the inner loop does not
//! depend on them. The exception is a block whose 16 channels belong to several groups (`Lanes` in `rows.rs`): the value of a
//! row is then used only in the lanes of its own group. In a depthwise convolution each lane has its own value, so that the row
//! is one vector of the input, which `depthwise.rs` shares between neighboring pixels. The gradient of the input is again such
//! a sum, over the output's gradient.

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
