//! The graph: operations in the order in which they run.

pub use crate::node_id::NodeId;

use crate::op::{Cost, Op, Operation, ParamSpec, Role, values_of};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One operation and the value that it computes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// The operation, with its settings.
    pub op: Op,
    /// The nodes whose values it reads.
    pub inputs: Vec<NodeId>,
    /// The shape of one sample: `[C, H, W]` or `[F]`.
    pub shape: Vec<usize>,
    /// The unique name of the value: the path of the layer, or the name of the operation.
    pub name: String,
    /// The path of the layer that owns the parameters; empty when there are none.
    pub layer: String,
}

impl Node {
    /// The operation, as a trait object.
    pub fn operation(&self) -> &dyn Operation {
        self.op.as_operation()
    }

    /// The parameters with their full names, such as `conv1.weight`.
    pub fn params(&self) -> Vec<(String, ParamSpec)> {
        full_names(&self.layer, self.operation().params())
    }
}

/// The parameters of a layer with their full names.
pub(crate) fn full_names(layer: &str, params: Vec<ParamSpec>) -> Vec<(String, ParamSpec)> {
    let full =
        |p: ParamSpec| (if layer.is_empty() { p.name.to_string() } else { format!("{layer}.{}", p.name) }, p);
    params.into_iter().map(full).collect()
}

/// A network as data, without code or numerical values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "crate::stored::Graph")]
pub struct Graph {
    /// The operations in an order in which they can run; the first is the input.
    pub nodes: Vec<Node>,
    /// The node whose value is the network's output.
    pub output: NodeId,
    /// Auxiliary classifiers, in a graph for training; a graph for inference has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub auxiliary: Vec<Auxiliary>,
}

/// An auxiliary classifier, whose loss helps to train the layers before it.
///
/// # Source
/// Szegedy et al. 2015, section 5.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auxiliary {
    /// The node that computes its logits, in the shape of the network's own.
    pub logits: NodeId,
    /// The factor of its loss, which is then added to the network's own.
    pub weight: f32,
}

/// The last layer of a classifier, which turns features into logits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The node that the last fully connected layer reads: the features of the image.
    pub input: NodeId,
    /// The node of that layer.
    pub linear: NodeId,
}

/// The reason why a graph that came from a file is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// The first node is not an input, or another node is.
    #[error("graph: node {node} `{name}`: the input must be the first node, and only the first")]
    Input {
        /// The index of the node.
        node: NodeId,
        /// The name of the node.
        name: String,
    },
    /// A node reads a value that does not come before it.
    #[error("graph: node {node} `{name}` takes node {input}, which does not come before it")]
    Order {
        /// The index of the node.
        node: NodeId,
        /// The name of the node.
        name: String,
        /// The index of the node that it reads.
        input: NodeId,
    },
    /// The shapes do not fit, or differ from those in the file.
    #[error("graph: node {node} `{name}`: {problem}")]
    Shape {
        /// The index of the node.
        node: NodeId,
        /// The name of the node.
        name: String,
        /// The problem, and a suggestion.
        problem: String,
    },
    /// A name is empty or used twice.
    #[error("graph: node {node} has the name `{name}`, which is empty or already in use")]
    Name {
        /// The index of the node.
        node: NodeId,
        /// The name of the node.
        name: String,
    },
    /// Two operations share a parameter but need different shapes.
    #[error(
        "graph: node {node} `{name}`: {problem}; operations that share a layer must agree on its parameters"
    )]
    Param {
        /// The index of the second of the two nodes.
        node: NodeId,
        /// The name of that node.
        name: String,
        /// The parameter, and both shapes.
        problem: String,
    },
    /// An auxiliary classifier cannot be trained together with the network's own.
    #[error("graph: auxiliary classifier {index}: {problem}")]
    Auxiliary {
        /// The index of the classifier in [`Graph::auxiliary`].
        index: usize,
        /// The expected and the actual value.
        problem: String,
    },
    /// The output is not a node of the graph.
    #[error("graph: the output is node {output}, but there are only {nodes} nodes")]
    Output {
        /// The index that the graph gives.
        output: NodeId,
        /// The number of nodes.
        nodes: usize,
    },
}

