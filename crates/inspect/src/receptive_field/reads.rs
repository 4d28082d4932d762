//! Which cells of the map in front a value of an operation reads, along one axis.

use striate_graph::op::{AdaptiveAvgPool2d, Op};

/// The cells that value `i` of an axis reads: `first(i)`, and every `step` on, to `last(i)`. They may lie in the padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// Those at its own place.
    Same,
    /// A window that slides.
    Window { kernel: isize, stride: isize, dilation: isize, before: isize },
    /// The cells that `to` values share out among them, of `from`.
    Adaptive { from: isize, to: isize },
    /// All of so many.
    All { cells: isize },
}

impl Reads {
    pub(super) fn first(self, i: isize) -> isize {
        match self {
            Self::Same => i,
            Self::Window { stride, before, .. } => i * stride - before,
            Self::Adaptive { from, to } => (i * from).div_euclid(to),
            Self::All { .. } => 0,
        }
    }

    pub(super) fn last(self, i: isize) -> isize {
        match self {
            Self::Same => i,
            Self::Window { kernel, dilation, .. } => self.first(i) + dilation * (kernel - 1),
            // The last cell before where the next share would begin, were it rounded up.
            Self::Adaptive { from, to } => ((i + 1) * from - 1).div_euclid(to),
            Self::All { cells } => cells - 1,
        }
    }

    pub(super) fn step(self) -> usize {
        match self {
            Self::Window { dilation, .. } => dilation.max(1) as usize,
            _ => 1,
        }
    }

    /// Whether its values read equally many cells.
    pub(super) fn is_even(self) -> bool {
        match self {
            Self::Adaptive { from, to } => from % to == 0,
            _ => true,
        }
    }
}

/// What an operation's values read of one of its inputs, an image of `size` or a vector of size 1 x 1, for both axes; the
/// last window first where an operation has two.
pub(super) fn reads(op: &Op, size: [usize; 2]) -> Vec<[Reads; 2]> {
    match op {
        Op::Flatten(_) => vec![size.map(|cells| Reads::All { cells: cells as isize })],
        Op::AdaptiveAvgPool2d(AdaptiveAvgPool2d { output_size }) => vec![std::array::from_fn(|axis| {
            Reads::Adaptive { from: size[axis] as isize, to: output_size[axis].max(1) as isize }
        })],
        Op::ConvReluPool(fused) => {
            let pool = Reads::Window { kernel: 2, stride: 2, dilation: 1, before: 0 };
            let conv = reads(&Op::Conv2d(fused.conv.clone()), size);
            [[pool; 2]].into_iter().chain(conv).collect()
        }
        _ => match op.as_operation().window() {
            Some(window) => vec![std::array::from_fn(|axis| Reads::Window {
                kernel: window.kernel[axis] as isize,
                stride: window.stride[axis] as isize,
                dilation: window.dilation[axis] as isize,
                before: window.before()[axis] as isize,
            })],
            None => vec![[Reads::Same; 2]],
        },
    }
}
