use expect_test::expect;
use ndarray::{Array3, Axis};
use serde_json::json;
use striate_graph::{Graph, Params, Session};

mod exact_sum;
mod identities;
mod metamorphic;
mod refusals;
mod report;

use super::*;
use crate::error::ExplainError;
use striate_report::Thumbnail;
use striate_report::layout::About;

/// A network of operations one after the other, by their JSON and their names; `[2, 6, 6]` in.
fn chain(ops: &[(&str, serde_json::Value, &[usize])]) -> Graph {
    let mut nodes = vec![json!({
        "op": { "op": "input", "channels": 2, "height": 6, "width": 6 }, "inputs": [], "shape": [2, 6, 6],
        "name": "input", "layer": "",
    })];
    for (i, (name, op, shape)) in ops.iter().enumerate() {
        let owns = ["in_features", "in_channels", "num_features"].iter().any(|key| !op[key].is_null());
        let layer = if owns { name } else { "" };
        nodes.push(json!({ "op": op, "inputs": [i], "shape": shape, "name": name, "layer": layer }));
    }
    let graph: Graph = serde_json::from_value(json!({ "nodes": nodes, "output": ops.len() })).unwrap();
    graph.check().unwrap();
    graph
}

fn conv(stride: usize, padding: usize) -> serde_json::Value {
    json!({
        "op": "conv2d", "in_channels": 2, "out_channels": 4, "kernel_size": [3, 3], "stride": [stride, stride],
        "padding": [padding, padding], "dilation": [1, 1], "groups": 1, "bias": true,
    })
}

fn linear(in_features: usize) -> serde_json::Value {
    json!({ "op": "linear", "in_features": in_features, "out_features": 3, "bias": true })
}

fn flatten() -> serde_json::Value {
    json!({ "op": "flatten" })
}

/// Flatten and a linear layer.
fn affine() -> Graph {
    chain(&[("flatten", flatten(), &[72]), ("fc", linear(72), &[3])])
}

/// A convolution, ReLU and a linear layer.
fn convolutional(stride: usize, padding: usize, side: usize) -> Graph {
    let (maps, flat) = ([4, side, side], [4 * side * side]);
    chain(&[
        ("conv", conv(stride, padding), &maps),
        ("relu", json!({ "op": "relu" }), &maps),
        ("flatten", flatten(), &flat),
        ("fc", linear(flat[0]), &[3]),
    ])
}

/// A convolution, ReLU, global average pooling and a linear layer.
fn averaging() -> Graph {
    chain(&[
        ("conv", conv(1, 1), &[4, 6, 6]),
        ("relu", json!({ "op": "relu" }), &[4, 6, 6]),
        ("avgpool", json!({ "op": "adaptive_avg_pool2d", "output_size": [1, 1] }), &[4, 1, 1]),
        ("flatten", flatten(), &[4]),
        ("fc", linear(4), &[3]),
    ])
}

/// Parameters of which none is 0, biases included.
fn params(graph: &Graph) -> Params {
    let mut params = Params::init(graph, 3);
    let names: Vec<String> = params.iter().map(|(name, _)| name.to_owned()).collect();
    for name in names.iter().filter(|name| name.ends_with("bias")) {
        let bias = params.get_mut(name).unwrap();
        bias.iter_mut().enumerate().for_each(|(i, b)| *b = 0.3 - 0.17 * i as f32);
    }
    params
}

fn session(graph: &Graph) -> Session {
    Session::new(graph.clone(), params(graph)).unwrap()
}

/// Values without a pattern that a network could share.
fn image(seed: f32) -> Array3<f32> {
    Array3::from_shape_fn((2, 6, 6), |(c, y, x)| ((c * 36 + y * 6 + x) as f32 * 1.7 + seed).sin())
}

fn close(got: &[f32], want: &[f32], tolerance: f32) {
    close_or_rounding(got, want, tolerance, 0.0);
}