impl Auxiliary {
    /// Checks that logits of shape `shape` can be trained together with an output of shape `output`.
    pub(crate) fn fits(&self, shape: Option<&[usize]>, output: &[usize]) -> Result<(), String> {
        match shape {
            None => Err(format!("expected a node of the graph, got {}", self.logits)),
            Some(shape) if shape != output => {
                Err(format!("expected logits of shape {output:?}, like the network's own, got {shape:?}"))
            }
            Some(_) if !(self.weight > 0.0 && self.weight.is_finite()) => {
                Err(format!("expected a weight above 0, got {}", self.weight))
            }
            Some(_) => Ok(()),
        }
    }
}

impl Graph {
    pub(crate) fn from_trace(nodes: Vec<Node>, output: NodeId, auxiliary: Vec<Auxiliary>) -> Self {
        let mut graph = Self { nodes, output, auxiliary };
        graph.remove_dead();
        graph
    }

    /// The shape `[C, H, W]` of one image.
    ///
    /// # Panics
    /// If the graph has no input; a traced or checked graph has one.
    pub fn input_shape(&self) -> [usize; 3] {
        match self.nodes[0].shape[..] {
            [c, h, w] => [c, h, w],
            _ => unreachable!("the input is an image"),
        }
    }

    /// The shape of one sample of the output.
    pub fn output_shape(&self) -> &[usize] {
        &self.nodes[self.output].shape
    }

    /// Finds a node by its name.
    pub fn find(&self, name: &str) -> Option<NodeId> {
        self.nodes.iter().position(|n| n.name == name)
    }

    /// Finds the first operation in training mode: a batch norm that uses the batch's statistics, or a dropout. The values of
    /// an image then depend on the images in the same batch, or on chance.
    pub fn in_training(&self) -> Option<&Node> {
        let trains = |n: &&Node| n.operation().couples_batch() || n.operation().role() == Role::Noise;
        self.nodes.iter().find(trains)
    }

    /// Lists every parameter once, with its full name, in the order of use.
    pub fn params(&self) -> Vec<(String, ParamSpec)> {
        let mut seen = BTreeSet::new();
        let all = self.nodes.iter().flat_map(Node::params);
        all.filter(|(name, _)| seen.insert(name.clone())).collect()
    }

    /// The number of trainable values, saturating at the largest number.
    pub fn parameter_count(&self) -> usize {
        let trainable = self.params().into_iter().filter(|(_, p)| p.trainable);
        let values = |shape: Vec<usize>| shape.into_iter().fold(1, usize::saturating_mul);
        trainable.map(|(_, p)| values(p.shape)).fold(0, usize::saturating_add)
    }

    /// The multiply-adds for one sample in convolutions and fully connected layers.
    pub fn multiply_adds(&self) -> u64 {
        self.cost().multiply_adds
    }

    /// The cost of one sample, saturating at the largest number.
    pub fn cost(&self) -> Cost {
        let add = |sum: Cost, cost: Cost| Cost {
            multiply_adds: sum.multiply_adds.saturating_add(cost.multiply_adds),
            steps: sum.steps.saturating_add(cost.steps),
        };
        (0..self.nodes.len()).map(|id| self.node_cost(id)).fold(Cost::default(), add)
    }

    /// The cost of one sample in one node.
    pub fn node_cost(&self, id: NodeId) -> Cost {
        let node = &self.nodes[id];
        node.operation().cost(&self.input_shapes(id), &node.shape)
    }

    /// The shape of one sample of each input of a node.
    pub fn input_shapes(&self, id: NodeId) -> Vec<&[usize]> {
        self.nodes[id].inputs.iter().map(|&i| self.nodes[i].shape.as_slice()).collect()
    }

