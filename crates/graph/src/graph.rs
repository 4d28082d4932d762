//! The graph: operations in the order they run.

pub use crate::node_id::NodeId;

use crate::op::{Cost, Op, Operation, ParamSpec, Role, values_of};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One operation and the value it makes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// What is computed.
    pub op: Op,
    /// From which values.
    pub inputs: Vec<NodeId>,
    /// Shape of one sample: `[C, H, W]` or `[F]`.
    pub shape: Vec<usize>,
    /// Unique name of the value: the layer's path, or the operation's name.
    pub name: String,
    /// Path of the layer that owns the parameters; empty when there are none.
    pub layer: String,
}

impl Node {
    /// The operation behind the enum.
    pub fn operation(&self) -> &dyn Operation {
        self.op.as_operation()
    }

    /// The parameters with their full names.
    pub fn params(&self) -> Vec<(String, ParamSpec)> {
        full_names(&self.layer, self.operation().params())
    }
}

/// Parameters of a layer with their full names.
pub(crate) fn full_names(layer: &str, params: Vec<ParamSpec>) -> Vec<(String, ParamSpec)> {
    let full =
        |p: ParamSpec| (if layer.is_empty() { p.name.to_string() } else { format!("{layer}.{}", p.name) }, p);
    params.into_iter().map(full).collect()
}

/// A network as data: no code, no memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "crate::stored::Graph")]
pub struct Graph {
    /// Operations in an order in which they can run; the first is the input.
    pub nodes: Vec<Node>,
    /// The node whose value is the network's output.
    pub output: NodeId,
    /// Classifiers beside the network's own, of a graph for training; none in a graph for use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub auxiliary: Vec<Auxiliary>,
}

/// A classifier beside the network's own, whose loss helps the layers before it to learn.
///
/// # Source
/// Szegedy et al. 2015, section 5.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auxiliary {
    /// The node that makes its logits, as many as those of the network.
    pub logits: NodeId,
    /// What its loss is multiplied by before it is added to the network's own.
    pub weight: f32,
}

/// Where a classifier's features become its logits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The value that the last fully connected layer reads: the features of the image.
    pub input: NodeId,
    /// That layer.
    pub linear: NodeId,
}

/// Why a graph that came from a file is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// No input in front, or one elsewhere.
    #[error("graph: node {node} `{name}`: the input must be the first node, and only the first")]
    Input {
        /// Its index.
        node: NodeId,
        /// Its name.
        name: String,
    },
    /// A node takes a value that does not come before it.
    #[error("graph: node {node} `{name}` takes node {input}, which does not come before it")]
    Order {
        /// Its index.
        node: NodeId,
        /// Its name.
        name: String,
        /// What it asks for.
        input: NodeId,
    },
    /// Shapes do not fit, or differ from what the file says.
    #[error("graph: node {node} `{name}`: {problem}")]
    Shape {
        /// Its index.
        node: NodeId,
        /// Its name.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// A name that is empty or comes twice.
    #[error("graph: node {node} has the name `{name}`, which is empty or taken")]
    Name {
        /// Its index.
        node: NodeId,
        /// Its name.
        name: String,
    },
    /// Two operations share a parameter, and it has another shape in each.
    #[error(
        "graph: node {node} `{name}`: {problem}; operations that share a layer must agree on its parameters"
    )]
    Param {
        /// Its index.
        node: NodeId,
        /// Its name.
        name: String,
        /// Which parameter, and both shapes.
        problem: String,
    },
    /// An auxiliary classifier that cannot be trained beside the network's own.
    #[error("graph: auxiliary classifier {index}: {problem}")]
    Auxiliary {
        /// Which of them.
        index: usize,
        /// What is wrong.
        problem: String,
    },
    /// The output is no node.
    #[error("graph: the output is node {output} of {nodes}")]
    Output {
        /// What the graph says.
        output: NodeId,
        /// How many there are.
        nodes: usize,
    },
}

