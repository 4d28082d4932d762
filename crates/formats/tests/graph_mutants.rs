//! Ten thousand changed networks, each loaded *and run*: whatever is accepted computes what the plain loops compute, forward
//! and backward, and the rest is refused with an error. The changes keep to the structure (operations, edges, shapes,
//! names, sharing), so that many of them are networks that nobody has thought of.

use ndarray::{Array4, ArrayD, IxDyn};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use striate_formats::{ModelFile, Provenance};
use striate_graph::interpret::Values;
use striate_graph::{Engine, Graph, Node, Params, Session};
use striate_image::Preprocess;
use striate_testkit::{Sample, assert_close, widen};

const MUTANTS: usize = 10_000;
/// More than this is left to the engine alone: the interpreter is a thousand times as slow.
const STEPS: u64 = 2_000_000;
/// One mutant may take so long, on a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(20);

fn node(op: Value, inputs: &[usize], name: &str, layer: &str) -> Node {
    let op = serde_json::from_value(op).unwrap();
    Node { op, inputs: inputs.to_vec(), shape: vec![1], name: name.into(), layer: layer.into() }
}

fn conv(i: usize, o: usize, k: usize, stride: usize, groups: usize) -> Value {
    json!({"op": "conv2d", "in_channels": i, "out_channels": o, "kernel_size": [k, k], "stride": [stride, stride],
           "padding": [k / 2, k / 2], "dilation": [1, 1], "groups": groups, "bias": groups == 1})
}

fn norm(channels: usize) -> Value {
    json!({"op": "batch_norm2d", "num_features": channels, "eps": 1e-5, "momentum": 0.1, "training": false})
}

fn pool(op: &str, extra: Value) -> Value {
    let mut pool = json!({"op": op, "kernel_size": [2, 2], "stride": [2, 2], "padding": [0, 0]});
    pool.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    pool
}

fn linear(i: usize, o: usize) -> Value {
    json!({"op": "linear", "in_features": i, "out_features": o, "bias": true})
}

fn max_pool() -> Value {
    pool("max_pool2d", json!({"dilation": [1, 1]}))
}

