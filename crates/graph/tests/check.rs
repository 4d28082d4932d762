//! Graphs that came from elsewhere: what is refused, and with what words.

use ndarray::Array4;
use serde_json::json;
use striate_graph::op::{Cost, Init, Linear, Op, Relu};
use striate_graph::{
    Arithmetic, Auxiliary, Engine, Graph, GraphError, Node, Params, PlanError, Runner, Session, SessionError,
    Winograd,
};

fn linear(in_features: usize, out_features: usize) -> Op {
    Linear { in_features, out_features, bias: true, init: None }.into()
}

fn node(op: Op, inputs: &[usize], shape: &[usize], name: &str, layer: &str) -> Node {
    Node { op, inputs: inputs.to_vec(), shape: shape.to_vec(), name: name.into(), layer: layer.into() }
}

#[test]
fn auxiliary_classifiers_must_fit_the_output() {
    let wrong = |logits, weight| {
        let graph = Graph { auxiliary: vec![Auxiliary { logits, weight }], ..twice(4, 4) };
        graph.check().unwrap_err().to_string()
    };
    assert_eq!(
        wrong(0, 0.3),
        "graph: auxiliary classifier 0: expected logits of shape [4], like the network's own, got [1, 2, 2]"
    );
    assert_eq!(wrong(5, 0.3), "graph: auxiliary classifier 0: expected a node of the graph, got 5");
    assert_eq!(wrong(2, f32::NAN), "graph: auxiliary classifier 0: expected a weight above 0, got NaN");
    assert_eq!(wrong(2, -1.0), "graph: auxiliary classifier 0: expected a weight above 0, got -1");
    let graph = Graph { auxiliary: vec![Auxiliary { logits: 2, weight: 0.3 }], ..twice(4, 4) };
    assert_eq!(graph.check(), Ok(()));
    let text = serde_json::to_string(&graph).unwrap();
    assert_eq!(serde_json::from_str::<Graph>(&text).unwrap(), graph);
    assert!(!serde_json::to_string(&twice(4, 4)).unwrap().contains("auxiliary"), "files stay as they were");
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
        auxiliary: vec![],
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
        "graph: node 4 `b`: its parameter `fc.weight` has shape [3, 4], but shape [4, 4] in an earlier operation; \
         operations that share a layer must agree on its parameters"
    );
}

fn op(json: serde_json::Value) -> Op {
    serde_json::from_value(json).unwrap()
}

fn conv(padding: serde_json::Value) -> serde_json::Value {
    json!({"op": "conv2d", "in_channels": 3, "out_channels": 5, "kernel_size": [3, 3], "stride": [1, 1],
           "padding": padding, "dilation": [1, 1], "groups": 1, "bias": true})
}

fn problem(op: &Op, input: &[usize]) -> String {
    let graph = Graph {
        nodes: vec![
            node(
                self::op(json!({"op": "input", "channels": input[0], "height": input[1], "width": input[2]})),
                &[],
                input,
                "input",
                "",
            ),
            node(op.clone(), &[0], &[1], "x", "x"),
        ],
        output: 1,
        auxiliary: vec![],
    };
    graph.check().unwrap_err().to_string()
}

#[test]
fn a_window_that_does_not_fit_is_described() {
    let same = problem(&op(conv(json!([0, 0]))), &[3, 2, 2]);
    assert!(same.contains("larger than its input of 2x2 with padding 0x0"), "{same}");
    let uneven = problem(&op(conv(json!([[0, 0], [0, 1]]))), &[3, 2, 2]);
    assert!(uneven.contains("with padding 0x(0+1)"), "{uneven}");
}

#[test]
fn max_pool_pads_at_most_half_its_window() {
    let pool = |padding: usize| {
        op(
            json!({"op": "max_pool2d", "kernel_size": [3, 3], "stride": [1, 1], "padding": [padding, 0], "dilation": [1, 1]}),
        )
    };
    assert_eq!(pool(1).as_operation().shape(&[&[2, 4, 4]]), Ok(vec![2, 4, 2]));
    assert!(problem(&pool(2), &[2, 4, 4]).contains("more than half"));
}

