//! Changes to a network or an image of which it is known what they do to the attribution.

use super::*;

/// Two convolutions with ReLUs, global average pooling and a linear layer.
fn deep() -> Graph {
    let second = json!({
        "op": "conv2d", "in_channels": 4, "out_channels": 5, "kernel_size": [3, 3], "stride": [1, 1],
        "padding": [1, 1], "dilation": [1, 1], "groups": 1, "bias": true,
    });
    chain(&[
        ("conv", conv(1, 1), &[4, 6, 6]),
        ("relu", json!({ "op": "relu" }), &[4, 6, 6]),
        ("conv2", second, &[5, 6, 6]),
        ("relu_1", json!({ "op": "relu" }), &[5, 6, 6]),
        ("avgpool", json!({ "op": "adaptive_avg_pool2d", "output_size": [1, 1] }), &[5, 1, 1]),
        ("flatten", flatten(), &[5]),
        ("fc", linear(5), &[3]),
    ])
}

/// Every method, and those of maps for both layers, at their default settings.
fn everything(session: &mut Session, class: usize, other: Option<usize>) -> Vec<Attribution> {
    let (x, zero) = (image(0.0), Array3::zeros((2, 6, 6)));
    let attributor = Attributor::new(session, x.view(), class).unwrap();
    let mut attributor = match other {
        Some(other) => attributor.versus(other).unwrap(),
        None => attributor,
    };
    let mut all = Vec::new();
    for &method in Method::all().iter().filter(|method| other.is_none() || method.knows_class()) {
        let layers: &[Option<&str>] =
            if method.uses_layer() { &[Some("relu"), Some("relu_1")] } else { &[None] };
        all.extend(layers.iter().map(|layer| attributor.ask_of(method, *layer, &zero.view()).unwrap()));
    }
    all
}

fn alike(got: &[Attribution], want: &[Attribution], factor: impl Fn(&Attribution) -> f32) {
    for (got, want) in got.iter().zip(want) {
        let factor = factor(want);
        let scaled: Vec<f32> = want.values.iter().map(|v| v * factor).collect();
        if scaled.iter().all(|&v| v == 0.0) {
            assert_eq!(got.values, scaled, "{:?}", want.method);
        } else {
            // Logits are near 3 at most, and rounded in units of 2^-22; which panels are halved hangs on them too.
            let of_logits = [Method::Occlusion, Method::IntegratedGradients].contains(&want.method);
            let rounding = if of_logits { 1e-6 } else { 0.0 };
            close_or_rounding(&got.values, &scaled, 1e-4, rounding);
        }
    }
}

#[test]
fn the_order_of_channels_changes_nothing() {
    let graph = deep();
    let (mut given, mut session) = (params(&graph), session(&graph));
    let order = [2, 0, 3, 1];
    for name in ["conv.weight", "conv.bias"] {
        let array = given.get(name).unwrap().select(Axis(0), &order);
        given.insert(name, array);
    }
    let array = given.get("conv2.weight").unwrap().select(Axis(1), &order);
    given.insert("conv2.weight", array);
    let mut permuted = Session::new(graph, given).unwrap();
    let taps = [session.tap("relu").unwrap(), permuted.tap("relu").unwrap()];
    alike(&everything(&mut permuted, 1, None), &everything(&mut session, 1, None), |_| 1.0);
    let batch = image(0.0).insert_axis(Axis(0));
    let logits = [session.run(&batch.view()).unwrap(), permuted.run(&batch.view()).unwrap()];
    close(logits[1].as_slice().unwrap(), logits[0].as_slice().unwrap(), 1e-6);
    let maps = session.get(taps[0]).select(Axis(1), &order);
    close(permuted.get(taps[1]).as_slice().unwrap(), maps.as_standard_layout().as_slice().unwrap(), 1e-6);
}

