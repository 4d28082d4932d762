//! Graphs that came from elsewhere: what is refused, and with what words.

use striate_graph::op::{Linear, Op, Relu};
use striate_graph::{Engine, Graph, GraphError, Node, Params, PlanError, Session, SessionError};
use striate_kernels::conv::Activation;

fn linear(in_features: usize, out_features: usize) -> Op {
    Linear { in_features, out_features, bias: true, init: None, activation: Activation::None }.into()
}

fn node(op: Op, inputs: &[usize], shape: &[usize], name: &str, layer: &str) -> Node {
    Node { op, inputs: inputs.to_vec(), shape: shape.to_vec(), name: name.into(), layer: layer.into() }
}

/// Flatten, and two linear layers of the given sizes in one layer.
fn twice(first: usize, second: usize) -> Graph {
    let input = serde_json::from_str(r#"{"op":"input","channels":1,"height":2,"width":2}"#).unwrap();
    Graph {
        nodes: vec![
            node(input, &[], &[1, 2, 2], "input", ""),
            node(Op::Flatten(striate_graph::op::Flatten {}), &[0], &[4], "flatten", ""),
            node(linear(4, first), &[1], &[first], "a", "fc"),
            node(Relu {}.into(), &[2], &[first], "relu", ""),
            node(linear(first, second), &[3], &[second], "b", "fc"),
        ],
        output: 4,
    }
}

#[test]
fn operations_that_share_a_layer_agree_on_its_parameters() {
    assert_eq!(twice(4, 4).check(), Ok(()));
    for graph in [twice(4, 3), twice(6, 4), twice(6, 6)] {
        let error = graph.check().unwrap_err();
        assert!(matches!(&error, GraphError::Param { node: 4, .. }), "{error}");
        assert!(error.to_string().contains("`fc.weight`"), "{error}");
        // Nothing else stands between such a graph and the kernels.
        let session =
            Session::with_engine(graph.clone(), Params::init(&graph, 0), Engine::new(Some(1)).unwrap());
        assert!(matches!(session.err(), Some(SessionError::Plan(PlanError::Graph(e))) if e == error));
    }
    assert_eq!(
        twice(4, 3).check().unwrap_err().to_string(),
        "graph: node 4 `b`: its parameter `fc.weight` has shape [3, 4], and shape [4, 4] in an operation before it; \
         operations that share a layer must agree on its parameters"
    );
}