#[test]
fn costs_count_what_kernels_do() {
    let cost = |op: serde_json::Value, inputs: &[&[usize]]| {
        let op = self::op(op);
        let output = op.as_operation().shape(inputs).unwrap();
        let Cost { multiply_adds, steps } = op.as_operation().cost(inputs, &output);
        (multiply_adds, steps)
    };
    let image: &[usize] = &[3, 8, 6];
    // 5 channels are computed as 16, of 3 · 3 · 3 products each.
    let one = (48 * 5 * 27, 48 * 16 * 27);
    assert_eq!(cost(conv(json!([1, 1])), &[image]), one);
    let window = json!({"kernel_size": [2, 2], "stride": [2, 2], "padding": [0, 0]});
    let mut max = window.clone();
    (max["op"], max["dilation"]) = ("max_pool2d".into(), json!([1, 1]));
    assert_eq!(cost(max, &[image]), (0, 12 * 16 * 4));
    let mut average = window;
    (average["op"], average["count_include_pad"]) = ("avg_pool2d".into(), true.into());
    assert_eq!(cost(average, &[image]), (0, 12 * 16 * 4));
    let adaptive = json!({"op": "adaptive_avg_pool2d", "output_size": [3, 2]});
    assert_eq!(cost(adaptive, &[image]), (0, 6 * 16 * (3 + 1) * (3 + 1)));
    let adaptive = json!({"op": "adaptive_max_pool2d", "output_size": [3, 2]});
    assert_eq!(cost(adaptive, &[image]), (0, 6 * 16 * (3 + 1) * (3 + 1)));
    let norm = json!({"op": "group_norm", "num_groups": 3, "num_channels": 3, "eps": 1e-5, "affine": true});
    assert_eq!(cost(norm, &[image]), (0, 48 * 16));
    let norm =
        |size: usize| json!({"op": "local_response_norm", "size": size, "alpha": 1.0, "beta": 0.5, "k": 1.0});
    assert_eq!((cost(norm(2), &[image]), cost(norm(9), &[image])), ((0, 48 * 16 * 2), (0, 48 * 16 * 3)));
    let scaled = |mode: &str| json!({"op": "interpolate", "to": {"scale_factor": [2, 3]}, "mode": mode});
    assert_eq!(cost(scaled("nearest"), &[image]), (0, 6 * 48 * 16));
    assert_eq!(cost(scaled("bilinear"), &[image]), (0, 4 * 6 * 48 * 16));
    assert_eq!(cost(json!({"op": "prelu", "num_parameters": 1}), &[image]), (0, 48 * 16));
    let linear = json!({"op": "linear", "in_features": 20, "out_features": 17, "bias": true});
    assert_eq!(cost(linear, &[&[20]]), (340, 32 * 20));
    for name in ["relu", "relu6", "flatten"] {
        assert_eq!(cost(json!({"op": name}), &[image]).0, 0);
    }
    assert_eq!(cost(json!({"op": "relu"}), &[image]), (0, 48 * 16));
    assert_eq!(cost(json!({"op": "add"}), &[image, image]), (0, 48 * 16));
    assert_eq!(cost(json!({"op": "softmax"}), &[&[17]]), (0, 32));
}

#[test]
fn where_memory_is_short_fewer_samples_pass_at_once_to_the_same_bits() {
    let graph = twice(4, 4);
    let params = Params::init(&graph, 1);
    let engine = Engine::new(Some(1)).unwrap();
    let images = Array4::from_shape_fn((40, 1, 2, 2), |(n, _, y, x)| (n * 7 + 3 * y + x) as f32 * 0.1);
    let make = || Session::with_engine(graph.clone(), params.clone(), engine.clone()).unwrap();
    let mut usual = make();
    let want = usual.run(&images.view()).unwrap();
    let bytes = usual.memory_bytes();
    for most in [bytes, bytes - 1, bytes / 2, bytes / 3] {
        let mut session = make().with_most_bytes(most);
        assert_eq!(session.run(&images.view()).unwrap(), want);
        assert!(session.memory_bytes() <= most, "{} of {most}", session.memory_bytes());
    }
    let error = make().with_most_bytes(100).run(&images.view()).unwrap_err().to_string();
    assert!(error.contains("kB of memory, but only 1 kB are allowed"), "{error}");
}

