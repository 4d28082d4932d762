//! The receptive fields of a network, layer by layer.

use std::fmt;

use serde::Serialize;
use striate_graph::op::Role;
use striate_graph::{Graph, NodeId};

use super::{Field, Status, clip, receptive_field, walk};
use striate_report::text::{Align, Table, percent};

/// The receptive field of the values of one layer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerField {
    /// The name of the value.
    pub name: String,
    /// The operation, in the words of PyTorch's functional API.
    pub op: &'static str,
    /// The height and width of its maps; `[1, 1]` for a vector.
    pub size: [usize; 2],
    /// The height and width of the receptive field in pixels, including padding; the maximum where the values of the layer
    /// differ.
    pub field_px: [usize; 2],
    /// The distance of neighboring values in pixels of the image; `None` for a vector.
    pub jump_px: Option<[usize; 2]>,
    /// The first row and column of the box of the value at (0, 0).
    pub start_px: [isize; 2],
    /// The center of that box; the center of the first pixel of the image is 0.
    pub center_px: [f64; 2],
    /// The share of the image's pixels in the box of the layer's middle value, 0 to 1.
    pub seen_share: f64,
    /// The share of the boxes of all values that lies outside the image, 0 to 1.
    pub padding_share: f64,
    /// Whether the boxes are exact, for all values of the layer.
    pub status: Status,
    /// The box of the middle value of the layer.
    pub middle: Field,
    /// Whether it is elementwise on the previous layer, and so sees the same.
    #[serde(skip)]
    follows: bool,
}

/// The receptive fields of all layers of a network; see [`layers()`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Layers {
    /// The height and width of the image.
    pub image_px: [usize; 2],
    /// One entry per operation, in the order in which they run, the input first.
    pub layers: Vec<LayerField>,
}

/// The receptive field as far as it is the same for all values of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sight {
    /// Rows and columns of the box; of unequal boxes the largest.
    pub(crate) size: [usize; 2],
    /// Pixels between the boxes of neighbors.
    pub(crate) jump: [usize; 2],
    /// First row and column of the box of the value at (0, 0).
    pub(crate) start: [isize; 2],
    /// Whether all boxes are as large.
    pub(super) even: bool,
}

/// What the values of node `id` see, and how far apart.
pub(crate) fn sight(graph: &Graph, id: NodeId) -> Sight {
    let at = |at| walk::back(graph, id, at, false);
    let (first, next) = (at([0, 0]), at([1, 1]));
    let length = |[from, to]: [isize; 2]| (to - from).max(0) as usize;
    let mut size = first.hull.map(length);
    if !first.even {
        let all = walk::size(&graph.nodes[id].shape);
        for i in 1..all[0].max(all[1]) as isize {
            let other = at([i, i]).hull.map(length);
            for axis in [0, 1] {
                if (i as usize) < all[axis] {
                    size[axis] = size[axis].max(other[axis]);
                }
            }
        }
    }
    let start = first.hull.map(|[from, _]| from);
    let jump = [0, 1].map(|axis| (next.hull[axis][0] - start[axis]).max(0) as usize);
    Sight { size, jump, start, even: first.even }
}

/// Computes the receptive field of every layer: its size, the distance between neighbors, its position, and the share of
/// padding.
///
/// # Source
/// The source of the [module](crate::receptive_field).
pub fn layers(graph: &Graph) -> Layers {
    let [_, height, width] = graph.input_shape();
    let image_px = [height, width];
    let of = |id: NodeId| {
        let node = &graph.nodes[id];
        let (sight, size) = (sight(graph, id), walk::size(&node.shape));
        let middle = receptive_field(graph, id, size.map(|cells| cells / 2));
        let is_map = node.shape.len() == 3;
        // Of boxes that differ in size the largest is told; one box alone is what it is.
        let alike = sight.even || size == [1, 1];
        let status = if alike { middle.status } else { Status::UpperBound };
        LayerField {
            name: node.name.clone(),
            op: node.operation().name(),
            size,
            field_px: sight.size,
            jump_px: is_map.then_some(sight.jump),
            start_px: sight.start,
            center_px: [0, 1].map(|a| sight.start[a] as f64 + (sight.size[a] as f64 - 1.0) / 2.0),
            seen_share: middle.seen_pixels() as f64 / (height * width) as f64,
            padding_share: padding_share(&sight, size, image_px),
            status,
            middle,
            follows: follows(graph, id),
        }
    };
    Layers { image_px, layers: (0..graph.nodes.len()).map(of).collect() }
}

/// Whether a node only finishes the values of the one in front: a norm, an activation, a dropout.
pub(crate) fn follows(graph: &Graph, id: NodeId) -> bool {
    let node = &graph.nodes[id];
    let finishes = matches!(node.operation().role(), Role::Norm | Role::Activation | Role::Noise);
    finishes && node.inputs == [id.wrapping_sub(1)]
}

/// The share of all boxes, of `size` values, that lies outside the image.
fn padding_share(sight: &Sight, size: [usize; 2], image: [usize; 2]) -> f64 {
    let inside = |axis: usize| {
        let span = |i: usize| {
            let from = sight.start[axis] + (i * sight.jump[axis]) as isize;
            clip([from, from + sight.size[axis] as isize], image[axis]).len()
        };
        let all = (size[axis] * sight.size[axis]).max(1);
        (0..size[axis]).map(span).sum::<usize>() as f64 / all as f64
    };
    1.0 - inside(0) * inside(1)
}

impl Layers {
    /// The layers that have a row: one with its norm and its activation is one.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&LayerField, String)> {
        let joined = self.layers.chunk_by(|_, next| next.follows);
        joined.map(|row| (&row[0], row.iter().map(|layer| short(layer.op)).collect::<Vec<_>>().join(", ")))
    }
}

/// Words for rows that list several.
fn short(op: &'static str) -> &'static str {
    match op {
        "conv2d" => "conv",
        "batch_norm2d" => "norm",
        op => op,
    }
}

/// `3`, or `3 x 5` where the sides differ.
pub(super) fn sides<T: PartialEq + fmt::Display>(sides: [T; 2]) -> String {
    if sides[0] == sides[1] { sides[0].to_string() } else { format!("{} x {}", sides[0], sides[1]) }
}

impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new([
            ("name", Align::Left),
            ("op", Align::Left),
            ("values", Align::Right),
            ("sees (px)", Align::Right),
            ("jump (px)", Align::Right),
            ("first from", Align::Right),
            ("center", Align::Right),
            ("of the image", Align::Right),
            ("padding", Align::Right),
            ("box", Align::Left),
        ]);
        for (layer, ops) in self.rows() {
            let sign = |value: String| value.replace('-', "−");
            table.row([
                layer.name.clone(),
                ops,
                if layer.jump_px.is_some() { sides(layer.size) } else { "vector".into() },
                sides(layer.field_px),
                layer.jump_px.map(sides).unwrap_or_default(),
                sign(sides(layer.start_px)),
                sign(sides(layer.center_px)),
                percent(Some(layer.seen_share)),
                percent(Some(layer.padding_share)),
                layer.status.name().into(),
            ]);
        }
        let [height, width] = self.image_px;
        write!(f, "{table}")?;
        writeln!(
            f,
            "\nAn image has {height} x {width} pixels. A value at row i sees the rows starting at `first from` + i x jump."
        )?;
        writeln!(
            f,
            "`of the image` is the share of it that the layer's middle value sees; `padding` is the share of all"
        )?;
        writeln!(f, "values' boxes that lies outside it.")
    }
}
