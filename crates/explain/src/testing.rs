//! Networks for tests, put together operation by operation.

use ndarray::{Array3, ArrayD};
use serde_json::{Value, json};
use striate_graph::op::Op;
use striate_graph::{Graph, Node, NodeId, Params};
use striate_testkit::Sample;

/// A network in the making.
#[derive(Clone)]
pub(crate) struct Net {
    nodes: Vec<Node>,
}

impl Net {
    pub(crate) fn new([channels, height, width]: [usize; 3]) -> Self {
        let mut net = Self { nodes: Vec::new() };
        let op = json!({ "op": "input", "channels": channels, "height": height, "width": width });
        net.add(op, &[], "input").unwrap();
        net
    }

    /// Adds an operation; its node, or nothing if it does not fit its inputs.
    pub(crate) fn add(&mut self, op: Value, inputs: &[NodeId], name: &str) -> Option<NodeId> {
        let op: Op = serde_json::from_value(op).unwrap();
        let shapes: Vec<&[usize]> = inputs.iter().map(|&i| self.nodes[i].shape.as_slice()).collect();
        let shape = op.as_operation().shape(&shapes).ok()?;
        let layer = if op.as_operation().params().is_empty() { String::new() } else { name.to_owned() };
        self.nodes.push(Node { op, inputs: inputs.to_vec(), shape, name: name.to_owned(), layer });
        Some(self.last())
    }

    /// Adds an operation behind the last.
    pub(crate) fn then(&mut self, op: Value, name: &str) -> NodeId {
        let last = self.last();
        self.add(op, &[last], name)
            .unwrap_or_else(|| panic!("`{name}` does not fit {:?}", self.nodes[last].shape))
    }

    pub(crate) fn last(&self) -> NodeId {
        self.nodes.len() - 1
    }

    pub(crate) fn shape(&self, id: NodeId) -> &[usize] {
        &self.nodes[id].shape
    }

    pub(crate) fn graph(self) -> Graph {
        let graph = Graph { output: self.nodes.len() - 1, nodes: self.nodes, auxiliary: Vec::new() };
        graph.check().unwrap();
        graph
    }
}

/// A convolution; `sides` are `[[kh, kw], [stride…], [dilation…]]`, `padding` `[[top, bottom], [left, right]]`.
pub(crate) fn conv(
    [from, to, groups]: [usize; 3],
    [kernel, stride, dilation]: [[usize; 2]; 3],
    padding: [[usize; 2]; 2],
    bias: bool,
) -> Value {
    json!({
        "op": "conv2d", "in_channels": from, "out_channels": to, "kernel_size": kernel, "stride": stride,
        "padding": padding, "dilation": dilation, "groups": groups, "bias": bias,
    })
}

pub(crate) fn max_pool(kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2]) -> Value {
    json!({ "op": "max_pool2d", "kernel_size": kernel, "stride": stride, "padding": padding, "dilation": [1, 1] })
}

pub(crate) fn avg_pool(kernel: [usize; 2], stride: [usize; 2], padding: [usize; 2], count: bool) -> Value {
    json!({ "op": "avg_pool2d", "kernel_size": kernel, "stride": stride, "padding": padding, "count_include_pad": count })
}

pub(crate) fn adaptive(output: [usize; 2]) -> Value {
    json!({ "op": "adaptive_avg_pool2d", "output_size": output })
}

pub(crate) fn linear(from: usize, to: usize) -> Value {
    json!({ "op": "linear", "in_features": from, "out_features": to, "bias": true })
}

pub(crate) fn norm(channels: usize) -> Value {
    json!({ "op": "batch_norm2d", "num_features": channels, "eps": 1e-5, "momentum": 0.1, "training": false })
}

pub(crate) fn plain(op: &str) -> Value {
    json!({ "op": op })
}

/// Parameters without a pattern; variances are positive.
pub(crate) fn params(graph: &Graph, seed: u64) -> Params {
    let mut sample = Sample::new(seed);
    let fill = |(name, spec): (String, striate_graph::op::ParamSpec)| {
        let scale = 1.0 / (spec.shape.iter().skip(1).product::<usize>().max(1) as f32).sqrt();
        let values = sample.normal_vec(spec.shape.iter().product());
        let is_variance = name.ends_with("running_var");
        let values = values.into_iter().map(|v| if is_variance { 0.3 + v * v } else { scale * v });
        let values = ArrayD::from_shape_vec(spec.shape, values.collect()).unwrap();
        (name, values)
    };
    graph.params().into_iter().map(fill).collect()
}

pub(crate) fn image(shape: [usize; 3], seed: u64) -> Array3<f32> {
    let values = Sample::new(seed).normal_vec(shape.iter().product());
    Array3::from_shape_vec(shape, values).unwrap()
}
