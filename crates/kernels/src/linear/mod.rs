//! Fully connected layers, forward and backward.
//!
//! All three passes use tiles of one form: up to six rows times four vectors of 16 lanes, where the lanes are always the
//! features of the result. Forward and backward-data are even the same code, on weights `[out, in]` and on their transpose; the
//! gradient of the weights has inputs for rows and sums over samples.

mod backward_data;
mod backward_weight;
mod bf16;
mod forward;
mod rows;
mod single;
#[cfg(test)]
mod tests;

pub use backward_data::push_backward_data;
pub use backward_weight::push_backward_weight;
pub use forward::Linear;
pub use rows::TableRows;

use crate::BLOCK;
use crate::plane::Plane;
use crate::simd::Simd;
use std::ops::Range;

/// Number of outputs in a panel.
const PANEL: usize = 64;

/// The layout of the weights of a layer `[N, in_features]` to `[N, out_features]`.
///
/// Panels of 64 outputs, `[out / 64][in][64]`: the weights of a tile are one contiguous stream. The last panel is as wide as it
/// needs to be, in steps of 16; its weights past the last output are zero.
///
/// The input is a vector, or an image of whole blocks without a halo, whose values are taken in the order in which they lie in
/// memory: the order of the weights accounts for what a flatten would do to every image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinearPack {
    /// The number of features of an input sample.
    pub in_features: usize,
    /// The number of features of an output sample.
    pub out_features: usize,
}

impl LinearPack {
    /// The number of values of the packed weights.
    pub fn weight_len(&self) -> usize {
        self.in_features * self.lanes()
    }

    /// Returns, for each value of PyTorch's weight `[out_features, in_features]`, its position in the packed weights of a
    /// layer that reads `x`; `None` if they are 2^32 or more.
    ///
    /// # Panics
    /// If `x` has another number of values.
    pub fn weight_map(&self, x: &Plane) -> Option<Vec<u32>> {
        check_plane("x", x, self.in_features);
        u32::try_from(self.weight_len()).ok()?;
        let pixels = (0..x.height).flat_map(|y| (0..x.width).map(move |at| (y, at)));
        let inputs: Vec<usize> =
            (0..x.channels).flat_map(|c| pixels.clone().map(move |(y, at)| x.index(c, y, at))).collect();
        let places = (0..self.out_features).flat_map(|o| inputs.iter().map(move |&i| (o, i)));
        let place = |(o, i): (usize, usize)| {
            let panel = o / PANEL;
            (self.panel_start(panel) + i * self.panel_width(panel) + o % PANEL) as u32
        };
        Some(places.map(place).collect())
    }

    /// The layer that computes the gradient of the input.
    fn transposed(&self) -> Self {
        Self { in_features: self.out_features, out_features: self.in_features }
    }

    /// Number of outputs, including those that only fill up a block.
    fn lanes(&self) -> usize {
        self.out_features.next_multiple_of(BLOCK)
    }

    fn panels(&self) -> usize {
        self.lanes().div_ceil(PANEL)
    }

    fn panel_start(&self, panel: usize) -> usize {
        panel * PANEL * self.in_features
    }

    fn panel_width(&self, panel: usize) -> usize {
        (self.lanes() - panel * PANEL).min(PANEL)
    }

    fn panel(&self, panel: usize) -> Range<usize> {
        let start = self.panel_start(panel);
        start..start + self.panel_width(panel) * self.in_features
    }
}

/// Accepts a vector, or an image with the memory layout of one.
#[track_caller]
fn check_plane(what: &str, plane: &Plane, features: usize) {
    let want = Plane::vector(features);
    let whole = Plane::blocked(plane.channels, plane.size(), [0, 0]);
    let is_image = *plane == whole && plane.channels.is_multiple_of(BLOCK) && plane.sample_len() == features;
    assert!(*plane == want || is_image, "linear: {what} must be {want:?} or an image of it, got {plane:?}");
}

/// `acc + x · w`, for f32 values or for pairs of bf16 values.
#[inline(always)]
fn product<V: Simd, const IS_BF16: bool>(acc: V, x: V, w: V) -> V {
    if IS_BF16 { acc.dot(x, w) } else { acc.fma(x, w) }
}

/// Part `i` of `parts` equal parts of `range`.
fn part(range: &Range<usize>, parts: usize, i: usize) -> Range<usize> {
    range.start + range.len() * i / parts..range.start + range.len() * (i + 1) / parts
}

/// Calls `$self.$tile::<V, P, NV>($($arg),*)` for run-time numbers of rows and vectors.
macro_rules! for_rows {
    ($v:ident, $rows:expr, $nv:literal, $self:ident . $tile:ident ($($arg:expr),*)) => {
        match $rows {
            1 => $self.$tile::<$v, 1, $nv>($($arg),*),
            2 => $self.$tile::<$v, 2, $nv>($($arg),*),
            3 => $self.$tile::<$v, 3, $nv>($($arg),*),
            4 => $self.$tile::<$v, 4, $nv>($($arg),*),
            5 => $self.$tile::<$v, 5, $nv>($($arg),*),
            6 => $self.$tile::<$v, 6, $nv>($($arg),*),
            rows => unreachable!("no tile has {rows} rows"),
        }
    };
}
/// Like the one above, for the number of vectors too: a whole panel of 16 lanes, or two vectors of 8.
macro_rules! for_tile {
    ($v:ident, $rows:expr, $nv:expr, $self:ident . $tile:ident $args:tt) => {
        match $nv {
            2 => $crate::linear::for_rows!($v, $rows, 2, $self . $tile $args),
            1 if $v::LANES == 16 => $crate::linear::for_rows!($v, $rows, 1, $self . $tile $args),
            3 if $v::LANES == 16 => $crate::linear::for_rows!($v, $rows, 3, $self . $tile $args),
            4 if $v::LANES == 16 => $crate::linear::for_rows!($v, $rows, 4, $self . $tile $args),
            nv => unreachable!("no tile has {nv} vectors"),
        }
    };
}
use {for_rows, for_tile};

/// Number of rows of the widest tile. With 16 lanes, 6 x 4 sums, four weights and a broadcast fill 29 of 32 registers (7 x 4
/// would need 33, and took twice as long because of spills); with 8 lanes, 6 x 2 fill 15 of 16.
const ROWS: usize = 6;

/// Number of outputs of a tile in a panel of `width`.
const fn strip_width(lanes: usize, width: usize) -> usize {
    if lanes == 16 { width } else { BLOCK }
}
