//! Model files that were made to cost more than they weigh: each is refused at once, before memory is asked for.

mod common;

use common::{join, model, signed, split};
use serde_json::{Value, json};
use std::time::Instant;
use striate_formats::ModelFile;
use striate_graph::Graph;

/// The small model's file with another network in it, signed.
fn with_graph(graph: &Graph) -> Vec<u8> {
    let (header, data) = split(&model().to_bytes().unwrap());
    let mut header: Value = serde_json::from_str(&header).unwrap();
    header["__metadata__"]["striate.graph"] = serde_json::to_string(graph).unwrap().into();
    let mut header = header.to_string();
    header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));
    signed(&join(&header, &data)).unwrap()
}

/// Changes some fields of an operation, and every shape after it.
fn changed(at: usize, fields: Value) -> Graph {
    let mut graph = model().graph;
    let mut op = serde_json::to_value(&graph.nodes[at].op).unwrap();
    op.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    graph.nodes[at].op = serde_json::from_value(op).unwrap();
    // Whatever comes of it, the linear layer gets the size that it was made for.
    let mut adapt = graph.nodes[4].clone();
    adapt.op = serde_json::from_value(json!({"op": "adaptive_avg_pool2d", "output_size": [4, 4]})).unwrap();
    (adapt.inputs, adapt.name) = (vec![4], "adapt".into());
    graph.nodes.insert(5, adapt);
    (graph.nodes[6].inputs, graph.nodes[7].inputs, graph.output) = (vec![5], vec![6], 7);
    shaped(graph)
}

fn shaped(mut graph: Graph) -> Graph {
    for id in 0..graph.nodes.len() {
        let shape = graph.nodes[id].operation().shape(&graph.input_shapes(id)).unwrap();
        graph.nodes[id].shape = shape;
    }
    graph
}

/// The network with so many operations behind it, each of which adds the value before it to another: to itself, or, in the
/// second half of `alive`, to one of the first half, so that half of the values live at the same time.
fn long(more: usize, alive: bool) -> Graph {
    let mut graph = model().graph;
    for i in 0..more {
        let (mut node, before) = (graph.nodes[graph.output].clone(), graph.output);
        node.op = serde_json::from_value(json!({"op": "add"})).unwrap();
        let other = if alive && i > more / 2 { before + more - 2 * i } else { before };
        (node.inputs, node.name, node.layer) = (vec![before, other], format!("add {i}"), String::new());
        graph.nodes.push(node);
        graph.output += 1;
    }
    shaped(graph)
}

#[test]
fn what_a_file_does_not_justify_is_refused() {
    let (conv, pool) = (1, 4);
    let same = |n: usize| json!([n, n]);
    // Output and weights stay as small as they were: padding, and windows that lie in it, cost all the same.
    let halo = json!({"padding": same(20_000), "stride": same(5_000)});
    let pool_halo = json!({"kernel_size": same(8_000), "padding": same(4_000), "stride": same(3_000)});
    let offsets = json!({"padding": same(40_000), "stride": same(20_000)});
    let cases = [
        (changed(conv, halo), "values in all activations"),
        (changed(conv, offsets), "2^32 numbers or more in memory"),
        (changed(pool, pool_halo), "values that the network combines"),
        (long(limits_nodes() - 6, false), "operations in the network"),
    ];
    for (graph, expected) in cases {
        let bytes = with_graph(&graph);
        let (began, error) = (Instant::now(), ModelFile::from_bytes(&bytes).unwrap_err().to_string());
        assert!(error.contains(expected), "{error}");
        assert!(began.elapsed().as_secs() < 1, "{:?} for {error}", began.elapsed());
    }
}

#[test]
fn the_longest_network_that_may_be_is_loaded_without_a_wait() {
    for alive in [false, true] {
        let bytes = with_graph(&long(limits_nodes() - 7, alive));
        let (began, error) = (Instant::now(), ModelFile::from_bytes(&bytes).unwrap_err().to_string());
        // It runs, and says something else than the network whose answers stand in the file.
        assert!(error.contains("golden") || error.contains("logit"), "{error}");
        assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    }
}

/// As in the crate's limits, which are its own.
fn limits_nodes() -> usize {
    10_000
}
