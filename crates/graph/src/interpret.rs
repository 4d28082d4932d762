//! The interpreter: runs the same graph with plain loops in f64, one operation after the other. It is slow and exact. The
//! engine is tested against it, and it gives access to every value without a plan.

use crate::edit::{Edit, Edits};
use crate::graph::{Graph, NodeId};
use crate::op::Reference;
use crate::params::Params;
use crate::run_error::RunError;
use std::collections::BTreeMap;
use striate_kernels::{ReluRule, Target, reference};

/// The values of all nodes of a graph for one batch, in f64.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    n: usize,
    values: Vec<Vec<f64>>,
    random: (u64, u64),
    edited: Edited,
}

/// What the backward pass needs to know about edits.
#[derive(Debug, Clone, PartialEq, Default)]
struct Edited {
    params: Option<Params>,
    /// Factors of the channels, or `None` where no gradient passes.
    values: BTreeMap<NodeId, Option<Vec<f64>>>,
}

/// The gradients of a loss, in f64.
#[derive(Debug, Clone, PartialEq)]
pub struct LossGradients {
    /// The loss.
    pub loss: f64,
    /// The gradient of the images, row-major `[N, C, H, W]`.
    pub input: Vec<f64>,
    /// The gradient of each trainable parameter, by full name.
    pub params: BTreeMap<String, Vec<f64>>,
}

/// The gradients of a weighted sum of the output, in f64.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueGradients {
    /// The gradient of each node's value; empty if the output does not depend on it.
    pub values: Vec<Vec<f64>>,
    /// The gradient of each trainable parameter, by full name.
    pub params: BTreeMap<String, Vec<f64>>,
}

fn node_params(graph: &Graph, params: &Params, id: NodeId) -> Vec<Vec<f64>> {
    let find = |name: &str| {
        let array = params.get(name).unwrap_or_else(|| panic!("no parameter {name}: check them first"));
        array.iter().map(|&v| f64::from(v)).collect()
    };
    graph.nodes[id].params().iter().map(|(name, _)| find(name)).collect()
}

impl Values {
    /// Runs the graph on `n` images, row-major `[N, C, H, W]`. `random` is the seed and the number of the update, on which
    /// dropout depends.
    ///
    /// # Panics
    /// If the parameters do not match the graph, or `images` does not hold `n` images.
    pub fn compute(graph: &Graph, params: &Params, images: &[f64], n: usize, random: (u64, u64)) -> Self {
        Self::run(graph, params, images, n, random, Edits::default())
    }

    /// Runs the graph like [`Values::compute`], for a network in inference with some of its values or parameters changed. The
    /// changes also apply to the gradients that are computed from the result.
    ///
    /// # Errors
    /// If an edit does not fit, as in [`Session::run_with`](crate::Session::run_with).
    ///
    /// # Panics
    /// Those of [`Values::compute`].
    pub fn compute_with(
        graph: &Graph,
        params: &Params,
        images: &[f64],
        n: usize,
        edits: &[Edit],
    ) -> Result<Self, RunError> {
        Ok(Self::run(graph, params, images, n, (0, 0), Edits::new(edits, graph, params, n)?))
    }

    fn run(
        graph: &Graph,
        params: &Params,
        images: &[f64],
        n: usize,
        random: (u64, u64),
        edits: Edits<'_>,
    ) -> Self {
        assert_eq!(images.len(), n * graph.input_shape().iter().product::<usize>());
        let edited = Edited { params: edits.params, values: BTreeMap::new() };
        let mut this = Self { n, values: Vec::new(), random, edited };
        for (id, node) in graph.nodes.iter().enumerate() {
            let params = node_params(graph, this.edited.params.as_ref().unwrap_or(params), id);
            let mut value = this
                .with(graph, id, images, &params, ReluRule::Gradient, |at| node.operation().reference(at));
            if let Some(edit) = edits.values.iter().find(|edit| edit.id == id) {
                edit.apply(&mut value, &node.shape, 0);
                let factors = edit.factors.iter().map(|&f| f64::from(f)).collect();
                this.edited.values.insert(id, edit.replacement.is_none().then_some(factors));
            }
            this.values.push(value);
        }
        this
    }

