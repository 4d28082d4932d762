//! The summary of a network, layer by layer: shapes, parameters, multiply-adds, receptive fields, memory.

mod report;
#[cfg(test)]
mod tests;

pub use report::SummaryReport;

use std::fmt;

use serde::Serialize;
use striate_graph::{Graph, NodeId};

use crate::receptive_field::{follows, sight};
use striate_report::text::{Align, Table, bytes, grouped};

/// Bytes of one f32.
const VALUE_BYTES: u64 = 4;

/// One operation of a network, with its cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Layer {
    /// The name of its output, which `Session::tap` accepts.
    pub name: String,
    /// The operation, in the words of PyTorch's functional API.
    pub op: &'static str,
    /// The shape of the output for one sample, `[C, H, W]` or `[F]`.
    pub output_shape: Vec<usize>,
    /// The number of trainable values; a layer that is used twice counts where it is used first.
    pub parameters: u64,
    /// The multiply-adds of one sample.
    pub multiply_adds: u64,
    /// The height and width of the receptive field of one value; `None` for the whole image.
    pub receptive_field_px: Option<[usize; 2]>,
    /// The distance of neighboring values in pixels of the input image; `None` where there are no neighbors.
    pub jump_px: Option<[usize; 2]>,
    /// The size of the output for one sample, in bytes.
    pub activation_bytes: u64,
    /// Whether it is elementwise on the previous layer, so that a long table lists it in the row of that layer.
    #[serde(skip)]
    follows: bool,
}

/// From this number of operations on, the table has one row for a layer with its norm and activation.
const LONG: usize = 50;

/// A network as a table; see [`summary()`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The shape of the input for one sample, `[C, H, W]`.
    pub input_shape: [usize; 3],
    /// The shape of the output for one sample.
    pub output_shape: Vec<usize>,
    /// The total number of trainable values.
    pub parameters: u64,
    /// The total multiply-adds of one sample.
    pub multiply_adds: u64,
    /// The size of all parameters in bytes.
    pub parameter_bytes: u64,
    /// The size of all activations of one sample in bytes, if each were kept.
    pub activation_bytes: u64,
    /// One entry per operation, in the order in which they run, the input first.
    pub layers: Vec<Layer>,
}

/// Lists the operations of a graph with their cost and receptive field.
///
/// The receptive field is that of [`receptive_field`](crate::receptive_field), the maximum where values differ. It includes
/// padding, so near the border, and for fields larger than the image, part of it is empty.
pub fn summary(graph: &Graph) -> Summary {
    let mut seen = Vec::new();
    let mut layers = Vec::with_capacity(graph.nodes.len());
    for (id, node) in graph.nodes.iter().enumerate() {
        let (receptive_field_px, jump_px) = sees(graph, id);
        let mut parameters = 0;
        for (name, spec) in node.params() {
            if spec.trainable && !seen.contains(&name) {
                parameters += size(&spec.shape);
                seen.push(name);
            }
        }
        layers.push(Layer {
            name: node.name.clone(),
            op: node.operation().name(),
            output_shape: node.shape.clone(),
            parameters,
            multiply_adds: graph.node_cost(id).multiply_adds,
            receptive_field_px,
            jump_px,
            activation_bytes: VALUE_BYTES * size(&node.shape),
            follows: follows(graph, id),
        });
    }
    let all_values = graph.params().iter().map(|(_, spec)| size(&spec.shape)).sum::<u64>();
    Summary {
        input_shape: graph.input_shape(),
        output_shape: graph.output_shape().to_vec(),
        parameters: graph.parameter_count() as u64,
        multiply_adds: graph.multiply_adds(),
        parameter_bytes: VALUE_BYTES * all_values,
        activation_bytes: layers.iter().map(|layer| layer.activation_bytes).sum(),
        layers,
    }
}

/// What a value sees and how far its neighbor is: nothing of either behind a fully connected layer, which sees all.
fn sees(graph: &Graph, id: NodeId) -> (Option<[usize; 2]>, Option<[usize; 2]>) {
    let node = &graph.nodes[id];
    match node.inputs.first() {
        Some(_) if node.operation().reads(0, &graph.input_shapes(id)).all_values => (None, None),
        // One value of the map, wherever it went.
        Some(&input) if node.shape.len() != 3 && graph.nodes[input].shape.len() == 3 => {
            (sees(graph, input).0, None)
        }
        Some(&input) if node.shape.len() != 3 => sees(graph, input),
        _ => {
            let sight = sight(graph, id);
            (Some(sight.size), Some(sight.jump))
        }
    }
}

fn size(shape: &[usize]) -> u64 {
    shape.iter().map(|&n| n as u64).product()
}

fn by(sizes: &[usize]) -> String {
    sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ")
}

/// Words for rows that list several.
fn short(op: &'static str) -> &'static str {
    match op {
        "conv2d" => "conv",
        "batch_norm2d" => "norm",
        op => op,
    }
}

/// A zero as nothing: columns where most layers have none stay readable.
fn count(value: u64) -> String {
    if value == 0 { String::new() } else { grouped(value) }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new([
            ("name", Align::Left),
            ("op", Align::Left),
            ("output", Align::Left),
            ("parameters", Align::Right),
            ("multiply-adds", Align::Right),
            ("sees (px)", Align::Right),
            ("jump (px)", Align::Right),
            ("memory", Align::Right),
        ]);
        let square = |sizes: Option<[usize; 2]>, none: &str| match sizes {
            Some([rows, columns]) if rows == columns => rows.to_string(),
            Some(sizes) => by(&sizes),
            None => none.to_owned(),
        };
        let long = self.layers.len() > LONG;
        for row in self.layers.chunk_by(|_, next| long && next.follows) {
            let sum = |of: fn(&Layer) -> u64| row.iter().map(of).sum::<u64>();
            table.row([
                row[0].name.clone(),
                row.iter()
                    .map(|layer| if row.len() > 1 { short(layer.op) } else { layer.op })
                    .collect::<Vec<_>>()
                    .join(", "),
                by(&row[0].output_shape),
                count(sum(|layer| layer.parameters)),
                count(sum(|layer| layer.multiply_adds)),
                square(row[0].receptive_field_px, "all"),
                square(row[0].jump_px, ""),
                bytes(sum(|layer| layer.activation_bytes)),
            ]);
        }
        table.rule();
        let total = [
            "total".to_owned(),
            String::new(),
            by(&self.output_shape),
            grouped(self.parameters),
            grouped(self.multiply_adds),
            String::new(),
            String::new(),
            bytes(self.activation_bytes),
        ];
        table.row(total);
        write!(f, "{table}")?;
        writeln!(
            f,
            "\nOne image [{}] costs {} multiply-adds; the parameters take {}.",
            by(&self.input_shape),
            grouped(self.multiply_adds),
            bytes(self.parameter_bytes)
        )?;
        if long {
            writeln!(
                f,
                "A row that lists several operations stands for as many values; the report as JSON names each of them."
            )?;
        }
        Ok(())
    }
}
