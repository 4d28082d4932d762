//! The logit is the sum of its parts, to 1e-5 of it, for every class.

use super::*;

fn relu(kind: &str) -> serde_json::Value {
    json!({ "op": kind })
}

fn norm() -> serde_json::Value {
    json!({ "op": "batch_norm2d", "num_features": 4, "eps": 1e-3, "momentum": 0.1, "training": false })
}

fn pool(kind: &str) -> serde_json::Value {
    match kind {
        "max_pool2d" => json!({
            "op": kind, "kernel_size": [2, 2], "stride": [2, 2], "padding": [0, 0], "dilation": [1, 1],
        }),
        _ => json!({
            "op": kind, "kernel_size": [2, 2], "stride": [2, 2], "padding": [0, 0],
            "count_include_pad": true,
        }),
    }
}

/// A convolution, batch norm, an activation, a pool, two linear layers.
fn normed(activation: &str, pooling: &str) -> Graph {
    let (maps, half) = ([4, 6, 6], [4, 3, 3]);
    let hidden = json!({ "op": "linear", "in_features": 36, "out_features": 5, "bias": true });
    let last = json!({ "op": "linear", "in_features": 5, "out_features": 3, "bias": true });
    chain(&[
        ("conv", conv(1, 1), &maps),
        ("bn", norm(), &maps),
        ("relu", relu(activation), &maps),
        ("pool", pool(pooling), &half),
        ("flatten", flatten(), &[36]),
        ("fc1", hidden, &[5]),
        ("relu_1", relu(activation), &[5]),
        ("fc2", last, &[3]),
    ])
}

/// Statistics and gains that are neither 0 nor 1, and values large enough for ReLU6 to saturate.
fn strong(graph: &Graph) -> Params {
    let mut params = params(graph);
    for (name, from, step) in
        [("bn.running_mean", -0.2, 0.3), ("bn.running_var", 0.1, 0.05), ("bn.weight", 4.0, 2.0)]
    {
        let values = params.get_mut(name).unwrap();
        values.iter_mut().enumerate().for_each(|(i, v)| *v = from + step * i as f32);
    }
    params
}

#[test]
fn the_image_and_every_bias_make_the_logit() {
    for (activation, pooling) in [("relu", "max_pool2d"), ("relu", "avg_pool2d"), ("relu6", "max_pool2d")] {
        let graph = normed(activation, pooling);
        let mut session = Session::new(graph.clone(), strong(&graph)).unwrap();
        let mut heard = std::collections::BTreeMap::new();
        for (seed, class) in [(0.0, 0), (1.0, 1), (2.0, 2)] {
            let x = image(seed);
            let found = Attributor::new(&mut session, x.view(), class).unwrap().exact_sum().unwrap();
            let complete = found.completeness.unwrap();
            assert_eq!(complete.rise as f32, found.logit);
            // A logit near 0 is a difference of large parts, which are rounded in units of their own.
            let largest = found.parts.iter().map(|part| part.sum.abs()).fold(complete.rise.abs(), f64::max);
            assert!(complete.gap.abs() < 1e-5 * largest, "{activation} {pooling}: {complete:?} of {largest}");
            let names: Vec<&str> = found.parts.iter().map(|part| part.name.as_str()).collect();
            let want: &[&str] = match activation {
                "relu" => &["input", "conv", "bn", "fc1", "fc2"],
                _ => &["input", "conv", "bn", "relu", "fc1", "relu_1", "fc2"],
            };
            assert_eq!(names, want);
            for part in found.parts.iter().filter(|part| !part.name.starts_with("relu")) {
                let most = heard.entry(part.name.clone()).or_insert(0.0_f64);
                *most = most.max(part.sum.abs());
            }
            // The image has all but what has no place in it.
            let placed: f64 = found.parts.iter().filter(|p| p.shape.len() == 3).map(|p| p.sum).sum();
            let drawn: f64 = found.values.iter().map(|&v| f64::from(v)).sum();
            assert!((drawn - placed).abs() < 1e-5 * placed.abs().max(1.0), "{drawn} {placed}");
            assert_eq!(found.shape, [1, 6, 6]);
        }
        // None of the biases is nothing every time, or leaving it out would not be noticed.
        assert!(heard.values().all(|most| *most > 1e-3), "{activation} {pooling}: {heard:?}");
    }
}

#[test]
fn relu6_adds_its_six_where_it_is_saturated() {
    let graph = normed("relu6", "max_pool2d");
    let mut session = Session::new(graph.clone(), strong(&graph)).unwrap();
    let relu = session.tap("relu").unwrap();
    let x = image(0.0);
    let found = Attributor::new(&mut session, x.view(), 1).unwrap().exact_sum().unwrap();
    let saturated = session.get(relu).iter().filter(|v| **v == 6.0).count();
    assert!(saturated > 3, "{saturated}");
    let part = found.parts.iter().find(|part| part.name == "relu").unwrap();
    let counted = part.values.iter().filter(|v| **v != 0.0).count();
    assert!(counted > 0 && counted <= saturated, "{counted} of {saturated}");
}

#[test]
fn on_a_linear_network_the_bias_is_all_that_has_no_place() {
    let (graph, x) = (affine(), image(0.0));
    let mut session = session(&graph);
    let mut attributor = Attributor::new(&mut session, x.view(), 2).unwrap();
    let found = attributor.exact_sum().unwrap();
    let bias = f64::from(params(&graph).get("fc.bias").unwrap()[[2]]);
    assert_eq!(found.parts.len(), 2);
    assert!((found.parts[1].sum - bias).abs() < 1e-12);
    close(&found.values, &attributor.gradient_x_input().unwrap().per_pixel(), 1e-6);
}
