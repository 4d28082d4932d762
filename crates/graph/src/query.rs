//! Queries on a graph: the values that a name refers to, the nodes that read a value, the value after a layer's activation, and
//! extracting a part of a network as a graph.

use crate::arithmetic::Arithmetic;
use crate::explain::Pass;
use crate::facts::AlgorithmChoice;
use crate::glob::matches;
use crate::graph::{Graph, Head, NodeId};
use crate::lower::Lowered;
use crate::op::Role;
use crate::plan::planes;
use crate::plan_error::PlanError;

impl Graph {
    /// Selects the values that `pattern` matches, in order: the one with this name or, if there is none, all whose name matches
    /// as in [`rates::matches`](crate::rates::matches): `layer*.conv2`, `layer3.*`, or `layer3` for everything in it.
    ///
    /// # Errors
    /// [`PlanError::Unknown`] with similar names, if nothing matches.
    pub fn select(&self, pattern: &str) -> Result<Vec<NodeId>, PlanError> {
        if let Some(id) = self.find(pattern) {
            return Ok(vec![id]);
        }
        let is_meant = |id: &NodeId| matches(pattern, &self.nodes[*id].name);
        let found: Vec<NodeId> = (0..self.nodes.len()).filter(is_meant).collect();
        if found.is_empty() { Err(self.unknown(pattern)) } else { Ok(found) }
    }

    /// The error that lists similar names.
    pub(crate) fn unknown(&self, name: &str) -> PlanError {
        PlanError::unknown(name, self.nodes.iter().map(|n| n.name.clone()))
    }

    /// The number of values that all activations of one sample take in memory, including padding and the channels that fill up
    /// blocks.
    ///
    /// # Errors
    /// If one of them is too large for the kernels to address.
    pub fn activation_values(&self) -> Result<u64, PlanError> {
        Ok(planes(&Lowered::new(self))?.values().map(|plane| plane.sample_len() as u64).sum())
    }

    /// Lists the convolutions, with the algorithm by which each of them is computed in inference, and the reason.
    pub fn convolutions(&self, arithmetic: Arithmetic) -> Vec<(NodeId, AlgorithmChoice)> {
        let convolutions =
            (0..self.nodes.len()).filter(|&id| self.nodes[id].operation().role() == Role::Convolution);
        let choice =
            |id: NodeId| self.nodes[id].operation().choice(&self.input_shapes(id), Pass::Forward, arithmetic);
        convolutions.map(|id| (id, choice(id))).collect()
    }

    /// Lists the nodes that read the value of each node; one that reads it twice is listed twice.
    pub fn consumers(&self) -> Vec<Vec<NodeId>> {
        let mut consumers = vec![Vec::new(); self.nodes.len()];
        for (id, node) in self.nodes.iter().enumerate() {
            node.inputs.iter().for_each(|&i| consumers[i].push(id));
        }
        consumers
    }

    /// Returns the only operation that reads a value, if there is exactly one and the value is not the output.
    pub fn sole_reader(&self, id: NodeId) -> Option<NodeId> {
        let mut readers = (id + 1..self.nodes.len()).filter(|&other| self.nodes[other].inputs.contains(&id));
        match (readers.next(), readers.next()) {
            (Some(one), None) if self.output != id => Some(one),
            _ => None,
        }
    }

    /// Returns the network that ends in node `id`: everything that it depends on, and the input. Nodes keep their names.
    ///
    /// # Example
    /// ```
    /// # use striate_graph::Graph;
    /// # let graph: Graph = serde_json::from_str(r#"{ "nodes": [
    /// #   { "op": { "op": "input", "channels": 1, "height": 6, "width": 6 },
    /// #     "inputs": [], "shape": [1, 6, 6], "name": "input", "layer": "" },
    /// #   { "op": { "op": "relu" }, "inputs": [0], "shape": [1, 6, 6], "name": "relu", "layer": "" },
    /// #   { "op": { "op": "flatten" }, "inputs": [1], "shape": [36], "name": "flatten", "layer": "" }
    /// # ], "output": 2 }"#)?;
    /// let relu = graph.find("relu").expect("a ReLU");
    /// assert_eq!(graph.until(relu).output_shape(), [1, 6, 6]);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn until(&self, id: NodeId) -> Self {
        let mut part = Self { nodes: self.nodes[..=id].to_vec(), output: id, auxiliary: Vec::new() };
        part.remove_dead();
        part
    }

    /// The number of channels of the value of node `id` that are interleaved in memory: those of a block, or one.
    ///
    /// # Errors
    /// If a value is too large for the kernels to address.
    pub fn channel_block(&self, id: NodeId) -> Result<usize, PlanError> {
        planes(&Lowered::new(self)).map(|planes| planes[&id].block)
    }

    /// Finds the last fully connected layer and the value it reads, if only a softmax comes between it and the output.
    pub fn head(&self) -> Option<Head> {
        let mut id = self.output;
        loop {
            let node = &self.nodes[id];
            let input = *node.inputs.first()?;
            match node.operation().role() {
                Role::Linear => return Some(Head { input, linear: id }),
                Role::Probability => id = input,
                _ => return None,
            }
        }
    }

    /// Returns the value after a layer's activation: that of the activation which is the only reader of `id`, directly or
    /// through batch norm.
    pub fn activated(&self, id: NodeId) -> Option<NodeId> {
        let consumers = self.consumers();
        let &[next] = &consumers[id][..] else { return None };
        match self.nodes[next].operation().role() {
            Role::Activation => Some(next),
            Role::Norm => self.activated(next),
            _ => None,
        }
    }
}
