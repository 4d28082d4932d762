//! Which values of a network are units.

use striate_graph::op::{Role, Sign};
use striate_graph::{Graph, NodeId};

use crate::LabError;

/// A layer whose maps, or values, are units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Its name: that of the convolution, the fully connected layer, or the activation behind a sum.
    pub name: String,
    /// The operation that computes it.
    pub id: NodeId,
    /// The value that is looked at: behind the layer's batch norm and activation, where it has some.
    pub value: NodeId,
    /// Name of that value.
    pub value_name: String,
    /// Maps, or values of a vector.
    pub units: usize,
    /// `[H, W]` of a map; `[1, 1]` for a vector.
    pub size: [usize; 2],
    /// Whether it can be negative: without a ReLU or another activation that rules it out.
    pub is_signed: bool,
}

impl Layer {
    /// Whether it makes maps, not a vector.
    pub fn has_maps(&self, graph: &Graph) -> bool {
        graph.nodes[self.value].shape.len() == 3
    }

    /// Checks that there is a unit of that number.
    ///
    /// # Errors
    /// [`LabError::NoUnit`], which says how many there are.
    pub fn check(&self, unit: usize) -> Result<(), LabError> {
        let (layer, units) = (self.name.clone(), self.units);
        if unit < units { Ok(()) } else { Err(LabError::NoUnit { layer, unit, units }) }
    }
}

/// Every layer with units, in the order in which they run: convolutions and fully connected layers, each behind its batch norm
/// and ReLU; and ReLUs of anything else, such as the sum at the end of a residual block.
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

/// The layer of that name, which may also be that of the value that is looked at.
///
/// # Errors
/// [`LabError::NoUnits`] with the layers that there are.
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
