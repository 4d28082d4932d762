//! The values of a network that are units.

use striate_graph::op::{Role, Sign};
use striate_graph::{Graph, NodeId};

use crate::LabError;

/// A layer whose maps, or values, are units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The name of the convolution, of the fully connected layer, or of the activation after a sum.
    pub name: String,
    /// The node of the operation that computes it.
    pub id: NodeId,
    /// The node of the recorded value: after the layer's batch norm and activation, if it has them.
    pub value: NodeId,
    /// The name of the recorded value.
    pub value_name: String,
    /// The number of units: maps, or values of a vector.
    pub units: usize,
    /// The height and width of a map; `[1, 1]` for a vector.
    pub size: [usize; 2],
    /// Whether values can be negative: true without a ReLU or another activation that rules it out.
    pub is_signed: bool,
}

impl Layer {
    /// Whether the units are maps, and not values of a vector.
    pub fn has_maps(&self, graph: &Graph) -> bool {
        graph.nodes[self.value].shape.len() == 3
    }

    /// Checks that there is a unit with this index.
    ///
    /// # Errors
    /// [`LabError::NoUnit`] with the number of units.
    pub fn check(&self, unit: usize) -> Result<(), LabError> {
        let (layer, units) = (self.name.clone(), self.units);
        if unit < units { Ok(()) } else { Err(LabError::NoUnit { layer, unit, units }) }
    }
}

/// Lists every layer with units, in the order in which they run: convolutions and fully connected layers, each with its batch
/// norm and ReLU; and ReLUs of other values, such as the sum at the end of a residual block.
pub fn layers(graph: &Graph) -> Vec<Layer> {
    let mut found: Vec<Layer> = Vec::new();
    for (id, node) in graph.nodes.iter().enumerate() {
        let value = match node.operation().role() {
            Role::Convolution | Role::Linear => behind(graph, id),
            Role::Activation if found.iter().all(|layer| layer.value != id) => id,
            _ => continue,
        };
        let node_of_value = &graph.nodes[value];
        let (units, size) = match node_of_value.shape[..] {
            [c, h, w] => (c, [h, w]),
            [f] => (f, [1, 1]),
            _ => continue,
        };
        found.push(Layer {
            name: node.name.clone(),
            id,
            value,
            value_name: node_of_value.name.clone(),
            units,
            size,
            is_signed: node_of_value.operation().sign() != Sign::NonNegative,
        });
    }
    found
}

/// Finds the layer with this name, or the layer whose recorded value has this name.
///
/// # Errors
/// [`LabError::NoUnits`] with the existing layers.
pub fn find(graph: &Graph, name: &str) -> Result<Layer, LabError> {
    let mut all = layers(graph);
    let at = all.iter().position(|layer| layer.name == name);
    match at.or_else(|| all.iter().position(|layer| layer.value_name == name)) {
        Some(at) => Ok(all.swap_remove(at)),
        None => {
            let layers = all.into_iter().map(|layer| layer.name).collect();
            Err(LabError::NoUnits { name: name.into(), layers })
        }
    }
}

/// The value behind the activation of layer `id`, or else behind its batch norm, or its own.
fn behind(graph: &Graph, id: NodeId) -> NodeId {
    if let Some(value) = graph.activated(id) {
        return value;
    }
    let norm = graph.sole_reader(id).filter(|&reader| graph.nodes[reader].operation().role() == Role::Norm);
    norm.unwrap_or(id)
}