/// As `close`, of differences of logits, which are `rounding` off whatever they are.
fn close_or_rounding(got: &[f32], want: &[f32], tolerance: f32, rounding: f32) {
    assert_eq!(got.len(), want.len());
    let largest = want.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
    assert!(largest > 0.0, "nothing to compare");
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() <= tolerance * largest + rounding, "{i}: {got}, not {want}");
    }
}

const ONE: Patch = Patch { side_px: 1, stride_px: 1 };

#[test]
fn on_a_linear_network_all_that_share_out_the_logit_agree() {
    let (graph, x, zero) = (affine(), image(0.0), Array3::zeros((2, 6, 6)));
    let mut session = session(&graph);
    let weights = params(&graph).get("fc.weight").unwrap().clone();
    for class in 0..3 {
        let weight: Vec<f32> = weights.index_axis(Axis(0), class).iter().copied().collect();
        let want: Vec<f32> = weight.iter().zip(&x).map(|(w, x)| w * x).collect();
        let mut attributor = Attributor::new(&mut session, x.view(), class).unwrap();
        close(&attributor.gradient().unwrap().values, &weight, 1e-6);
        let product = attributor.gradient_x_input().unwrap();
        close(&product.values, &want, 1e-6);
        let path = attributor.integrated_gradients(&zero.view(), Path::default()).unwrap();
        close(&path.values, &want, 1e-6);
        for found in [&product, &path] {
            let complete = found.completeness.unwrap();
            let bias = f64::from(params(&graph).get("fc.bias").unwrap()[[class]]);
            assert!((complete.rise - (f64::from(found.logit) - bias)).abs() < 1e-6, "f(0) is the bias");
            assert!(complete.gap.abs() < 1e-5 * complete.rise.abs().max(0.1), "{complete:?}");
        }
        let occluded = attributor.occlusion(&zero.view(), ONE).unwrap();
        close(&occluded.values, &product.per_pixel(), 1e-5);
    }
}

#[test]
fn integrated_gradients_sum_to_the_rise_of_the_logit() {
    for graph in [convolutional(1, 1, 6), averaging()] {
        let mut session = session(&graph);
        let (x, from) = (image(0.0), image(2.0));
        for class in 0..3 {
            let mut attributor = Attributor::new(&mut session, x.view(), class).unwrap();
            let mut at = |panels, gap| {
                let path = Path { nodes: 8, panels, tolerance: 1e-3, gap };
                let found = attributor.integrated_gradients(&from.view(), path).unwrap();
                let moved: f64 = found.values.iter().map(|&value| f64::from(value).abs()).sum();
                (found.completeness.unwrap(), moved)
            };
            let ((fine, moved), (plain, _)) = (at(1500, 1e-6), at(1, 0.0));
            // Where a ReLU bends, a panel of 8 places misses up to a tenth of its width, 1/1500, times the bend, and the bends are a
            // few times what all pixels move.
            assert!(fine.gap.abs() <= 3e-4 * moved, "{fine:?} of {moved}");
            assert!((fine.gap - (fine.sum - fine.rise)).abs() < 1e-12);
            assert_eq!(fine.rise, plain.rise);
            assert!(plain.gap.abs() > 10.0 * fine.gap.abs(), "ReLUs bend the way: {plain:?} {fine:?}");
        }
    }
}

