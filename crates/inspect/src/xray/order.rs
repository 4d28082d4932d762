//! The order in which the engine adds, and how it rounds.

use std::ops::Range;

use striate_graph::Graph;
use striate_graph::op::{Conv2d, Op};

/// Channels that lie side by side in the engine's memory, and output channels that it computes at once.
const BLOCK: usize = 16;

/// A picture of more channels than this does not lie channel by channel.
const PLANAR: usize = 4;

/// How `sum + x · w` is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rounding {
    /// Once.
    Fused,
    /// The product, then the sum.
    Twice,
}

impl Rounding {
    /// That of the instruction set of this name.
    pub(super) fn of(isa: &str) -> Self {
        // The portable path is compiled with a fused multiply-add where the processor that it is compiled for has one.
        let compiled = cfg!(any(target_arch = "aarch64", target_feature = "fma"));
        if isa != "portable" || compiled { Self::Fused } else { Self::Twice }
    }

    pub(super) fn fma(self, sum: f32, x: f32, w: f32) -> f32 {
        match self {
            Self::Fused => x.mul_add(w, sum),
            Self::Twice => sum + x * w,
        }
    }
}

/// One row of a convolution's sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// Channel of the input.
    pub(super) channel: usize,
    /// Row and column in the kernel.
    pub(super) tap: [usize; 2],
    /// Whether the output channel has a weight for it; another in its block of 16 has.
    pub(super) is_connected: bool,
}

/// Channels in a block, of the value that the convolution reads: node `input` of a graph without anything that is not used.
pub(super) fn block_of(graph: &Graph, input: usize) -> usize {
    let mut readers = graph.nodes.iter().filter(|node| node.inputs.contains(&input));
    let is_planar = input == 0
        && graph.nodes[0].shape[0] <= PLANAR
        && readers.all(|node| matches!(node.op, Op::Conv2d(_) | Op::ConvReluPool(_)));
    if is_planar { 1 } else { BLOCK }
}

/// The rows of output channel `map`, in the order in which they are added, where channels lie in blocks of `block`.
pub(super) fn rows(conv: &Conv2d, map: usize, block: usize) -> Vec<Row> {
    let (per_in, per_out) = (conv.in_channels / conv.groups, conv.out_channels / conv.groups);
    let channels = connected(map / BLOCK, per_in, per_out, conv.out_channels);
    let [kh, kw] = conv.kernel_size;
    let mut rows = Vec::new();
    for b in channels.start / block..channels.end.div_ceil(block) {
        let of_block = channels.start.max(b * block)..channels.end.min((b + 1) * block);
        for tap in (0..kh).flat_map(|y| (0..kw).map(move |x| [y, x])) {
            for channel in of_block.clone() {
                rows.push(Row { channel, tap, is_connected: channel / per_in == map / per_out });
            }
        }
    }
    rows
}

/// Input channels that any output channel of a block reads.
fn connected(block: usize, per_in: usize, per_out: usize, out_channels: usize) -> Range<usize> {
    let (first, end) = (block * BLOCK, ((block + 1) * BLOCK).min(out_channels));
    first / per_out * per_in..end.div_ceil(per_out) * per_in
}