    fn with<T>(
        &self,
        graph: &Graph,
        id: NodeId,
        images: &[f64],
        params: &[Vec<f64>],
        relu: ReluRule,
        f: impl FnOnce(&Reference<'_>) -> T,
    ) -> T {
        let node = &graph.nodes[id];
        let mut x: Vec<&[f64]> = node.inputs.iter().map(|&i| self.values[i].as_slice()).collect();
        if x.is_empty() {
            x.push(images);
        }
        f(&Reference {
            n: self.n,
            x: &x,
            shapes: &graph.input_shapes(id),
            shape: &node.shape,
            params,
            random: self.random,
            relu,
            name: &node.name,
        })
    }

    /// Returns the value of a node, row-major `[N, …]`.
    pub fn get(&self, id: NodeId) -> &[f64] {
        &self.values[id]
    }

    /// Computes the loss and its gradients for the labels of the batch, or for mixtures of two labels each.
    ///
    /// # Panics
    /// If the output is not a vector of logits.
    pub fn gradients<T: Into<Target> + Copy>(
        &self,
        graph: &Graph,
        params: &Params,
        targets: &[T],
        loss: &crate::loss::CrossEntropy,
    ) -> LossGradients {
        let [classes] = *graph.output_shape() else { panic!("the output is not a vector of logits") };
        let weights: Option<Vec<f64>> =
            loss.class_weights.as_ref().map(|w| w.iter().map(|&v| f64::from(v)).collect());
        let logits = &self.values[graph.output];
        let smoothing = f64::from(loss.label_smoothing);
        let (loss, start) =
            reference::cross_entropy(self.n, classes, logits, targets, smoothing, weights.as_deref());
        let mut back = self.backward(graph, params, &start);
        let input = back.values.swap_remove(0);
        LossGradients { loss, input, params: back.params }
    }

    /// Computes the gradients of `Σ grad_output · output` with respect to every value and parameter of the network as it was
    /// run. They pass through edits as described at [`BackwardOptions`](crate::BackwardOptions).
    pub fn backward(&self, graph: &Graph, params: &Params, grad_output: &[f64]) -> ValueGradients {
        self.backward_with(graph, params, grad_output, ReluRule::Gradient)
    }

    /// Computes gradients like [`Values::backward`], with another rule for ReLU and ReLU6; the result is then not a true
    /// gradient.
    pub fn backward_with(
        &self,
        graph: &Graph,
        params: &Params,
        grad_output: &[f64],
        relu: ReluRule,
    ) -> ValueGradients {
        let params = self.edited.params.as_ref().unwrap_or(params);
        let mut gradients: Vec<Option<Vec<f64>>> = vec![None; graph.nodes.len()];
        gradients[graph.output] = Some(grad_output.to_vec());
        let mut by_name: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (id, node) in graph.nodes.iter().enumerate().skip(1).rev() {
            let Some(mut grad) = gradients[id].clone() else { continue };
            match self.edited.values.get(&id) {
                Some(Some(factors)) => grad = reference::scale_channels(self.n, &grad, factors),
                Some(None) => continue,
                None => {}
            }
            let values = node_params(graph, params, id);
            let found =
                self.with(graph, id, &[], &values, relu, |at| node.operation().reference_vjp(at, &grad));
            for (&input, grad) in node.inputs.iter().zip(found.inputs) {
                add(gradients[input].get_or_insert_with(|| vec![0.0; grad.len()]), &grad);
            }
            let trainable = node.params().into_iter().filter(|(_, p)| p.trainable);
            for ((name, _), grad) in trainable.zip(found.params) {
                add(by_name.entry(name).or_insert_with(|| vec![0.0; grad.len()]), &grad);
            }
        }
        let values = gradients.into_iter().map(Option::unwrap_or_default).collect();
        ValueGradients { values, params: by_name }
    }
}

fn add(to: &mut [f64], from: &[f64]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
}