#[test]
fn before_a_global_average_grad_cam_is_the_class_activation_map() {
    let graph = averaging();
    let mut session = session(&graph);
    let x = image(1.0);
    let relu = session.tap("relu").unwrap();
    for class in 0..3 {
        let found = Attributor::new(&mut session, x.view(), class).unwrap().grad_cam(None).unwrap();
        assert_eq!((found.layer.as_deref(), found.shape), (Some("relu"), [1, 6, 6]));
        let maps = session.get(relu);
        let weight = params(&graph).get("fc.weight").unwrap().index_axis(Axis(0), class).to_owned();
        let mut cam = [0.0_f32; 36];
        for (map, w) in maps.index_axis(Axis(0), 0).outer_iter().zip(&weight) {
            cam.iter_mut().zip(&map).for_each(|(sum, a)| *sum += w * a / 36.0);
        }
        let want: Vec<f32> = cam.iter().map(|v| v.max(0.0)).collect();
        if want.iter().any(|&v| v > 0.0) {
            close(&found.values, &want, 1e-5);
        } else {
            assert!(found.values.iter().all(|&v| v == 0.0));
        }
    }
}

/// Of a layer whose gradient is one number a map, `g / 36`: LayerCAM then leaves out the maps with g < 0, and Grad-CAM++
/// weights the others by `g / (2 + g Σ A)` for each of the 36 values.
#[test]
fn other_weights_of_maps_are_as_their_formulas_say() {
    let graph = averaging();
    let mut session = session(&graph);
    let x = image(1.0);
    let relu = session.tap("relu").unwrap();
    for class in 0..3 {
        let mut attributor = Attributor::new(&mut session, x.view(), class).unwrap();
        let found =
            [attributor.layer_cam(None).unwrap(), attributor.grad_cam_plus_plus(Some("relu")).unwrap()];
        let maps = session.get(relu);
        let weight = params(&graph).get("fc.weight").unwrap().index_axis(Axis(0), class).to_owned();
        let mut want = [vec![0.0_f32; 36], vec![0.0_f32; 36]];
        for (map, w) in maps.index_axis(Axis(0), 0).outer_iter().zip(&weight) {
            let g = (w / 36.0).max(0.0);
            let weights = [g, 36.0 * g / (2.0 + g * map.sum())];
            for (want, weight) in want.iter_mut().zip(weights) {
                want.iter_mut().zip(&map).for_each(|(sum, a)| *sum += weight * a);
            }
        }
        found.iter().zip(&want).for_each(|(found, want)| close(&found.values, want, 1e-5));
    }
}

#[test]
fn what_the_network_does_not_see_is_no_evidence() {
    // 3 x 3 windows at 0 and 2 leave out the last row and column of 6 x 6.
    let graph = convolutional(2, 0, 2);
    let (x, cover) = (image(0.0), Array3::from_elem((2, 6, 6), 9.0));
    let mut session = session(&graph);
    let mut attributor = Attributor::new(&mut session, x.view(), 1).unwrap();
    for found in [attributor.occlusion(&cover.view(), ONE).unwrap(), attributor.gradient().unwrap()] {
        let map = found.per_pixel();
        for (i, value) in map.iter().enumerate() {
            let unseen = i % 6 == 5 || i / 6 == 5;
            assert!(!unseen || *value == 0.0, "{:?} {i}: {value}", found.method);
        }
        assert!(map.iter().filter(|v| **v != 0.0).count() > 10);
    }
}

#[test]
fn a_patch_as_large_as_the_image_leaves_the_baseline() {
    let graph = convolutional(1, 1, 6);
    let (x, cover) = (image(0.0), image(5.0));
    let mut session = session(&graph);
    let all = Patch { side_px: 100, stride_px: 1 };
    let found = Attributor::new(&mut session, x.view(), 0).unwrap().occlusion(&cover.view(), all).unwrap();
    let there = Attributor::new(&mut session, cover.view(), 0).unwrap().gradient().unwrap().logit;
    close(&found.values, &[found.logit - there; 36], 1e-6);
    // Patches of 4 at 0 and 2 overlap in the middle: its values are the mean of both.
    let some = Patch { side_px: 4, stride_px: 3 };
    let found = Attributor::new(&mut session, x.view(), 0).unwrap().occlusion(&cover.view(), some).unwrap();
    let at = |y: usize, x: usize| found.values[y * 6 + x];
    let mean = (at(0, 0) + at(0, 5) + at(5, 0) + at(5, 5)) / 4.0;
    assert!((at(3, 3) - mean).abs() < 1e-5, "{} {mean}", at(3, 3));
    assert_ne!(at(0, 0), at(5, 5));
}

