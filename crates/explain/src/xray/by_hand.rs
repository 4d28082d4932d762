//! The terms of a value, and their sum computed by hand.

use serde::Serialize;
use striate_graph::op::Product;

use super::order::Rounding;

/// The first operation in the computation of a value, with its operands.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Work {
    /// A sum of windows times kernels.
    Sum(Sum),
    /// The maximum of a window.
    Max {
        /// The name of the value that the window reads.
        input: String,
        /// The candidates inside the map, in scan order, without padding.
        cells: Vec<Cell>,
        /// The index of the maximum in `cells`; the first of equal values.
        winner: Option<usize>,
    },
    /// The mean of a window.
    Mean {
        /// The name of the value that the window reads.
        input: String,
        /// The values of the window, in scan order.
        cells: Vec<Cell>,
        /// The divisor of their sum.
        divisor: usize,
    },
    /// The sum of two values.
    Add {
        /// The names of the two values.
        inputs: [String; 2],
        /// The two summands.
        values: [f32; 2],
    },
    /// The single value that a batch norm or an activation changes.
    Value {
        /// The name of the value.
        input: String,
        /// The value.
        value: f32,
    },
}

/// A value of a map and its position.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cell {
    /// The row and column in the map.
    pub at: [usize; 2],
    /// The value.
    pub value: f32,
}

/// A weighted sum over channels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sum {
    /// The name of the value that the windows read.
    pub input: String,
    /// The numbers of rows and columns of a window.
    pub window: [usize; 2],
    /// The row and column of its first tap; may be in the padding.
    pub first: [isize; 2],
    /// The distance between taps in rows and columns.
    pub dilation: [usize; 2],
    /// One entry per input channel, the largest subtotal first.
    pub channels: Vec<ChannelSum>,
    /// The bias, if any.
    pub bias: Option<f32>,
}

/// The contribution of one channel to a sum.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChannelSum {
    /// The index of the input channel; of a vector, the index of the value.
    pub channel: usize,
    /// The input's values, row by row; `None` in the padding.
    pub window: Vec<Option<f32>>,
    /// The weights, row by row.
    pub kernel: Vec<f32>,
    /// The products of window and kernel, exact in f64; 0 in the padding.
    pub products: Vec<f64>,
    /// The sum of the products.
    pub subtotal: f64,
}

impl ChannelSum {
    pub(super) fn new(channel: usize, window: Vec<Option<f32>>, kernel: Vec<f32>) -> Self {
        let product = |(x, &w): (&Option<f32>, &f32)| x.map_or(0.0, |x| f64::from(x) * f64::from(w));
        let products: Vec<f64> = window.iter().zip(&kernel).map(product).collect();
        let subtotal = products.iter().sum();
        Self { channel, window, kernel, products, subtotal }
    }
}

impl Sum {
    /// Returns `bias + Σ subtotals`, computed in f64.
    pub fn exact(&self) -> f64 {
        f64::from(self.bias.unwrap_or(0.0)) + self.channels.iter().map(|c| c.subtotal).sum::<f64>()
    }

    /// How many terms there are, and the sum of their magnitudes.
    pub(super) fn extent(&self) -> (usize, f64) {
        let products = || self.channels.iter().flat_map(|c| &c.products);
        let bias = f64::from(self.bias.unwrap_or(0.0)).abs();
        (products().count() + 1, bias + products().map(|p| p.abs()).sum::<f64>())
    }

    /// As it stands there, with every weight made another one.
    pub(super) fn with(&self, weight: impl Fn(f32) -> f32, bias: f32) -> Self {
        let other = |c: &ChannelSum| {
            ChannelSum::new(c.channel, c.window.clone(), c.kernel.iter().map(|&w| weight(w)).collect())
        };
        Self { channels: self.channels.iter().map(other).collect(), bias: Some(bias), ..self.clone() }
    }

    /// The sum in f32, row after row, as a convolution's kernel adds it. `value` has the input's values in channels that this
    /// sum has no weight for.
    pub(super) fn in_order(
        &self,
        rows: &[Product],
        rounding: Rounding,
        value: impl Fn(&Product) -> f32,
    ) -> f32 {
        let mut place = vec![None; self.channels.iter().map(|c| c.channel + 1).max().unwrap_or(0)];
        self.channels.iter().for_each(|c| place[c.channel] = Some(c));
        rows.iter().fold(self.bias.unwrap_or(0.0), |sum, row| {
            let tap = row.tap[0] * self.window[1] + row.tap[1];
            match place.get(row.channel).copied().flatten().filter(|_| row.is_connected) {
                Some(c) => rounding.fma(sum, c.window[tap].unwrap_or(0.0), c.kernel[tap]),
                None => rounding.fma(sum, value(row), 0.0),
            }
        })
    }
}

/// The largest of some values: the first of equals, and NaN before all numbers.
pub(super) fn winner(cells: &[Cell]) -> Option<usize> {
    let mut best: Option<usize> = None;
    for (i, cell) in cells.iter().enumerate() {
        let wins = |other: usize| cell.value > cells[other].value || cell.value.is_nan();
        if best.is_none_or(wins) {
            best = Some(i);
        }
    }
    best
}

/// `Σ values / divisor`, as the engine's pooling adds and divides.
pub(super) fn mean(cells: &[Cell], divisor: usize) -> f32 {
    let sum = cells.iter().fold(0.0_f32, |sum, cell| sum + cell.value);
    sum * (1.0 / divisor.max(1) as f32)
}
