//! The receptive field: the part of the image that one value of a network depends on.
//!
//! [`receptive_field`] traces the windows of one value back to the image, [`layers`] does so for every layer, and
//! [`Layers::page`] draws the nested fields of the middle values.
//!
//! A window of k cells, d apart, that moves by s over a map with p cells of padding in front reads, for the values
//! `a .. b` behind it, the cells `a s - p .. (b - 1) s - p + d (k - 1) + 1`. Where two branches meet, the field is the
//! smallest box around both. Biases and statistics do not count: a value computed from padding alone sees nothing.
//!
//! # Source
//! A. Araujo, W. Norris, J. Sim, "Computing receptive fields of convolutional neural networks", Distill, 2019.

mod layers;
mod page;
mod report;
#[cfg(test)]
mod tests;
mod walk;

pub use layers::{LayerField, Layers, layers};
pub(crate) use layers::{follows, sight};
pub use report::FieldsReport;

use std::ops::Range;

use serde::Serialize;
use striate_graph::{Graph, NodeId};

/// How a box was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The value can depend on the corners of the box, and on nothing outside it.
    Exact,
    /// The value depends on nothing outside the box, but maybe not on all of its corners: branches of different fields
    /// were added, or one value of many is meant.
    UpperBound,
}

impl Status {
    /// In one or two words, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::UpperBound => "upper bound",
        }
    }
}

/// The box of the image that one value sees, half-open: rows `rows[0] .. rows[1]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Field {
    /// First row, and the row behind the last: as far as the windows reach, padding and all, so that every value of a
    /// layer has a box of the same size. May lie outside the image.
    pub rows: [isize; 2],
    /// As the rows.
    pub columns: [isize; 2],
    /// `[rows, columns]`, half-open: the smallest box that holds every pixel the value can depend on; `0, 0` where there is
    /// none. Never larger than what [`clipped`](Self::clipped) leaves, and smaller where a stride skips the last pixels.
    pub seen: [[usize; 2]; 2],
    /// Whether the corners of `seen` are reached.
    pub status: Status,
}

impl Field {
    /// Rows and columns of the box.
    pub fn size(&self) -> [usize; 2] {
        [self.rows, self.columns].map(|[from, to]| (to - from).max(0) as usize)
    }

    /// The part of the box that lies in an image `[H, W]`.
    pub fn clipped(&self, [height, width]: [usize; 2]) -> (Range<usize>, Range<usize>) {
        (clip(self.rows, height), clip(self.columns, width))
    }

    /// Pixels that the value can depend on.
    pub fn seen_pixels(&self) -> usize {
        self.seen.iter().map(|[from, to]| to - from).product()
    }

    /// Whether a pixel lies in `seen`.
    pub fn sees(&self, [y, x]: [usize; 2]) -> bool {
        let [rows, columns] = self.seen;
        (rows[0]..rows[1]).contains(&y) && (columns[0]..columns[1]).contains(&x)
    }
}

/// The part of a span that lies in `0 .. size`.
fn clip([from, to]: [isize; 2], size: usize) -> Range<usize> {
    let inside = |at: isize| usize::try_from(at).unwrap_or(0).min(size);
    inside(from)..inside(to).max(inside(from))
}

/// What the value of node `id` at row y and column x sees of the image, in any of its channels.
///
/// A vector has one row and one column. Behind a fully connected layer, a value sees what any value of the map in front
/// of it sees; one value of a flattened map sees less than that, and gets [`Status::UpperBound`].
///
/// Batch norm counts as what it is in a network in use, [`Mode::Eval`](striate_graph::Mode::Eval): a scale and a shift.
///
/// # Panics
/// When there is no such node, or no such value in it.
///
/// # Example
/// ```
/// use striate_graph::Graph;
/// use striate_explain::receptive_field::{Status, receptive_field};
///
/// let graph: Graph = serde_json::from_str(
///     r#"{ "nodes": [
///         { "op": { "op": "input", "channels": 1, "height": 8, "width": 8 },
///           "inputs": [], "shape": [1, 8, 8], "name": "input", "layer": "" },
///         { "op": { "op": "conv2d", "in_channels": 1, "out_channels": 4, "kernel_size": [3, 3], "stride": [1, 1],
///           "padding": [1, 1], "dilation": [1, 1], "groups": 1, "bias": true },
///           "inputs": [0], "shape": [4, 8, 8], "name": "conv", "layer": "conv" }
///     ], "output": 1 }"#,
/// )?;
/// let field = receptive_field(&graph, 1, [0, 5]);
/// assert_eq!((field.rows, field.columns, field.status), ([-1, 2], [4, 7], Status::Exact));
/// assert_eq!(field.clipped([8, 8]), (0..2, 4..7));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn receptive_field(graph: &Graph, id: NodeId, at: [usize; 2]) -> Field {
    let size = walk::size(&graph.nodes[id].shape);
    assert!(
        at[0] < size[0] && at[1] < size[1],
        "`{}` has {size:?} rows and columns, and no value at {at:?}",
        graph.nodes[id].name
    );
    let seen = walk::back(graph, id, at.map(|at| at as isize), true);
    let [rows, columns] = seen.hull;
    let status = if seen.exact { Status::Exact } else { Status::UpperBound };
    Field { rows, columns, seen: seen.bounds(), status }
}
