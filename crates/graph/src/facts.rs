//! What an operation says of itself to those who explain networks: nobody else asks which operation it is.
//!
//! Every default is the safe one. Of an operation that does not answer, a value is taken to read the whole map, to have any
//! sign, to be no sum that can be shown, and not to be piecewise linear, so that an instrument says that it does not apply.

use std::ops::Range;
use striate_kernels::Window;

/// What kind of work an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// The images.
    Input,
    /// Sums of the windows of maps, times learned kernels.
    Convolution,
    /// Sums of the values of a vector, times learned weights.
    Linear,
    /// Scales and shifts channels, by statistics and learned numbers.
    Norm,
    /// Each value by itself, by a function that is not a straight line.
    Activation,
    /// Chance, in training.
    Noise,
    /// One value for a window of a map.
    Pool,
    /// Several values, place by place.
    Merge,
    /// The same values in another order or shape.
    Reshape,
    /// What the classes of a network share.
    Probability,
    /// Anything else.
    Other,
}

/// By which algorithm kernels compute an operation, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The algorithm; the name of the operation where there is one way only.
    pub algorithm: &'static str,
    /// What decided, where there was a choice; otherwise nothing.
    pub reason: String,
}

impl Choice {
    /// There was none.
    pub(crate) fn only(algorithm: &'static str) -> Self {
        Self { algorithm, reason: String::new() }
    }
}

/// What limits an operation in use, beside the peak and the bandwidth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Values are copied into planes with room around them.
    Copies,
    /// There is one pixel only.
    OnePixel,
    /// A depthwise convolution walks along lines.
    Lines,
    /// Groups share a block of channels.
    SharedBlocks,
    /// Weights are read and not written.
    Reads,
    /// The largest value of a window.
    Window,
    /// The sum of a window.
    WindowSum,
    /// An exponential for each value.
    Exponential,
    /// A power for each value.
    Power,
    /// Statistics before the result.
    Passes,
    /// Values are written elsewhere than they are read.
    Moves,
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Copies => "rows of a few channels are copied into planes with room for the padding around them",
            Self::OnePixel => "a map of one pixel: every sum waits for its own last addition",
            Self::Lines => "short lines begin and end often, and with stride 2 each input serves half as many multiply-adds",
            Self::SharedBlocks => {
                "16 channels are computed at once: where groups share them, the lanes of the others multiply by zero"
            }
            Self::Reads => "weights are read once, and a core that only reads gets less from memory than one that writes too",
            Self::Window => "each output loads its whole window; the roofline counts each value once",
            Self::WindowSum => "each output adds up its whole window; the roofline counts bytes, and no additions",
            Self::Exponential => "an exponential and a division for each value, which the roofline does not count",
            Self::Power => "a power for each value, which the roofline does not count",
            Self::Passes => "the mean, the variance, then the result: three passes, where the roofline counts each value once",
            Self::Moves => "lines that are written are fetched first; the roofline's measure writes what it has just read",
        })
    }
}

/// Which sign an operation's values can have, whatever the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sign {
    /// Either.
    Any,
    /// None is below 0.
    NonNegative,
    /// None is below 0 where none of the inputs' is.
    OfInputs,
}

/// The cells that value `i` of an axis reads: `first(i)`, and every `step` on, to `last(i)`. They may lie in the padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Span {
    /// The one at its own place.
    Same,
    /// A window that slides.
    Window {
        /// Cells of it.
        kernel: isize,
        /// Cells from window to window.
        stride: isize,
        /// Cells from tap to tap.
        dilation: isize,
        /// Padding before the first cell.
        before: isize,
    },
    /// The cells that `to` values share out among them, of `from`.
    Adaptive {
        /// Cells.
        from: isize,
        /// Values.
        to: isize,
    },
    /// The one cell at or before the value's own place, where `to` values lie as far as `from` cells do.
    Nearest {
        /// Cells.
        from: isize,
        /// Values.
        to: isize,
    },
    /// The one or two cells between whose centers the center of the value lies, where `to` values lie as far as `from` cells do.
    Between {
        /// Cells.
        from: isize,
        /// Values.
        to: isize,
    },
    /// All of so many.
    All {
        /// Cells.
        cells: isize,
    },
}

impl Span {
    /// The first cell.
    pub fn first(self, i: isize) -> isize {
        match self {
            Self::Same => i,
            Self::Window { stride, before, .. } => i * stride - before,
            // One value has all cells; there is no next one that would have others.
            Self::Adaptive { to: 1, .. } | Self::All { .. } => 0,
            Self::Adaptive { from, to } | Self::Nearest { from, to } => (i * from).div_euclid(to),
            Self::Between { from, to } => place(i, from, to).div_euclid(2 * to).clamp(0, from - 1),
        }
    }