/// The networks that are changed: between them every operation that a file may hold.
fn originals() -> Vec<Graph> {
    let input =
        |c: usize| node(json!({"op": "input", "channels": c, "height": 8, "width": 8}), &[], "input", "");
    let plain = |op: &str, at: usize, name: &str| node(json!({"op": op}), &[at], name, "");
    let classic = vec![
        input(1),
        node(conv(1, 16, 3, 1, 1), &[0], "conv1", "conv1"),
        plain("relu", 1, "relu1"),
        node(max_pool(), &[2], "pool1", ""),
        node(conv(16, 16, 3, 1, 1), &[3], "conv2", "conv2"),
        plain("relu", 4, "relu2"),
        node(max_pool(), &[5], "pool2", ""),
        plain("flatten", 6, "flatten"),
        node(linear(64, 12), &[7], "fc1", "fc1"),
        plain("relu", 8, "relu3"),
        node(linear(12, 5), &[9], "fc2", "fc2"),
        plain("softmax", 10, "softmax"),
    ];
    let mut joined = conv(1, 16, 3, 1, 1);
    joined.as_object_mut().unwrap().remove("op");
    let joined = json!({"op": {"op": "conv_relu_pool", "conv": joined}, "inputs": [0], "shape": [16, 4, 4],
                        "name": "joined", "layer": "conv"});
    // A file may say so of three operations.
    let fused = json!({"nodes": [
        input(1),
        joined,
        node(conv(16, 3, 3, 2, 1), &[1], "conv2", "conv2"),
        plain("flatten", 2, "flatten"),
        node(linear(12, 3), &[3], "fc", "fc"),
    ], "output": 4});
    let fused: Graph = serde_json::from_value(fused).unwrap();
    let residual = vec![
        input(3),
        node(conv(3, 6, 3, 1, 1), &[0], "stem", "stem"),
        node(norm(6), &[1], "bn1", "bn1"),
        plain("relu", 2, "relu"),
        node(conv(6, 6, 3, 1, 6), &[3], "a", "a"),
        node(norm(6), &[4], "bn2", "bn2"),
        node(json!({"op": "add"}), &[5, 3], "add", ""),
        plain("relu6", 6, "relu6"),
        node(conv(6, 6, 3, 1, 2), &[7], "b", "a.2"),
        node(pool("avg_pool2d", json!({"count_include_pad": true})), &[8], "avg", ""),
        node(json!({"op": "adaptive_avg_pool2d", "output_size": [2, 1]}), &[9], "adaptive", ""),
        plain("flatten", 10, "flatten"),
        node(linear(12, 12), &[11], "fc1", "fc"),
        node(linear(12, 12), &[12], "fc2", "fc"),
        plain("log_softmax", 13, "log_softmax"),
    ];
    let others = vec![
        input(3),
        node(conv(3, 6, 3, 1, 1), &[0], "conv1", "conv1"),
        node(
            json!({"op": "group_norm", "num_groups": 2, "num_channels": 6, "eps": 1e-2, "affine": true}),
            &[1],
            "gn",
            "gn",
        ),
        node(json!({"op": "prelu", "num_parameters": 6}), &[2], "prelu1", "prelu1"),
        node(
            json!({"op": "local_response_norm", "size": 3, "alpha": 0.5, "beta": 0.75, "k": 1.0}),
            &[3],
            "lrn",
            "",
        ),
        node(
            json!({"op": "interpolate", "to": {"scale_factor": [2, 1]}, "mode": "nearest"}),
            &[4],
            "up1",
            "",
        ),
        node(pool("avg_pool2d", json!({"count_include_pad": true, "ceil_mode": true})), &[5], "avg", ""),
        node(json!({"op": "interpolate", "to": {"size": [5, 7]}, "mode": "bilinear"}), &[6], "up2", ""),
        node(json!({"op": "concat"}), &[7, 7], "concat", ""),
        node(json!({"op": "prelu", "num_parameters": 1}), &[8], "prelu2", "prelu2"),
        node(json!({"op": "adaptive_max_pool2d", "output_size": [2, 1]}), &[9], "adaptive", ""),
        plain("flatten", 10, "flatten"),
        node(linear(24, 5), &[11], "fc", "fc"),
    ];
    let gated = vec![
        input(3),
        node(conv(3, 6, 3, 1, 1), &[0], "conv1", "conv1"),
        node(json!({"op": "adaptive_avg_pool2d", "output_size": [1, 1]}), &[1], "means", ""),
        node(conv(6, 6, 1, 1, 1), &[2], "squeeze", "squeeze"),
        plain("sigmoid", 3, "sigmoid"),
        node(json!({"op": "mul"}), &[1, 4], "gate", ""),
        node(json!({"op": "channel_shuffle", "groups": 3}), &[5], "shuffle", ""),
        node(json!({"op": "narrow", "start": 1, "length": 4}), &[6], "part", ""),
        node(json!({"op": "layer_norm2d", "num_channels": 4, "eps": 1e-2}), &[7], "ln", "ln"),
        node(
            json!({"op": "pointwise_linear", "in_features": 4, "out_features": 4, "bias": true}),
            &[8],
            "mix",
            "mix",
        ),
        node(json!({"op": "layer_scale", "num_channels": 4}), &[9], "scale", "scale"),
        node(json!({"op": "mul"}), &[10, 7], "mul", ""),
        node(json!({"op": "adaptive_avg_pool2d", "output_size": [2, 1]}), &[11], "pool", ""),
        plain("flatten", 12, "flatten"),
        node(linear(8, 5), &[13], "fc", "fc"),
    ];
    let graph = |nodes: Vec<Node>| {
        let mut graph = Graph { output: nodes.len() - 1, nodes, auxiliary: Vec::new() };
        repair(&mut graph);
        graph.check().unwrap();
        graph
    };
    vec![graph(classic), graph(residual), graph(fused.nodes), graph(others), graph(gated)]
}

/// Gives every value the shape that its operation makes, as far as it makes one.
fn repair(graph: &mut Graph) {
    for id in 0..graph.nodes.len() {
        if graph.nodes[id].inputs.iter().any(|&input| input >= id) {
            continue;
        }
        if let Ok(shape) = graph.nodes[id].operation().shape(&graph.input_shapes(id)) {
            graph.nodes[id].shape = shape;
        }
    }
}