    /// Returns the same network without auxiliary classifiers.
    pub fn without_auxiliary(mut self) -> Self {
        self.auxiliary.clear();
        self.remove_dead();
        self
    }

    /// Removes what neither the output nor an auxiliary classifier depends on, except the input.
    pub(crate) fn remove_dead(&mut self) {
        let mut live = vec![false; self.nodes.len()];
        live[0] = true;
        live[self.output] = true;
        self.auxiliary.iter().for_each(|auxiliary| live[auxiliary.logits] = true);
        for id in (0..self.nodes.len()).rev() {
            if live[id] {
                self.nodes[id].inputs.clone().into_iter().for_each(|i| live[i] = true);
            }
        }
        self.keep(&live);
    }

    fn keep(&mut self, live: &[bool]) {
        let mut next = 0;
        let index: Vec<NodeId> = live
            .iter()
            .map(|&l| {
                next += usize::from(l);
                next.saturating_sub(1)
            })
            .collect();
        let mut id = 0;
        self.nodes.retain(|_| {
            id += 1;
            live[id - 1]
        });
        for node in &mut self.nodes {
            node.inputs.iter_mut().for_each(|i| *i = index[*i]);
        }
        self.output = index[self.output];
        self.auxiliary.iter_mut().for_each(|auxiliary| auxiliary.logits = index[auxiliary.logits]);
    }

    /// Checks a graph that came from elsewhere: the order, the names, all shapes, and that operations which share a parameter
    /// agree on it.
    ///
    /// # Errors
    /// The first fault that is found.
    pub fn check(&self) -> Result<(), GraphError> {
        let mut names = BTreeSet::new();
        let mut params: BTreeMap<String, ParamSpec> = BTreeMap::new();
        for (node, n) in self.nodes.iter().enumerate() {
            let name = n.name.clone();
            if (n.operation().role() == Role::Input) != (node == 0) {
                return Err(GraphError::Input { node, name });
            }
            if let Some(&input) = n.inputs.iter().find(|&&i| i >= node) {
                return Err(GraphError::Order { node, name, input });
            }
            if n.name.is_empty() || !names.insert(&n.name) {
                return Err(GraphError::Name { node, name });
            }
            let problem = match n.operation().shape(&self.input_shapes(node)) {
                Err(e) => e.problem(None),
                Ok(shape) if shape != n.shape => {
                    format!("the file says {:?}, but the operation gives {shape:?}", n.shape)
                }
                Ok(shape) => match values_of(&shape) {
                    Some(1..) => {
                        self.check_params(node, &mut params)?;
                        continue;
                    }
                    _ => format!("a value of shape {shape:?} is empty or has 2^32 numbers or more"),
                },
            };
            return Err(GraphError::Shape { node, name, problem });
        }
        if self.output >= self.nodes.len() {
            return Err(GraphError::Output { output: self.output, nodes: self.nodes.len() });
        }
        for (index, &auxiliary) in self.auxiliary.iter().enumerate() {
            let shape = self.nodes.get(auxiliary.logits).map(|node| &node.shape[..]);
            auxiliary
                .fits(shape, self.output_shape())
                .map_err(|problem| GraphError::Auxiliary { index, problem })?;
        }
        Ok(())
    }

    /// Parameters are identified by name alone, so a name stands for one array.
    fn check_params(&self, node: NodeId, known: &mut BTreeMap<String, ParamSpec>) -> Result<(), GraphError> {
        for (param, spec) in self.nodes[node].params() {
            let first = known.entry(param.clone()).or_insert_with(|| spec.clone());
            if (&first.shape, first.trainable) != (&spec.shape, spec.trainable) {
                let name = self.nodes[node].name.clone();
                let problem = format!(
                    "its parameter `{param}` has shape {:?}, but shape {:?} in an earlier operation",
                    spec.shape, first.shape
                );
                return Err(GraphError::Param { node, name, problem });
            }
        }
        Ok(())
    }
}
