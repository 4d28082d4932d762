//! The facts that an operation reports about itself to code that explains networks, so that no other code has to match on the
//! kind of the operation.
//!
//! Every default is the safe one. If an operation states nothing, its values are assumed to read the whole feature map, to have
//! any sign, not to be a sum that can be shown, and not to be piecewise linear, so that a method reports that it does not
//! apply.

use std::ops::Range;
use striate_kernels::Window;

/// The kind of work that an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// The input of the images.
    Input,
    /// Weighted sums of windows of feature maps, with learned kernels.
    Convolution,
    /// Weighted sums of the values of a vector, with learned weights.
    Linear,
    /// Scaling and shifting of channels, by statistics and learned parameters.
    Norm,
    /// A nonlinear function of each value.
    Activation,
    /// Random changes, in training.
    Noise,
    /// One value for each window of a feature map.
    Pool,
    /// Several values combined elementwise.
    Merge,
    /// A change of the order or shape of values.
    Reshape,
    /// Probabilities over the classes of a network.
    Probability,
    /// Any other work.
    Other,
}

/// The algorithm by which kernels compute an operation, and the reason for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlgorithmChoice {
    /// The name of the algorithm; the name of the operation if there is only one way.
    pub algorithm: &'static str,
    /// The reason for the choice; empty if there was no choice.
    pub reason: String,
}

impl AlgorithmChoice {
    /// For an operation with only one algorithm.
    pub(crate) fn only(algorithm: &'static str) -> Self {
        Self { algorithm, reason: String::new() }
    }
}

/// A limit on the speed of an operation in inference, besides the peak and the bandwidth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Values are copied into planes with room for padding.
    Copies,
    /// The feature map has a single pixel.
    OnePixel,
    /// A depthwise convolution is computed line by line.
    Lines,
    /// Several groups share a block of channels.
    SharedBlocks,
    /// Weights are read but not written.
    Reads,
    /// The largest value of each window must be found.
    Window,
    /// The sum of each window must be computed.
    WindowSum,
    /// An exponential must be computed for each value.
    Exponential,
    /// A power must be computed for each value.
    Power,
    /// Statistics must be computed before the result.
    Passes,
    /// Values are moved to another position.
    Moves,
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Copies => "rows of a few channels are copied into planes with room for the padding around them",
            Self::OnePixel => "the feature map has one pixel: every sum waits for its own last addition",
            Self::Lines => "short lines have more overhead at their ends, and with stride 2 each input serves half as many multiply-adds",
            Self::SharedBlocks => {
                "16 channels are computed at once: where groups share them, the lanes of the others multiply by zero"
            }
            Self::Reads => "weights are read once, and a core that only reads has less memory bandwidth than one that also writes",
            Self::Window => "each output loads its whole window; the roofline counts each value once",
            Self::WindowSum => "each output adds up its whole window; the roofline counts bytes but no additions",
            Self::Exponential => "an exponential and a division for each value, which the roofline does not count",
            Self::Power => "a power for each value, which the roofline does not count",
            Self::Passes => "the mean, the variance, then the result: three passes, where the roofline counts each value once",
            Self::Moves => "cache lines that are written are fetched first; the roofline's measurement writes what it has just read",
        })
    }
}

/// The sign that an operation's values can have, whatever the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sign {
    /// Positive and negative values.
    Any,
    /// No value is below 0.
    NonNegative,
    /// No value is below 0 if no value of the inputs is.
    OfInputs,
}

/// The input cells that output cell `i` reads along one axis: `first(i)`, then every `step`-th, up to `last(i)`. They may be in
/// the padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Span {
    /// The cell at the same position.
    Same,
    /// A sliding window.
    Window {
        /// The number of cells in the window.
        kernel: isize,
        /// The distance in cells from one window to the next.
        stride: isize,
        /// The distance in cells from one tap to the next.
        dilation: isize,
        /// The padding before the first cell.
        before: isize,
    },
    /// Windows of adaptive pooling, which divide `from` cells among `to` values.
    Adaptive {
        /// The number of input cells.
        from: isize,
        /// The number of output values.
        to: isize,
    },
    /// The one cell at or before the value's own position, where `to` values span the same distance as `from` cells.
    Nearest {
        /// The number of input cells.
        from: isize,
        /// The number of output values.
        to: isize,
    },
    /// The one or two cells between whose centers the center of the value lies, where `to` values span the same distance as
    /// `from` cells.
    Between {
        /// The number of input cells.
        from: isize,
        /// The number of output values.
        to: isize,
    },
    /// All cells of the axis.
    All {
        /// The number of input cells.
        cells: isize,
    },
}

impl Span {
    /// The first cell that value `i` reads.
    pub fn first(self, i: isize) -> isize {
        match self {
            Self::Same => i,
            Self::Window { stride, before, .. } => i * stride - before,
            // A single value reads all cells, so no next value starts elsewhere.
            Self::Adaptive { to: 1, .. } | Self::All { .. } => 0,
            Self::Adaptive { from, to } | Self::Nearest { from, to } => (i * from).div_euclid(to),
            Self::Between { from, to } => place(i, from, to).div_euclid(2 * to).clamp(0, from - 1),
        }
    }