/// A number that is near, or one where arithmetic ends.
fn number(rng: &mut Sample, near: u64) -> u64 {
    match rng.usize_in(0..=9) {
        0 => rng.choose(&[1 << 20, (1 << 20) + 1, 1 << 31, 1 << 32, 1 << 62, u64::MAX, 20_000, 4096]),
        1 => 0,
        2..=5 => rng.choose(&[1, 2, 3, 4, 5, 6, 7, 8, 12, 15, 16, 17, 33]),
        6 | 7 => near.saturating_add(1),
        _ => near.saturating_sub(1),
    }
}

/// The places of all numbers in a JSON value.
fn numbers<'a>(value: &'a mut Value, found: &mut Vec<&'a mut Value>) {
    match value {
        Value::Number(_) => found.push(value),
        Value::Array(values) => values.iter_mut().for_each(|value| numbers(value, found)),
        Value::Object(entries) => entries.values_mut().for_each(|value| numbers(value, found)),
        _ => {}
    }
}

fn change_op(rng: &mut Sample, node: &mut Node) {
    let mut op = serde_json::to_value(&node.op).unwrap();
    if rng.chance(0.15) {
        for flag in ["bias", "count_include_pad", "training", "ceil_mode", "affine"] {
            if let Some(Value::Bool(on)) = op.get_mut(flag) {
                *on = !*on;
            }
        }
    } else {
        let mut found = Vec::new();
        numbers(&mut op, &mut found);
        if !found.is_empty() {
            let at = rng.usize_in(0..=found.len() - 1);
            let near = found[at].as_u64().unwrap_or(1);
            *found[at] = number(rng, near).into();
        }
    }
    // Some numbers are no f32; those stay as they were.
    if let Ok(op) = serde_json::from_value(op) {
        node.op = op;
    }
}

fn mutate(rng: &mut Sample, graph: &mut Graph) {
    let last = graph.nodes.len() - 1;
    let (at, other) = (rng.usize_in(0..=last), rng.usize_in(0..=last));
    match rng.usize_in(0..=11) {
        0..=3 => change_op(rng, &mut graph.nodes[at]),
        4 => {
            // An edge, most often to something that comes before.
            let to = if rng.chance(0.9) { other.min(at.saturating_sub(1)) } else { other };
            let inputs = &mut graph.nodes[at].inputs;
            match inputs.len() {
                0 => inputs.push(to),
                n => inputs[rng.usize_in(0..=n - 1)] = to,
            }
        }
        5 => {
            let inputs = &mut graph.nodes[at].inputs;
            if rng.chance(0.5) { inputs.push(other) } else { inputs.truncate(1) }
        }
        6 => {
            let rank = rng.usize_in(0..=4);
            graph.nodes[at].shape = (0..rank).map(|_| number(rng, 8) as usize).collect();
        }
        7 => {
            let name = ["", "x\u{1b}[31m", "猫", graph.nodes[other].name.as_str()];
            graph.nodes[at].name = rng.choose(&name).to_string();
        }
        8 | 9 => graph.nodes[at].layer = graph.nodes[other].layer.clone(),
        10 => {
            // A copy behind, and what came after it one further: an operation twice, with the layer of the first.
            let mut copy = graph.nodes[at].clone();
            copy.name = format!("{}_{}", copy.name, graph.nodes.len());
            if rng.chance(0.8) && !copy.inputs.is_empty() {
                copy.inputs[0] = at;
            }
            graph.nodes.insert(at + 1, copy);
            for node in &mut graph.nodes[at + 2..] {
                node.inputs.iter_mut().filter(|input| **input > at).for_each(|input| *input += 1);
                if rng.chance(0.7) {
                    node.inputs.iter_mut().filter(|input| **input == at).for_each(|input| *input += 1);
                }
            }
            graph.output = graph.output.saturating_add(usize::from(graph.output > at));
        }
        _ => graph.output = if rng.chance(0.7) { at } else { number(rng, last as u64) as usize },
    }
}

/// Parameters, unless the graph asks for more than a file of this kind would have.
fn params(graph: &Graph, seed: u64) -> Params {
    let values = |shape: &[usize]| shape.iter().fold(1_usize, |all, &n| all.saturating_mul(n));
    let all = graph.params().iter().fold(0_usize, |all, (_, spec)| all.saturating_add(values(&spec.shape)));
    if all > 1 << 18 { Params::default() } else { Params::init(graph, seed) }
}

/// What became of a mutant.
#[derive(Default, Debug)]
struct Counts {
    refused: usize,
    compared: usize,
    run: usize,
}

