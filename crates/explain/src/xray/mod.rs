//! Decomposes one value of a network, down to each product, and computes it again by hand.
//!
//! [`xray`] takes one value, at one position of one map, and finds its terms: for a convolution or a fully connected layer, the
//! window, the kernel, their products and the subtotal of each channel; then the bias, the batch norm as one scale and shift,
//! and the activation. The sum is then computed by hand, in the engine's summation order, and compared with the engine's own
//! value; the result is a [`Proof`]. Equal means equal to the last bit.
//!
//! # The engine's order
//! * **Convolution**: starting from the bias (or 0), `sum = fma(sum, x, w)`, rounded once per step: over blocks of 16 input
//!   channels, within a block over the taps of the window in scan order, at a tap over the channels of the block. An image of
//!   at most 4 channels that only convolutions read has blocks of one channel, so the order is channel after channel. Padding
//!   is added as zeros. All output channels of a block of 16 add the same products, so in a convolution with groups, channels
//!   of other groups are added with weight 0.
//! * **Fully connected**: starting from the bias, `sum = fma(sum, x, w)`, input after input.
//! * **Mean of a window**: starting from 0, `sum + x` in scan order, without padding; then times the rounded `1 / count`.
//! * **Batch norm**: `fma(bias, x - mean, weight · inv_std)`, with `inv_std = 1 / √(variance + eps)` in f64, then rounded.
//!
//! With AVX2 or AVX-512, `fma` rounds once. On the portable path it is a product and a sum, each rounded, unless the program
//! was compiled for a processor with this instruction.
//!
//! When the output of a convolution is not tapped, the engine folds the batch norm after it into its weights and bias; this is
//! verified, too: [`Xray::in_use`].

mod by_hand;
mod chain;
mod channels;
mod choose;
mod display;
mod grid;
mod order;
mod page;
mod proof;
mod report;
mod run;
mod steps;
#[cfg(test)]
mod tests;
mod tiles;
mod waterfall;

pub use by_hand::{Cell, ChannelSum, Sum, Work};
pub use proof::Proof;
pub use report::XrayReport;
pub use run::xray;
pub use steps::{Norm, ValueStep};

use serde::Serialize;

use crate::receptive_field::Field;
use striate_report::scale::Scale;

/// The value to decompose; for a field that is `None`, a default is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ask<'a> {
    /// The name of the layer. The default is the last convolution, or the last fully connected layer if there is none.
    pub layer: Option<&'a str>,
    /// The index of the map, from 0, or for a vector of the value. The default is the strongest on this image.
    pub map: Option<usize>,
    /// The row and column in the map. The default is its strongest position.
    pub at: Option<[usize; 2]>,
}

/// One value of a network, decomposed into its products.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Xray {
    /// The name of the layer.
    pub layer: String,
    /// The index of the map, from 0; for a vector, that of the value.
    pub map: usize,
    /// The row and column in the map; `[0, 0]` for a vector.
    pub at: [usize; 2],
    /// The numbers of maps, rows and columns of the layer.
    pub shape: [usize; 3],
    /// The value after the last step, as the engine computes it.
    pub value: f32,
    /// The steps of the computation: the operation and what follows it, batch norm and activation.
    pub steps: Vec<ValueStep>,
    /// The operands of the first step.
    pub work: Work,
    /// The proof for convolution and batch norm as one operation, which the engine runs when the value between them is not
    /// tapped; the batch norm is folded into the weights.
    pub in_use: Option<Proof>,
    /// The receptive field of the value.
    pub field: Field,
    /// The height and width of the image.
    pub image: [usize; 2],
    /// The gradient of the value of the first step with respect to each pixel, `[H, W]`: `|∂value/∂pixel|`, the maximum over
    /// all channels.
    pub slope: Vec<f32>,
    /// The number of pixels at which this gradient is not 0.
    pub slope_pixels: usize,
    /// All values of the map after the last step, `[H, W]`.
    #[serde(skip)]
    pub map_values: Vec<f32>,
    /// The color scale of all maps of the layer.
    #[serde(skip)]
    pub map_scale: Scale,
    /// The instruction set that the engine used.
    pub isa: &'static str,
}

impl Xray {
    /// Whether the values computed by hand equal those of the engine, bit for bit, at every step.
    pub fn is_proved(&self) -> bool {
        self.steps.iter().map(|step| &step.proof).chain(&self.in_use).all(Proof::is_equal)
    }
}
