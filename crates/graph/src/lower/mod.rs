//! A graph while it is being planned, as passes have changed its operations. It is never stored in a file.
//!
//! A node keeps its index through all passes, so that observed, replaced or scaled values are still found under it.

mod conv_relu_pool;

pub(crate) use conv_relu_pool::ConvReluPool;

use crate::arithmetic::Arithmetic;
use crate::emit::{BackwardKernels, ForwardKernels};
use crate::explain::Pass;
use crate::graph::{Graph, Node, NodeId, full_names};
use crate::op::{AlgorithmChoice, Op, Operation, ParamSpec};
use striate_kernels::Activation;

/// A graph on its way to a program.
pub(crate) struct Lowered<'g> {
    pub(crate) graph: &'g Graph,
    /// One entry per node; `None` for one that is not computed by itself.
    nodes: Vec<Option<LoweredNode<'g>>>,
    /// How sums of products may be computed.
    pub(crate) arithmetic: Arithmetic,
}

/// How the value of a node is computed; its name and its shape are those of the graph's node.
#[derive(Debug, Clone)]
pub(crate) struct LoweredNode<'g> {
    pub(crate) form: Form,
    /// The nodes whose values it reads.
    pub(crate) inputs: Vec<NodeId>,
    /// Path of the layer that owns the parameters.
    pub(crate) layer: &'g str,
    /// The nodes whose operations its kernels carry out, in order.
    pub(crate) nodes: Vec<NodeId>,
}

/// An operation as it is stored, or several that passes have fused.
#[derive(Debug, Clone)]
pub(crate) enum Form {
    Stored(Op),
    /// An operation followed by what its kernel does last: it adds the last of the inputs to its sums, if `adds` is set, and
    /// applies an activation.
    Joined {
        op: Op,
        adds: bool,
        activation: Activation,
    },
    ConvReluPool(ConvReluPool),
}

impl Form {
    /// The operation that reads the inputs and has the parameters.
    pub(crate) fn operation(&self) -> &dyn Operation {
        match self {
            Self::Stored(op) | Self::Joined { op, .. } => op.as_operation(),
            Self::ConvReluPool(joined) => &joined.conv,
        }
    }

    /// As [`Operation::choice`].
    pub(crate) fn choice(&self, inputs: &[&[usize]], pass: Pass, arithmetic: Arithmetic) -> AlgorithmChoice {
        match self {
            Self::Stored(op) | Self::Joined { op, .. } => op.as_operation().choice(inputs, pass, arithmetic),
            Self::ConvReluPool(joined) => joined.choice(),
        }
    }

    /// Whether input `i` is added to the result of the operation.
    fn is_added(&self, i: usize) -> bool {
        i > 0 && matches!(self, Self::Joined { adds: true, .. })
    }

    /// As [`Operation::input_halo`], for input `i`.
    pub(crate) fn input_halo(&self, i: usize, input: &[usize]) -> [usize; 2] {
        if self.is_added(i) { [0, 0] } else { self.operation().input_halo(input) }
    }

    /// As [`Operation::takes_planar`], for input `i`.
    pub(crate) fn takes_planar(&self, i: usize) -> bool {
        !self.is_added(i) && self.operation().takes_planar()
    }

    /// The halo that the backward kernels need around the gradient of input `i`.
    pub(crate) fn input_grad_halo(&self, i: usize, input: &[usize]) -> [usize; 2] {
        if self.is_added(i) { [0, 0] } else { self.grad_halos(input).1 }
    }

    /// As [`Operation::takes_gradient`].
    pub(crate) fn takes_gradient(&self) -> bool {
        !matches!(self, Self::ConvReluPool(_)) && self.operation().takes_gradient()
    }

    /// As [`Operation::grad_halos`].
    fn grad_halos(&self, input: &[usize]) -> ([usize; 2], [usize; 2]) {
        match self {
            Self::Stored(op) | Self::Joined { op, .. } => op.as_operation().grad_halos(input),
            Self::ConvReluPool(joined) => joined.grad_halos(),
        }
    }

    /// Adds the kernels of the forward pass.
    pub(crate) fn forward(&self, at: &mut ForwardKernels<'_>) {
        match self {
            Self::Stored(op) => op.as_operation().forward(at),
            Self::Joined { op, adds, activation } => {
                at.added = at.x.last().copied().filter(|_| *adds);
                at.activation = *activation;
                op.as_operation().forward(at);
            }
            Self::ConvReluPool(joined) => joined.forward(at),
        }
    }

    /// Adds the kernels of the backward pass.
    pub(crate) fn backward(&self, at: &mut BackwardKernels<'_>) {
        match self {
            Self::Stored(op) => op.as_operation().backward(at),
            Self::Joined { op, adds, activation } => {
                at.activation = *activation;
                if *adds {
                    (at.adds, at.dadded) = (true, at.dx.pop().flatten());
                }
                op.as_operation().backward(at);
            }
            Self::ConvReluPool(joined) => joined.backward(at),
        }
    }
}