fn load_and_run(graph: Graph, engine: &Engine, counts: &mut Counts, seed: u64) {
    let sound = graph.check().is_ok();
    let params = if sound { params(&graph, seed) } else { Params::default() };
    let shape = graph.nodes.first().map_or(vec![], |node| node.shape.clone());
    let channels = shape.first().copied().unwrap_or(1);
    let numbers = vec![0.5; channels.min(4)];
    let input = [channels, shape.get(1).copied().unwrap_or(1), shape.get(2).copied().unwrap_or(1)];
    let Ok(preprocess) = Preprocess::new(input, &numbers, &numbers) else {
        counts.refused += 1;
        return;
    };
    let classes = graph.nodes.get(graph.output).map_or(1, |node| node.shape.first().copied().unwrap_or(1));
    let classes = (0..classes.min(200_000)).map(|class| class.to_string()).collect();
    let made = ModelFile::new(graph, params, preprocess, classes, Provenance::default(), engine);
    let bytes = match made.and_then(|model| model.to_bytes()) {
        Ok(bytes) => bytes,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            counts.refused += 1;
            return;
        }
    };
    let model = ModelFile::from_bytes(&bytes).expect("what can be written can be read");
    counts.run += 1;
    if model.graph.cost().steps <= STEPS {
        compare(&model, engine, seed);
        counts.compared += 1;
    }
}

/// Every value, and the gradient of every value, of three images.
fn compare(model: &ModelFile, engine: &Engine, seed: u64) {
    let (graph, params, n) = (&model.graph, &model.params, 3);
    let [c, h, w] = graph.input_shape();
    let mut rng = Sample::new(seed);
    let images = rng.normal_vec(n * c * h * w);
    let grad = rng.normal_vec(n * model.classes.len());
    let truth = Values::compute(graph, params, &widen(&images), n, (0, 0));
    let grads = truth.backward(graph, params, &widen(&grad));
    let images = Array4::from_shape_vec((n, c, h, w), images).unwrap();
    let grad = ArrayD::from_shape_vec(IxDyn(&[n, model.classes.len()]), grad).unwrap();
    let make = || Session::with_engine(graph.clone(), params.clone(), engine.clone()).unwrap();

    let fast = make().run(&images.view()).unwrap();
    assert_close(fast.as_slice().unwrap(), truth.get(graph.output), 1e-4, 1e-6, "the output");
    let mut session = make();
    let taps: Vec<_> = graph.nodes.iter().map(|node| session.tap(&node.name).unwrap()).collect();
    let tap_grad = session.tap_grad(&graph.nodes[0].name).unwrap();
    session.run_backward(&images.view(), &grad.view()).unwrap();
    for (id, &tap) in taps.iter().enumerate() {
        let name = &graph.nodes[id].name;
        assert_close(session.get(tap).as_slice().unwrap(), truth.get(id), 1e-4, 1e-6, name);
    }
    let (got, want) = (session.get(tap_grad), &grads.values[0]);
    // Where the output does not depend on the images, the interpreter has nothing and a session nothing or zeros.
    if want.is_empty() {
        assert!(got.iter().all(|&v| v == 0.0));
    } else {
        assert_close(got.as_slice().unwrap(), want, 1e-3, 1e-6, "the gradient of the images");
    }
}

#[test]
fn ten_thousand_changed_networks_run_as_the_plain_loops_do() {
    let (originals, engine) = (originals(), Engine::new(Some(1)).unwrap());
    let mut counts = Counts::default();
    for seed in 0..MUTANTS as u64 {
        let mut rng = Sample::new(seed);
        let mut graph = originals[rng.usize_in(0..=originals.len() - 1)].clone();
        for _ in 0..rng.usize_in(1..=4) {
            mutate(&mut rng, &mut graph);
        }
        if rng.chance(0.8) {
            repair(&mut graph);
        }
        let (text, began) = (serde_json::to_string(&graph).unwrap(), Instant::now());
        let run = || load_and_run(graph, &engine, &mut counts, seed);
        if let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
            eprintln!("mutant {seed}: {text}");
            std::panic::resume_unwind(panic);
        }
        assert!(began.elapsed() < PATIENCE, "mutant {seed} took {:?}: {text}", began.elapsed());
    }
    println!("{counts:?}");
    assert!(counts.compared > MUTANTS / 4, "too few networks are accepted to say anything: {counts:?}");
    assert!(counts.refused > MUTANTS / 4, "too few networks are refused: {counts:?}");
}