#[test]
fn a_runner_says_what_a_session_says() {
    let graph = twice(4, 4);
    let engine = Engine::new(Some(1)).unwrap();
    let make = |params, most_bytes| Runner::new(graph.clone(), params, engine.clone(), most_bytes);
    let said = |made: Result<Runner, SessionError>| made.err().expect("it cannot be made").to_string();
    let session = Session::with_engine(graph.clone(), Params::default(), engine.clone());
    assert_eq!(said(make(Params::default(), None)), session.err().expect("no parameters").to_string());
    let limited = said(make(Params::init(&graph, 1), Some(100)));
    assert!(limited.contains("of memory, but only 1 kB are allowed"), "{limited}");

    let params = Params::init(&graph, 1);
    let mut session = Session::with_engine(graph.clone(), params.clone(), engine.clone()).unwrap();
    let mut runner = make(params, None).unwrap();
    for (values, n) in [(0, 0), (4, 0), (7, 2), (8, 1)] {
        let images = vec![0.5; values];
        assert_eq!(runner.run_slice(&images, n).unwrap_err(), session.run_slice(&images, n).unwrap_err());
    }
    assert_eq!(runner.run_slice(&[0.5; 8], 2).unwrap(), session.run_slice(&[0.5; 8], 2).unwrap());
    assert_eq!(runner.memory_bytes(), session.memory_bytes());
    assert_eq!(runner.clone().memory_bytes(), 0, "nothing is planned yet");
}

#[test]
fn in_use_a_convolution_by_winograd_has_its_weights_in_one_form() {
    let (channels, side) = (128, 14);
    let input = json!({"op": "input", "channels": channels, "height": side, "width": side});
    let mut conv = conv(json!([1, 1]));
    (conv["in_channels"], conv["out_channels"], conv["groups"]) =
        (channels.into(), channels.into(), 1.into());
    let shape = [channels, side, side];
    let nodes = vec![node(op(input), &[], &shape, "input", ""), node(op(conv), &[0], &shape, "conv", "conv")];
    let graph = Graph { nodes, output: 1, auxiliary: vec![] };
    let bytes = |winograd| {
        let arithmetic = Arithmetic { winograd, ..Arithmetic::default() };
        let engine = Engine::new(Some(1)).unwrap().with_arithmetic(arithmetic);
        let params = Params::init(&graph, 1);
        let mut session = Session::with_engine(graph.clone(), params, engine).unwrap();
        session.run(&Array4::ones([1, channels, side, side]).view()).unwrap();
        session.memory_bytes()
    };
    let pairs = 4 * channels * channels;
    let (transformed, direct) = (36 * pairs, 9 * pairs);
    assert_eq!(bytes(Winograd::Auto) - transformed, bytes(Winograd::Off) - direct, "what is not weights");
}

#[test]
fn a_fresh_convolution_keeps_the_size_of_gradients() {
    assert_eq!(Init::kaiming_normal(50), Init::Normal { std: 0.2 });
}

#[test]
fn average_pooling_pads_at_most_half_its_window() {
    let pool = |padding: usize| {
        op(
            json!({"op": "avg_pool2d", "kernel_size": [2, 3], "stride": [1, 1], "padding": [padding, 1], "count_include_pad": true}),
        )
    };
    assert_eq!(pool(1).as_operation().shape(&[&[2, 4, 4]]), Ok(vec![2, 5, 4]));
    assert!(problem(&pool(2), &[2, 4, 4]).contains("more than half"));
}

#[test]
fn groups_that_do_not_divide_are_told_which_do() {
    let mut conv = conv(json!([1, 1]));
    (conv["in_channels"], conv["out_channels"], conv["groups"]) = (12.into(), 18.into(), 4.into());
    let said = problem(&op(conv), &[12, 5, 5]);
    assert!(said.contains("cannot split 12 input and 18 output channels into 4 groups"), "{said}");
    assert!(said.ends_with("groups can be 1, 2, 3, 6 here"), "{said}");
}

/// An operation that a file of format 1 may hold.
fn joined() -> serde_json::Value {
    let mut inner = conv(json!([1, 1]));
    inner.as_object_mut().unwrap().remove("op");
    json!({"op": {"op": "conv_relu_pool", "conv": inner}, "inputs": [0], "shape": [5, 3, 2], "name": "y",
           "layer": "conv"})
}

fn input(shape: [usize; 3]) -> serde_json::Value {
    let [channels, height, width] = shape;
    json!({"op": {"op": "input", "channels": channels, "height": height, "width": width}, "inputs": [],
           "shape": shape, "name": "input", "layer": ""})
}

