//! Passes: each makes a graph cheaper without changing what it computes.

mod fold_batch_norm;
mod fuse;
mod fuse_beside;

pub(crate) use fold_batch_norm::{Folded, fold_batch_norm};
pub(crate) use fuse::fuse;
pub(crate) use fuse_beside::fuse_beside;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Graph, Node, NodeId};
    use crate::lower::{Form, Lowered, LoweredNode};
    use serde_json::json;

    /// A graph with an input of 3 x 8 x 8 and these operations in a row, each named after its operation and position.
    fn row(operations: &[(serde_json::Value, &[usize])]) -> Graph {
        let mut nodes = vec![json!({
            "op": {"op": "input", "channels": 3, "height": 8, "width": 8},
            "inputs": [], "shape": [3, 8, 8], "name": "input", "layer": ""
        })];
        for (i, (op, shape)) in operations.iter().enumerate() {
            let name = format!("{}{}", op["op"].as_str().unwrap(), i + 1);
            nodes.push(json!({"op": op, "inputs": [i], "shape": shape, "name": name, "layer": name}));
        }
        let graph: Graph =
            serde_json::from_value(json!({"nodes": nodes, "output": operations.len()})).unwrap();
        graph.check().unwrap();
        graph
    }

    fn conv(bias: bool) -> serde_json::Value {
        json!({"op": "conv2d", "in_channels": 3, "out_channels": 16, "kernel_size": [3, 3], "stride": [1, 1],
               "padding": [1, 1], "dilation": [1, 1], "groups": 1, "bias": bias})
    }

    fn pool(side: usize) -> serde_json::Value {
        json!({"op": "max_pool2d", "kernel_size": [side, side], "stride": [side, side], "padding": [0, 0],
               "dilation": [1, 1]})
    }

    fn names(lowered: &Lowered<'_>) -> Vec<&'static str> {
        let name = |(_, node): (NodeId, &LoweredNode<'_>)| match &node.form {
            Form::ConvReluPool(_) => "conv_relu_pool",
            form => form.operation().name(),
        };
        lowered.nodes().map(name).collect()
    }

    const WHOLE: &[usize] = &[16, 8, 8];
    const HALF: &[usize] = &[16, 4, 4];

    #[test]
    fn a_norm_goes_into_the_convolution_that_it_alone_reads() {
        let norm =
            json!({"op": "batch_norm2d", "num_features": 16, "eps": 0.1, "momentum": 0.1, "training": false});
        let graph = row(&[(conv(false), WHOLE), (norm.clone(), WHOLE)]);
        let folded = |graph: &Graph, keep: &[NodeId]| {
            let mut lowered = Lowered::new(graph);
            fold_batch_norm(&mut lowered, keep);
            lowered.nodes().count() == 2
        };
        assert!(folded(&graph, &[]));
        assert!(!folded(&graph, &[1]), "somebody looks");
        let mut shared = row(&[(conv(false), WHOLE), (norm.clone(), WHOLE), (norm, WHOLE)]);
        shared.nodes[3].layer = shared.nodes[2].layer.clone();
        assert!(!folded(&shared, &[]), "the norm runs twice");
    }

    #[test]
    fn what_is_looked_at_is_left_beside_the_joined_kernel() {
        let graph = row(&[(conv(true), WHOLE), (json!({"op": "relu"}), WHOLE), (pool(2), HALF)]);
        let joined = |graph: &Graph, keep: &[NodeId], beside: &[NodeId]| {
            let (mut lowered, mut keep) = (Lowered::new(graph), keep.to_vec());
            fuse_beside(&mut lowered, &mut keep, beside);
            names(&lowered) == ["input", "conv_relu_pool"]
        };
        let beside: &[NodeId] = &[1];
        assert!(joined(&graph, beside, beside));
        assert!(!joined(&graph, beside, &[]), "nobody looks, so that the other pass joins them");
        assert!(!joined(&graph, &[1, 2], beside), "the ReLU is looked at");
        let wide = row(&[(conv(true), WHOLE), (json!({"op": "relu"}), WHOLE), (pool(4), &[16, 2, 2])]);
        assert!(!joined(&wide, beside, beside), "another window");
        let mut read = graph.clone();
        read.output = 2;
        assert!(!joined(&read, beside, beside), "the ReLU is the output");
    }

    /// Two convolutions of the input, a sum of their values in the order of `terms`, and a function of the sum.
    fn sum_of(terms: [usize; 2]) -> Graph {
        let relu = (json!({"op": "relu"}), WHOLE);
        let mut graph = row(&[(conv(true), WHOLE), relu.clone(), relu.clone(), relu]);
        let first = graph.nodes[1].clone();
        graph.nodes[2] = Node { layer: "conv2d2".into(), name: "conv2d2".into(), ..first };
        graph.nodes[3].op = serde_json::from_value(json!({"op": "add"})).unwrap();
        graph.nodes[3].inputs = terms.to_vec();
        graph.check().unwrap();
        graph
    }

    #[test]
    fn a_sum_joins_the_convolution_that_is_computed_last() {
        fn inputs<'g>(graph: &'g Graph, keep: &[NodeId]) -> (&'static str, bool, &'g str, Vec<NodeId>) {
            let mut lowered = Lowered::new(graph);
            fuse(&mut lowered, keep);
            let node = lowered.node(4).unwrap();
            let Form::Joined { op, adds, activation } = &node.form else { panic!("{node:?}") };
            assert_eq!(*activation, striate_kernels::Activation::RELU);
            (op.as_operation().name(), *adds, node.layer, node.inputs.clone())
        }
        for terms in [[1, 2], [2, 1]] {
            let graph = sum_of(terms);
            assert_eq!(inputs(&graph, &[]), ("conv2d", true, "conv2d2", vec![0, 1]));
            assert_eq!(inputs(&graph, &[2]), ("conv2d", true, "conv2d1", vec![0, 2]), "somebody looks");
            assert_eq!(inputs(&graph, &[1, 2]), ("add", false, "relu3", terms.to_vec()));
        }
        let graph = sum_of([2, 2]);
        assert_eq!(
            inputs(&graph, &[]),
            ("add", false, "relu3", vec![2, 2]),
            "the convolution has two consumers"
        );
        let graph = sum_of([1, 2]);
        let mut lowered = Lowered::new(&graph);
        fuse(&mut lowered, &[3]);
        assert_eq!(names(&lowered), ["input", "conv2d", "conv2d", "relu"], "the sum is looked at");
        let Some(Form::Joined { adds: true, activation, .. }) = lowered.node(3).map(|node| &node.form) else {
            panic!("the sum itself has no other consumer")
        };
        assert_eq!(*activation, striate_kernels::Activation::None);
    }
}