impl LoweredNode<'_> {
    pub(crate) fn operation(&self) -> &dyn Operation {
        self.form.operation()
    }

    /// The parameters with their full names.
    pub(crate) fn params(&self) -> Vec<(String, ParamSpec)> {
        full_names(self.layer, self.operation().params())
    }
}

impl<'g> Lowered<'g> {
    /// Every node as it is in the graph.
    pub(crate) fn new(graph: &'g Graph) -> Self {
        let node = |(id, node): (NodeId, &'g Node)| {
            let form = Form::Stored(node.op.clone());
            Some(LoweredNode { form, inputs: node.inputs.clone(), layer: &node.layer, nodes: vec![id] })
        };
        Self {
            graph,
            nodes: graph.nodes.iter().enumerate().map(node).collect(),
            arithmetic: Arithmetic::PLAIN,
        }
    }

    /// The nodes that are computed, in order.
    pub(crate) fn nodes(&self) -> impl DoubleEndedIterator<Item = (NodeId, &LoweredNode<'g>)> {
        self.nodes.iter().enumerate().filter_map(|(id, node)| Some((id, node.as_ref()?)))
    }

    /// One of them, if it is computed by itself.
    pub(crate) fn node(&self, id: NodeId) -> Option<&LoweredNode<'g>> {
        self.nodes[id].as_ref()
    }

    pub(crate) fn name(&self, id: NodeId) -> &'g str {
        &self.graph.nodes[id].name
    }

    pub(crate) fn shape(&self, id: NodeId) -> &'g [usize] {
        &self.graph.nodes[id].shape
    }

    /// Shapes of a node's inputs.
    pub(crate) fn input_shapes(&self, node: &LoweredNode<'_>) -> Vec<&'g [usize]> {
        node.inputs.iter().map(|&i| self.shape(i)).collect()
    }

    /// The halo that a node's own backward kernels need around the gradient of its value.
    pub(crate) fn grad_halo(&self, id: NodeId) -> [usize; 2] {
        let own = |node: &LoweredNode<'_>| {
            let &input = node.inputs.first()?;
            Some(node.form.grad_halos(self.shape(input)).0)
        };
        self.node(id).and_then(own).unwrap_or([0, 0])
    }

    /// The nodes that read the value of each node; one that reads it twice is listed twice.
    pub(crate) fn consumers(&self) -> Vec<Vec<NodeId>> {
        let mut consumers = vec![Vec::new(); self.nodes.len()];
        for (id, node) in self.nodes() {
            node.inputs.iter().for_each(|&i| consumers[i].push(id));
        }
        consumers
    }

    /// Like [`Lowered::consumers`], with the position of the value among the inputs of each.
    pub(crate) fn readers(&self) -> Vec<Vec<(&LoweredNode<'g>, usize)>> {
        let mut readers = vec![Vec::new(); self.nodes.len()];
        for (_, node) in self.nodes() {
            node.inputs.iter().enumerate().for_each(|(i, &input)| readers[input].push((node, i)));
        }
        readers
    }

    /// Makes the host write the value of a node.
    pub(crate) fn cut(&mut self, id: NodeId) {
        let mut sides = self.shape(id).iter().copied().chain([1, 1]);
        let image = std::array::from_fn(|_| sides.next().unwrap_or(1));
        let form = Form::Stored(Op::input(image));
        self.nodes[id] = Some(LoweredNode { form, inputs: Vec::new(), layer: "", nodes: vec![id] });
    }

    /// Makes `form`, with the inputs and parameters of node `before`, compute the value of node `id`.
    pub(crate) fn join(&mut self, before: NodeId, id: NodeId, form: Form) {
        self.nodes[id] = self.nodes[before].clone().map(|node| {
            let nodes = [&node.nodes[..], &[id]].concat();
            LoweredNode { form, nodes, ..node }
        });
    }

    /// Makes a node read other values.
    pub(crate) fn set_inputs(&mut self, id: NodeId, inputs: Vec<NodeId>) {
        if let Some(node) = &mut self.nodes[id] {
            node.inputs = inputs;
        }
    }

    /// Stops computing what neither the output nor a value in `keep` depends on; the input stays.
    pub(crate) fn remove_dead(&mut self, keep: &[NodeId]) {
        let mut live = vec![false; self.nodes.len()];
        keep.iter().chain([&0, &self.graph.output]).for_each(|&id| live[id] = true);
        for (id, node) in self.nodes.iter_mut().enumerate().rev() {
            match node {
                Some(node) if live[id] => node.inputs.iter().for_each(|&i| live[i] = true),
                _ => *node = None,
            }
        }
    }
}