#[test]
fn what_one_layer_gains_and_the_next_loses_changes_nothing() {
    let graph = deep();
    let mut given = params(&graph);
    for (name, factor) in [("conv.weight", 7.0), ("conv.bias", 7.0), ("conv2.weight", 1.0 / 7.0)] {
        given.get_mut(name).unwrap().mapv_inplace(|v| v * factor);
    }
    let mut sessions = [session(&graph), Session::new(graph, given).unwrap()];
    let [before, after] = sessions.each_mut().map(|session| everything(session, 1, None));
    // EigenCAM and Score-CAM see the maps themselves, which are seven times as large.
    let by_maps = [Method::EigenCam, Method::ScoreCam];
    alike(&after, &before, |found| {
        if found.layer.as_deref() == Some("relu") && by_maps.contains(&found.method) { 7.0 } else { 1.0 }
    });
}

#[test]
fn a_number_added_to_all_logits_does_not_speak_for_one_rather_than_another() {
    let graph = deep();
    let mut given = params(&graph);
    given.get_mut("fc.bias").unwrap().mapv_inplace(|v| v + 3.0);
    let mut sessions = [session(&graph), Session::new(graph, given).unwrap()];
    let [before, after] = sessions.each_mut().map(|session| everything(session, 0, Some(2)));
    alike(&after, &before, |_| 1.0);
    for (before, after) in before.iter().zip(&after) {
        assert!((before.logit - after.logit).abs() < 1e-5 * 3.0, "{:?}", before.method);
    }
    let [gradient, raised] = [&before[0], &after[0]];
    assert_eq!((gradient.method, &gradient.values), (Method::Gradient, &raised.values), "not by a bit");
}

#[test]
fn inside_the_image_evidence_moves_with_what_it_is_about() {
    // 2 x 2 pixels in the middle of 12 x 12: two 3 x 3 convolutions see at most two pixels around, so neither place feels the
    // border, where zero padding would be seen.
    let side = 12;
    let mut graph = deep();
    for (id, channels) in [(0, 2), (1, 4), (2, 4), (3, 5), (4, 5)] {
        graph.nodes[id].shape = vec![channels, side, side];
    }
    graph.nodes[0].op = striate_graph::op::Input { channels: 2, height: side, width: side }.into();
    graph.check().unwrap();
    let mut session = session(&graph);
    let spot = |y0: usize, x0: usize| {
        Array3::from_shape_fn((2, side, side), |(c, y, x)| {
            let inside = (y0..y0 + 2).contains(&y) && (x0..x0 + 2).contains(&x);
            if inside { 1.0 + c as f32 - 0.7 * (y - y0) as f32 + 0.3 * (x - x0) as f32 } else { 0.0 }
        })
    };
    let mut ask = |y, x| {
        let (spot, zero) = (spot(y, x), Array3::zeros((2, side, side)));
        let mut attributor = Attributor::new(&mut session, spot.view(), 1).unwrap();
        [
            attributor.gradient().unwrap().per_pixel(),
            attributor.integrated_gradients(&zero.view(), Path::default()).unwrap().per_pixel(),
            attributor.grad_cam(Some("conv2")).unwrap().values,
            attributor.layer_cam(None).unwrap().values,
            attributor.occlusion(&zero.view(), Patch { side_px: 1, stride_px: 1 }).unwrap().values,
        ]
    };
    let (there, moved) = (ask(4, 5), ask(6, 4));
    for (method, (there, moved)) in there.iter().zip(&moved).enumerate() {
        let window = |map: &[f32], y0: usize, x0: usize| -> Vec<f32> {
            (0..6).flat_map(|y| map[(y0 + y) * side + x0..][..6].to_vec()).collect()
        };
        let (there, moved) = (window(there, 2, 3), window(moved, 4, 2));
        if there.iter().any(|&v| v != 0.0) {
            close_or_rounding(&moved, &there, 1e-5, 1e-7);
        } else {
            assert_eq!(moved, there, "{method}");
        }
    }
}