    /// The last cell.
    pub fn last(self, i: isize) -> isize {
        match self {
            Self::Same => i,
            Self::Window { kernel, dilation, .. } => self.first(i) + dilation * (kernel - 1),
            Self::Adaptive { from: cells, to: 1 } | Self::All { cells } => cells - 1,
            Self::Nearest { .. } => self.first(i),
            // The last cell before where the next share would begin, were it rounded up.
            Self::Adaptive { from, to } => ((i + 1) * from - 1).div_euclid(to),
            // Rounded up: on a center, it is the cell itself.
            Self::Between { from, to } => (-(-place(i, from, to)).div_euclid(2 * to)).clamp(0, from - 1),
        }
    }

    /// Cells from one that is read to the next.
    pub fn step(self) -> usize {
        match self {
            Self::Window { dilation, .. } => dilation.max(1) as usize,
            _ => 1,
        }
    }

    /// Whether all values read equally many cells.
    pub fn is_even(self) -> bool {
        match self {
            Self::Adaptive { from, to } | Self::Nearest { from, to } => from % to == 0,
            Self::Between { .. } => false,
            _ => true,
        }
    }
}

/// Where the center of value `i` lies among the centers of the cells, times `2 · to`: `((i + ½) · from / to − ½) · 2 · to`.
fn place(i: isize, from: isize, to: isize) -> isize {
    (2 * i + 1) * from - to
}

/// What a value of an operation reads of one of its inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reads {
    /// Along the rows and along the columns of a map.
    pub spans: [Span; 2],
    /// Of a vector, whether it reads all values, or some of them.
    pub all_values: bool,
    /// Whether it reads everything in these spans, and nothing else.
    pub exact: bool,
}

impl Reads {
    /// The value at the same place.
    pub const SAME: Self = Self { spans: [Span::Same; 2], all_values: false, exact: true };

    /// Nothing is known but the input's shape: perhaps everything.
    pub fn anything(input: &[usize]) -> Self {
        Self { all_values: true, exact: false, ..Self::whole(input) }
    }

    /// All rows and columns.
    pub fn whole(input: &[usize]) -> Self {
        let size = match *input {
            [_, h, w] => [h, w],
            _ => [1, 1],
        };
        Self { spans: size.map(|cells| Span::All { cells: cells as isize }), ..Self::SAME }
    }

    /// A window that slides.
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

/// How one value is made of values of the inputs.
#[derive(Debug, Clone, PartialEq)]
pub enum Terms {
    /// Products, and a bias.
    Weighted(Weighted),
    /// The largest of some cells of its own channel.
    Largest(Cells),
    /// The mean of some cells of its own channel.
    Mean {
        /// Which; those outside the map do not count as values.
        cells: Cells,
        /// By what their sum is divided; `None`: by how many there are.
        divisor: Option<usize>,
    },
    /// The sum of the values at the same place of all inputs.
    Sum,
    /// What becomes of the value at the same place.
    Own,
}

/// Windows of some channels of the input, times weights, and a bias.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighted {
    /// Channels that are read.
    pub channels: Range<usize>,
    /// Rows and columns of a window.
    pub window: [usize; 2],
    /// Row and column of its first tap; may lie in the padding.
    pub first: [isize; 2],
    /// Rows and columns from tap to tap.
    pub dilation: [usize; 2],
    /// Of the parameter `weight`: channel by channel, row by row.
    pub weights: Range<usize>,
    /// Of the parameter `bias`, where there is one.
    pub bias: Option<usize>,
}

/// Some rows times some columns of a map; they may lie outside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cells {
    /// Rows.
    pub rows: Vec<isize>,
    /// Columns.
    pub columns: Vec<isize>,
}

impl Cells {
    /// Those of a window that slides, for the value at a place.
    pub(crate) fn of_window(window: &Window, at: [usize; 2]) -> Self {
        let taps = |a: usize| {
            let first = (at[a] * window.stride[a]) as isize - window.before()[a] as isize;
            (0..window.kernel[a]).map(|tap| first + (tap * window.dilation[a]) as isize).collect()
        };
        Self { rows: taps(0), columns: taps(1) }
    }
}

/// One product of a sum, in the order in which the engine adds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Channel of the input.
    pub channel: usize,
    /// Row and column in the window.
    pub tap: [usize; 2],
    /// Whether the output channel has a weight for it; another in its block has.
    pub is_connected: bool,
}

/// What a piecewise linear operation adds to its output, whatever comes in: `y − Σ x · ∂y/∂x`.
#[derive(Clone)]
pub enum Shift {
    /// Nothing.
    Zero,
    /// The same number at every place of a channel.
    Channels(Vec<f64>),
    /// What the piece adds on which a value lies, told by the value that comes out.
    OfOutput(fn(f32) -> f64),
}

impl Shift {
    /// A bias, where there is one.
    pub(crate) fn bias(is_there: bool, parameter: &dyn Fn(&str) -> Vec<f64>) -> Self {
        if is_there { Self::Channels(parameter("bias")) } else { Self::Zero }
    }
}