#[test]
fn logits_three_times_as_large_have_three_times_the_evidence() {
    let graph = convolutional(1, 1, 6);
    let mut tripled = params(&graph);
    for name in ["fc.weight", "fc.bias"] {
        tripled.get_mut(name).unwrap().mapv_inplace(|v| 3.0 * v);
    }
    let mut sessions = [session(&graph), Session::new(graph.clone(), tripled).unwrap()];
    let (x, zero) = (image(0.0), Array3::zeros((2, 6, 6)));
    let [one, three] = sessions.each_mut().map(|session| {
        let mut attributor = Attributor::new(session, x.view(), 2).unwrap();
        [
            attributor.gradient().unwrap(),
            attributor.gradient_x_input().unwrap(),
            attributor.integrated_gradients(&zero.view(), Path::default()).unwrap(),
            attributor.grad_cam(Some("conv")).unwrap(),
            attributor.layer_cam(None).unwrap(),
            attributor.occlusion(&zero.view(), Patch { side_px: 2, stride_px: 1 }).unwrap(),
        ]
    });
    for (one, three) in one.iter().zip(&three) {
        let want: Vec<f32> = one.values.iter().map(|v| 3.0 * v).collect();
        close(&three.values, &want, 1e-4);
    }
}

fn attribution(method: Method, shape: [usize; 3], values: &[f32]) -> Attribution {
    let completeness = Some(Completeness::of(values, 2.0, 0.5));
    let (class, versus, logit, layer, parts) = (1, None, 2.0, None, Vec::new());
    let (refinement, values) = (None, values.to_vec());
    Attribution { method, class, versus, logit, layer, shape, values, completeness, refinement, parts }
}

#[test]
fn maps_are_stretched_between_the_centers_of_their_values() {
    let small = attribution(Method::GradCam, [1, 1, 2], &[0.0, 4.0]);
    assert_eq!(small.stretched([2, 4]), [0.0, 1.0, 3.0, 4.0, 0.0, 1.0, 3.0, 4.0]);
    let channels = attribution(Method::Gradient, [2, 1, 2], &[1.0, -2.0, 3.0, 5.0]);
    assert_eq!(channels.per_pixel(), [4.0, 3.0]);
}

#[test]
fn nothing_leaves_the_image_as_it_was_and_signs_have_their_colors() {
    let gray = Thumbnail::new(3, 1, 1, &[100, 100, 100], 3).unwrap();
    let found = attribution(Method::Occlusion, [1, 1, 3], &[-2.0, 0.0, 2.0]);
    let overlay = found.overlay(&gray);
    assert_eq!(overlay.pixel(1, 0), [100; 3]);
    let ([r, _, b], [r2, _, b2]) = (overlay.pixel(0, 0), overlay.pixel(2, 0));
    assert!(b > r && r2 > b2, "blue speaks against, orange for");
    let about =
        About { subject: "an image".into(), image: Some(gray), classes: vec!["cat".into(), "dog".into()] };
    let svg = found.page(&about).to_svg();
    for text in ["Why dog? occlusion", "logit 2.00", "gap", "over the image"] {
        assert!(svg.contains(text), "{text}: {svg}");
    }
    assert_eq!(svg.matches("<image").count(), 3);
}

#[test]
fn the_session_may_have_taps_of_its_own() {
    let graph = averaging();
    let mut session = session(&graph);
    let tap = session.tap("input").unwrap();
    let x = image(0.0);
    Attributor::new(&mut session, x.view(), 0).unwrap().gradient().unwrap();
    assert_eq!(session.get(tap), x.clone().insert_axis(Axis(0)).into_dyn());
}