#[test]
fn the_joined_convolution_of_a_file_is_read_as_its_parts() {
    let flatten = json!({"op": {"op": "flatten"}, "inputs": [1], "shape": [30], "name": "z", "layer": ""});
    let file = json!({"nodes": [input([3, 6, 4]), joined(), flatten], "output": 2});
    let read: Graph = serde_json::from_value(file).unwrap();
    let pool = json!({"op": "max_pool2d", "kernel_size": [2, 2], "stride": [2, 2], "padding": [0, 0], "dilation": [1, 1]});
    let flatten = json!({"op": "flatten"});
    let input = json!({"op": "input", "channels": 3, "height": 6, "width": 4});
    let parts = Graph {
        nodes: vec![
            node(op(input), &[], &[3, 6, 4], "input", ""),
            node(op(conv(json!([1, 1]))), &[0], &[5, 6, 4], "y.conv2d", "conv"),
            node(Relu {}.into(), &[1], &[5, 6, 4], "y.relu", ""),
            node(op(pool), &[2], &[5, 3, 2], "y", ""),
            node(op(flatten), &[3], &[30], "z", ""),
        ],
        output: 4,
        auxiliary: vec![],
    };
    assert_eq!(read, parts);
    assert_eq!(parts.check(), Ok(()));
    let alone = serde_json::from_value::<Op>(joined()["op"].clone()).unwrap_err().to_string();
    assert_eq!(
        alone,
        "conv_relu_pool stands for three operations, and can only be read as a node of a graph"
    );
}

#[test]
fn what_is_wrong_with_a_joined_convolution_is_found_in_its_parts() {
    let said = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut file = json!({"nodes": [input([3, 6, 4]), joined()], "output": 1});
        change(&mut file);
        serde_json::from_value::<Graph>(file).unwrap().check().unwrap_err().to_string()
    };
    for (said, want) in [
        (
            said(&|file| file["nodes"][1]["inputs"] = json!([])),
            "graph: node 1 `y.conv2d`: expected one input, got 0",
        ),
        (
            said(&|file| file["nodes"][1]["inputs"] = json!([usize::MAX])),
            "graph: node 1 `y.conv2d` takes node 18446744073709551615, which does not come before it",
        ),
        (
            said(&|file| file["nodes"][1]["inputs"] = json!([1])),
            "graph: node 1 `y.conv2d` takes node 3, which does not come before it",
        ),
        (
            said(&|file| file["nodes"][1]["shape"] = json!([5, 6, 4])),
            "graph: node 3 `y`: the file says [5, 6, 4], but the operation gives [5, 3, 2]",
        ),
        (
            said(&|file| file["nodes"][1]["op"]["conv"]["in_channels"] = json!(4)),
            "graph: node 1 `y.conv2d`: conv2d expects images of 4 channels, got 3x6x4; set in_channels to 3",
        ),
        (said(&|file| file["output"] = json!(2)), "graph: the output is node 4, but there are only 4 nodes"),
    ] {
        assert_eq!(said, want);
    }
    // Nothing was checked when the parts are made of it.
    for size in [0, 1, usize::MAX / 2 + 1, usize::MAX] {
        said(&|file| file["nodes"][0]["shape"] = json!([3, size, size]));
        for setting in ["kernel_size", "stride", "padding", "dilation"] {
            said(&|file| {
                file["nodes"][0]["shape"] = json!([3, size, usize::MAX]);
                file["nodes"][1]["op"]["conv"][setting] = json!([size, usize::MAX]);
            });
        }
        for setting in ["in_channels", "out_channels", "groups"] {
            said(&|file| {
                file["nodes"][0]["shape"] = json!([size, 6, 4]);
                file["nodes"][1]["op"]["conv"][setting] = json!(size);
            });
        }
    }
}

#[test]
fn a_last_window_begins_before_the_image_ends() {
    let shape = |kernel: usize, stride: usize, padding: usize, side: usize| {
        let pool = json!({"op": "max_pool2d", "kernel_size": [kernel, kernel], "stride": [stride, stride],
                          "padding": [padding, padding], "dilation": [1, 1], "ceil_mode": true});
        op(pool).as_operation().shape(&[&[1, side, side]]).map(|shape| shape[1])
    };
    // PyTorch's own answers.
    for (kernel, stride, padding, side, windows) in [
        (3, 2, 0, 6, 3),
        (3, 2, 0, 7, 3),
        (2, 2, 0, 5, 3),
        (2, 2, 1, 5, 3),
        (3, 2, 1, 6, 4),
        (2, 4, 0, 9, 3),
        (2, 5, 0, 7, 2),
        (2, 7, 0, 7, 1),
        (2, 3, 1, 5, 2),
        (3, usize::MAX, 1, 5, 1),
    ] {
        assert_eq!(shape(kernel, stride, padding, side), Ok(windows), "{kernel} {stride} {padding} {side}");
    }
}