impl Auxiliary {
    /// Whether logits of this shape can be trained beside an output of that one.
    pub(crate) fn fits(&self, shape: Option<&[usize]>, output: &[usize]) -> Result<(), String> {
        match shape {
            None => Err(format!("expected a node of the graph, got {}", self.logits)),
            Some(shape) if shape != output => {
                Err(format!("expected logits of shape {output:?}, as the network's own, got {shape:?}"))
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

    /// Shape `[C, H, W]` of the input.
    ///
    /// # Panics
    /// When the graph has no input; a traced or checked graph has one.
    pub fn input_shape(&self) -> [usize; 3] {
        match self.nodes[0].shape[..] {
            [c, h, w] => [c, h, w],
            _ => unreachable!("the input is an image"),
        }
    }

    /// Shape of the output of one sample.
    pub fn output_shape(&self) -> &[usize] {
        &self.nodes[self.output].shape
    }

    /// Finds a node by its name.
    pub fn find(&self, name: &str) -> Option<NodeId> {
        self.nodes.iter().position(|n| n.name == name)
    }

    /// The first operation in training mode: a batch norm that takes the batch's statistics, or a dropout. An image's values
    /// then depend on the images beside it, or on chance.
    pub fn in_training(&self) -> Option<&Node> {
        let trains = |n: &&Node| n.operation().couples_batch() || n.operation().role() == Role::Noise;
        self.nodes.iter().find(trains)
    }

    /// Every parameter once, in the order of use.
    pub fn params(&self) -> Vec<(String, ParamSpec)> {
        let mut seen = BTreeSet::new();
        let all = self.nodes.iter().flat_map(Node::params);
        all.filter(|(name, _)| seen.insert(name.clone())).collect()
    }

    /// Trainable values; the largest number where there are more.
    pub fn parameter_count(&self) -> usize {
        let trainable = self.params().into_iter().filter(|(_, p)| p.trainable);
        let values = |shape: Vec<usize>| shape.into_iter().fold(1, usize::saturating_mul);
        trainable.map(|(_, p)| values(p.shape)).fold(0, usize::saturating_add)
    }

    /// Multiply-adds of one sample in convolutions and fully connected layers.
    pub fn multiply_adds(&self) -> u64 {
        self.cost().multiply_adds
    }

    /// What one sample costs; the largest number where that is larger.
    pub fn cost(&self) -> Cost {
        let add = |sum: Cost, cost: Cost| Cost {
            multiply_adds: sum.multiply_adds.saturating_add(cost.multiply_adds),
            steps: sum.steps.saturating_add(cost.steps),
        };
        (0..self.nodes.len()).map(|id| self.node_cost(id)).fold(Cost::default(), add)
    }

    /// What one sample costs in one node.
    pub fn node_cost(&self, id: NodeId) -> Cost {
        let node = &self.nodes[id];
        node.operation().cost(&self.input_shapes(id), &node.shape)
    }

    /// Shapes of a node's inputs.
    pub fn input_shapes(&self, id: NodeId) -> Vec<&[usize]> {
        self.nodes[id].inputs.iter().map(|&i| self.nodes[i].shape.as_slice()).collect()
    }

    /// The same network without auxiliary classifiers.
    pub fn without_auxiliary(mut self) -> Self {
        self.auxiliary.clear();
        self.remove_dead();
        self
    }

    /// Drops what neither the output nor an auxiliary classifier depends on; the input stays.
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

    /// Checks a graph that came from elsewhere: order, names, every shape anew, and that operations which share a parameter
    /// agree on it.
    ///
    /// # Errors
    /// The first thing that is wrong.
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
                    format!("the file says {:?}, the operation {shape:?}", n.shape)
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

    /// Parameters are known by their names alone, so a name stands for one array.
    fn check_params(&self, node: NodeId, known: &mut BTreeMap<String, ParamSpec>) -> Result<(), GraphError> {
        for (param, spec) in self.nodes[node].params() {
            let first = known.entry(param.clone()).or_insert_with(|| spec.clone());
            if (&first.shape, first.trainable) != (&spec.shape, spec.trainable) {
                let name = self.nodes[node].name.clone();
                let problem = format!(
                    "its parameter `{param}` has shape {:?}, and shape {:?} in an operation before it",
                    spec.shape, first.shape
                );
                return Err(GraphError::Param { node, name, problem });
            }
        }
        Ok(())
    }
}