    /// The last cell that value `i` reads.
    pub fn last(self, i: isize) -> isize {
        match self {
            Self::Same => i,
            Self::Window { kernel, dilation, .. } => self.first(i) + dilation * (kernel - 1),
            Self::Adaptive { from: cells, to: 1 } | Self::All { cells } => cells - 1,
            Self::Nearest { .. } => self.first(i),
            // The last cell before the next window would begin if its start were rounded up.
            Self::Adaptive { from, to } => ((i + 1) * from - 1).div_euclid(to),
            // Rounded up: on a center, this is the cell itself.
            Self::Between { from, to } => (-(-place(i, from, to)).div_euclid(2 * to)).clamp(0, from - 1),
        }
    }

    /// The distance from one cell that is read to the next.
    pub fn step(self) -> usize {
        match self {
            Self::Window { dilation, .. } => dilation.max(1) as usize,
            _ => 1,
        }
    }

    /// Whether all values read the same number of cells.
    pub fn is_even(self) -> bool {
        match self {
            Self::Adaptive { from, to } | Self::Nearest { from, to } => from % to == 0,
            Self::Between { .. } => false,
            _ => true,
        }
    }
}

/// Position of the center of value `i` among the centers of the cells, times `2 · to`: `((i + ½) · from / to − ½) · 2 · to`.
fn place(i: isize, from: isize, to: isize) -> isize {
    (2 * i + 1) * from - to
}

/// The part of one input that a value of an operation reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reads {
    /// The rows and the columns of a feature map.
    pub spans: [Span; 2],
    /// For a vector: whether it reads all values, or only some of them.
    pub all_values: bool,
    /// Whether it reads everything in these spans, and nothing else.
    pub exact: bool,
}

impl Reads {
    /// Reads the value at the same position.
    pub const SAME: Self = Self { spans: [Span::Same; 2], all_values: false, exact: true };

    /// Reads everything, perhaps: nothing is known except the shape of the input.
    pub fn anything(input: &[usize]) -> Self {
        Self { all_values: true, exact: false, ..Self::whole(input) }
    }

    /// Reads all rows and columns.
    pub fn whole(input: &[usize]) -> Self {
        let size = match *input {
            [_, h, w] => [h, w],
            _ => [1, 1],
        };
        Self { spans: size.map(|cells| Span::All { cells: cells as isize }), ..Self::SAME }
    }

    /// Reads a sliding window.
    pub fn window(window: &Window) -> Self {
        let spans = std::array::from_fn(|axis| Span::Window {
            kernel: window.kernel[axis] as isize,
            stride: window.stride[axis] as isize,
            dilation: window.dilation[axis] as isize,
            before: window.before()[axis] as isize,
        });
        Self { spans, ..Self::SAME }
    }
}

/// The terms from which one value is computed.
#[derive(Debug, Clone, PartialEq)]
pub enum Terms {
    /// Products and a bias.
    Weighted(Weighted),
    /// The largest of some cells of the value's own channel.
    Largest(Cells),
    /// The mean of some cells of the value's own channel.
    Mean {
        /// The cells; those outside the feature map do not count as values.
        cells: Cells,
        /// The number that their sum is divided by; `None`: by the number of cells inside the feature map.
        divisor: Option<usize>,
    },
    /// The sum of the values at the same position of all inputs.
    Sum,
    /// A function of the value at the same position.
    Own,
}

/// A weighted sum over windows of some input channels, and a bias.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighted {
    /// The input channels that are read.
    pub channels: Range<usize>,
    /// The numbers of rows and columns of the window.
    pub window: [usize; 2],
    /// The row and column of the first tap; may be in the padding.
    pub first: [isize; 2],
    /// The distances between taps in rows and columns.
    pub dilation: [usize; 2],
    /// The indices into the parameter `weight`: channel by channel, row by row.
    pub weights: Range<usize>,
    /// The index into the parameter `bias`, if there is one.
    pub bias: Option<usize>,
}

/// The cells in some rows and some columns of a feature map; they may be outside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cells {
    /// The indices of the rows; negative in the padding.
    pub rows: Vec<isize>,
    /// The indices of the columns; negative in the padding.
    pub columns: Vec<isize>,
}

impl Cells {
    /// The cells of a sliding window, for the value at `at`.
    pub(crate) fn of_window(window: &Window, at: [usize; 2]) -> Self {
        let taps = |a: usize| {
            let first = (at[a] * window.stride[a]) as isize - window.before()[a] as isize;
            (0..window.kernel[a]).map(|tap| first + (tap * window.dilation[a]) as isize).collect()
        };
        Self { rows: taps(0), columns: taps(1) }
    }
}

/// One product of a weighted sum. A list of products has the order in which the engine adds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Product {
    /// The channel of the input.
    pub channel: usize,
    /// The row and column in the window.
    pub tap: [usize; 2],
    /// Whether the output channel has a weight for this product; if not, another channel of its block has one, and the weight
    /// here is 0.
    pub is_connected: bool,
}

/// The constant that a piecewise linear operation adds to its output, whatever the input: `y − Σ x · ∂y/∂x`.
#[derive(Clone)]
pub enum Shift {
    /// No constant.
    Zero,
    /// One number per channel, the same at every position.
    Channels(Vec<f64>),
    /// The offset of the linear piece that a value is on, as a function of the output value.
    OfOutput(fn(f32) -> f64),
}

impl Shift {
    /// The bias, or zero if there is none.
    pub(crate) fn bias(is_there: bool, parameter: &dyn Fn(&str) -> Vec<f64>) -> Self {
        if is_there { Self::Channels(parameter("bias")) } else { Self::Zero }
    }
}
