//! Clones of a session: the same bits on every thread, and one set of parameters for all of them.

use serde_json::json;
use std::thread;
use striate_graph::{Engine, Graph, Params, Session};

const SIDE: usize = 64;
/// Bytes of the weight of [`wide`].
const WEIGHT_BYTES: usize = 4 * SIDE * SIDE * SIDE * SIDE;

/// A convolution by Winograd's algorithm with its batch norm, and a linear layer of 67 MB.
fn wide() -> Graph {
    let features = SIDE * SIDE;
    let conv = |c_in: usize, c_out: usize| {
        json!({"op": "conv2d", "in_channels": c_in, "out_channels": c_out, "kernel_size": [3, 3], "stride": [1, 1],
               "padding": [1, 1], "dilation": [1, 1], "groups": 1, "bias": false})
    };
    let norm =
        json!({"op": "batch_norm2d", "num_features": 32, "eps": 1e-5, "momentum": 0.1, "training": false});
    let linear = json!({"op": "linear", "in_features": features, "out_features": features, "bias": true});
    let operations = [
        (json!({"op": "input", "channels": 1, "height": SIDE, "width": SIDE}), vec![1, SIDE, SIDE], "input"),
        (conv(1, 32), vec![32, SIDE, SIDE], "conv1"),
        (conv(32, 32), vec![32, SIDE, SIDE], "conv2"),
        (norm, vec![32, SIDE, SIDE], "norm"),
        (conv(32, 1), vec![1, SIDE, SIDE], "conv3"),
        (json!({"op": "flatten"}), vec![features], "flatten"),
        (linear, vec![features], "fc"),
    ];
    let node = |(i, (op, shape, name)): (usize, &(serde_json::Value, Vec<usize>, &str))| {
        let inputs: Vec<usize> = i.checked_sub(1).into_iter().collect();
        let layer = if ["input", "flatten"].contains(name) { "" } else { *name };
        json!({"op": op, "inputs": inputs, "shape": shape, "name": name, "layer": layer})
    };
    let nodes: Vec<_> = operations.iter().enumerate().map(node).collect();
    let output = nodes.len() - 1;
    serde_json::from_value(json!({"nodes": nodes, "output": output})).expect("a graph")
}

/// Bytes of this process that are in memory.
#[cfg(target_os = "linux")]
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line of it");
    line.trim().strip_suffix(" kB").and_then(|kb| kb.parse::<usize>().ok()).expect("kilobytes") * 1024
}

/// In one test, so that no other one's memory is counted.
#[test]
fn clones_on_threads_give_the_same_bits_and_share_the_parameters() {
    let graph = wide();
    let params = Params::init(&graph, 0);
    let engine = Engine::new(Some(1)).expect("an instruction set");
    let mut session = Session::with_engine(graph, params, engine).expect("its own parameters");
    let image: Vec<f32> = (0..SIDE * SIDE).map(|i| (i % 251) as f32 / 251.0 - 0.5).collect();
    let two = [&image[..], &image[..]].concat();
    let want = session.run_slice(&image, 1).expect("an image").to_vec();
    let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    #[cfg(target_os = "linux")]
    let before = resident_bytes();

    let clones: Vec<Session> = (0..4).map(|_| session.clone()).collect();
    let run = |mut session: Session| {
        let output = session.run_slice(&two, 2).expect("two images").to_vec();
        (session, output)
    };
    let run = &run;
    let done: Vec<(Session, Vec<f32>)> = thread::scope(|scope| {
        let threads: Vec<_> = clones.into_iter().map(|session| scope.spawn(move || run(session))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    for (_, output) in &done {
        assert_eq!(bits(&output[..want.len()]), bits(&want));
        assert_eq!(bits(&output[want.len()..]), bits(&want));
    }
    #[cfg(target_os = "linux")]
    {
        let more = resident_bytes().saturating_sub(before);
        assert!(more < WEIGHT_BYTES / 2, "four clones take {more} bytes more, one weight {WEIGHT_BYTES}");
    }
    assert!(done.iter().all(|(session, _)| session.memory_bytes() > WEIGHT_BYTES), "all have it");

    // What one looks at changes nothing for the others.
    let mut looking = session.clone();
    let tap = looking.tap("conv2").expect("a layer");
    looking.run_slice(&image, 1).expect("an image");
    assert_eq!(looking.get(tap).shape(), [1, 32, SIDE, SIDE]);
    assert_eq!(bits(session.run_slice(&image, 1).expect("an image")), bits(&want));
    assert_eq!(bits(session.clone().run_slice(&image, 1).expect("an image")), bits(&want));
}
