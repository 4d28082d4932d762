//! Takes one value of a network apart, down to each product, and computes it again by hand.
//!
//! [`xray`] takes one value, at one position of one map, and finds its terms: for a convolution or a fully connected layer, the
//! window, the kernel, their products and the subtotal of each channel; then the bias, the batch norm as one scale and shift, and
//! the activation. The sum is then computed by hand, in the engine's summation order, and compared with the engine's own value;
//! the result is a [`Proof`]. Equal means equal to the last bit.
//!
//! # The engine's order
//! * **Convolution**: from the bias (or 0) on, `sum = fma(sum, x, w)`, rounded once a step: over blocks of 16 input
//!   channels, in a block over the taps of the window in scan order, at a tap over the channels of the block. An image of at
//!   most 4 channels that only convolutions read has blocks of one: channel after channel. Padding is added as zeros. A block
//!   of 16 output channels adds the same rows, so in a convolution with groups, channels of other groups are added times 0.
//! * **Fully connected**: from the bias on, `sum = fma(sum, x, w)`, input after input.
//! * **Mean of a window**: from 0 on, `sum + x` in scan order, padding left out; then times the rounded `1 / count`.
//! * **Batch norm**: `fma(bias, x - mean, weight · inv_std)`, with `inv_std = 1 / √(variance + eps)` in f64, then rounded.
//!
//! Where the machine's instruction set is AVX2 or AVX-512 `fma` rounds once; on the portable path it is a product and a sum,
//! each rounded, unless the program was compiled for a processor that has one.
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

/// Which value is meant; what is left out is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ask<'a> {
    /// A layer by name: the last convolution, or the last fully connected layer where there is none.
    pub layer: Option<&'a str>,
    /// A map of it, from 0; of a vector, a value: the strongest on this image.
    pub map: Option<usize>,
    /// Row and column in the map: its strongest place.
    pub at: Option<[usize; 2]>,
}

/// One value of a network, taken apart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Xray {
    /// The layer that was asked for.
    pub layer: String,
    /// Its map, from 0; of a vector, the value.
    pub map: usize,
    /// Row and column in the map; `[0, 0]` of a vector.
    pub at: [usize; 2],
    /// Maps, rows and columns of the layer.
    pub shape: [usize; 3],
    /// What it comes to after the last step, as the engine has it.
    pub value: f32,
    /// The operation and what follows it: batch norm, activation.
    pub steps: Vec<ValueStep>,
    /// What the first of them does, in numbers.
    pub work: Work,
    /// Convolution and batch norm as one, as the engine runs them when nobody looks between: the norm in the weights.
    pub in_use: Option<Proof>,
    /// What the value sees of the image.
    pub field: Field,
    /// `[H, W]` of the image.
    pub image: [usize; 2],
    /// `[H, W]`: how steeply the value of the first step rises with each pixel, `|∂value/∂pixel|`, the most of all channels.
    pub slope: Vec<f32>,
    /// Pixels at which the slope is not 0.
    pub slope_pixels: usize,
    /// All of the map: `[H, W]`, after the last step.
    #[serde(skip)]
    pub map_values: Vec<f32>,
    /// The colors of all maps of the layer.
    #[serde(skip)]
    pub map_scale: Scale,
    /// The instruction set that the engine used.
    pub isa: &'static str,
}

impl Xray {
    /// Whether what was added by hand is what the engine has, bit for bit, at every step.
    pub fn is_proved(&self) -> bool {
        self.steps.iter().map(|step| &step.proof).chain(&self.in_use).all(Proof::is_equal)
    }
}
