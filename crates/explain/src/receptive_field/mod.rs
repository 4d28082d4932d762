//! The receptive field: the part of the image that one value of a network depends on.
//!
//! [`receptive_field`] traces the windows of one value back to the image, [`layers`] does so for every layer, and
//! [`Layers::page`] draws the nested fields of the middle values.
//!
//! A window of k cells, d apart, that moves by s over a map with p cells of padding in front, reads for the values `a .. b`
//! of its output the cells `a s - p .. (b - 1) s - p + d (k - 1) + 1`. Where two branches join, the field
//! is the smallest box around both. Biases and statistics do not count: a value computed from padding alone depends on no
//! pixel.
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

/// The accuracy of a receptive field box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The value can depend on the corners of the box, and on nothing outside it.
    Exact,
    /// The value depends on nothing outside the box, but perhaps not on all of its corners: branches with different fields were
    /// added, or the box is that of all values of a flattened map.
    UpperBound,
}

impl Status {
    /// A description in one or two words, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::UpperBound => "upper bound",
        }
    }
}

/// The box of the image on which one value depends, half-open: rows `rows[0] .. rows[1]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Field {
    /// The first row, and the row after the last, including padding, so that every value of a layer has a box of the same size.
    /// They may be outside the image.
    pub rows: [isize; 2],
    /// The first column, and the column after the last, in the same way.
    pub columns: [isize; 2],
    /// The smallest box, `[rows, columns]` and half-open, with every pixel that the value can depend on; `0, 0` if there is
    /// none. It is never larger than the result of [`clipped`](Self::clipped), and smaller where a stride skips the last
    /// pixels.
    pub seen: [[usize; 2]; 2],
    /// Whether the value can depend on the corners of `seen`.
    pub status: Status,
}

impl Field {
    /// The numbers of rows and columns of the box.
    pub fn size(&self) -> [usize; 2] {
        [self.rows, self.columns].map(|[from, to]| (to - from).max(0) as usize)
    }

    /// Returns the part of the box that is inside an image `[H, W]`.
    pub fn clipped(&self, [height, width]: [usize; 2]) -> (Range<usize>, Range<usize>) {
        (clip(self.rows, height), clip(self.columns, width))
    }

    /// The number of pixels that the value can depend on.
    pub fn seen_pixels(&self) -> usize {
        self.seen.iter().map(|[from, to]| to - from).product()
    }

    /// Whether a pixel is inside `seen`.
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

/// Computes the box of the image on which the value of node `id` at row y and column x depends, in any of its channels.
///
/// A vector has one row and one column. After a fully connected layer, a value depends on everything that any value of the map
/// before it depends on; a single value of a flattened map depends on less, and its box has [`Status::UpperBound`].
///
/// Batch norm is that of inference, [`Mode::Eval`](striate_graph::Mode::Eval): a scale and a shift.
///
/// # Panics
/// When there is no such node, or the node has no value at this position.
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
