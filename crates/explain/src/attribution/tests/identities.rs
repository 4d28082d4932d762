//! What must be equal, whatever the weights.

use super::*;

const PLAIN: Path = Path { nodes: 8, panels: 1, tolerance: 0.0, gap: 0.0 };

#[test]
fn without_noise_smooth_grad_is_the_gradient() {
    let (graph, x) = (convolutional(1, 1, 6), image(0.0));
    let mut session = session(&graph);
    let mut attributor = Attributor::new(&mut session, x.view(), 1).unwrap();
    let gradient = attributor.gradient().unwrap().values;
    let at = |share| Noise { share, samples: 5, seed: 2 };
    assert_eq!(attributor.smooth_grad(at(0.0)).unwrap().values, gradient);
    let noisy = attributor.smooth_grad(at(0.5)).unwrap().values;
    assert!(noisy.iter().zip(&gradient).any(|(a, b)| a != b), "ReLUs switch");
    let other = Noise { seed: 3, ..at(0.5) };
    assert_ne!(attributor.smooth_grad(other).unwrap().values, noisy);
    assert_eq!(attributor.smooth_grad(at(0.5)).unwrap().values, noisy, "the same seed, the same noise");
}

#[test]
fn more_copies_begin_with_the_same_noise() {
    // 40 copies are two batches: what a copy gets must not depend on which.
    let (graph, x) = (convolutional(1, 1, 6), image(0.0));
    let mut session = session(&graph);
    let mut attributor = Attributor::new(&mut session, x.view(), 1).unwrap();
    let mut sum_of = |samples| -> Vec<f64> {
        let found = attributor.smooth_grad(Noise { share: 0.4, samples, seed: 1 }).unwrap();
        found.values.iter().map(|&v| f64::from(v) * samples as f64).collect()
    };
    let (few, more) = (sum_of(39), sum_of(40));
    let last: Vec<f64> = more.iter().zip(&few).map(|(a, b)| a - b).collect();
    // The last copy alone is one gradient of the network: each value of it is one that some pattern of ReLUs gives.
    let noisy = ndarray::Array3::from_shape_fn((2, 6, 6), |(c, y, x_)| {
        let (low, high) = x.iter().fold((0.0_f32, 0.0_f32), |(l, h), &v| (l.min(v), h.max(v)));
        let sigma = 0.4 * (f64::from(high) - f64::from(low));
        (f64::from(x[[c, y, x_]]) + sigma * noise::noise(1, 39, (c * 36 + y * 6 + x_) as u64)) as f32
    });
    let want = Attributor::new(&mut session, noisy.view(), 1).unwrap().gradient().unwrap().values;
    let last: Vec<f32> = last.into_iter().map(|v| v as f32).collect();
    close(&last, &want, 1e-4);
}

#[test]
fn on_a_linear_network_noise_changes_nothing() {
    let (graph, x) = (affine(), image(0.0));
    let mut session = session(&graph);
    let mut attributor = Attributor::new(&mut session, x.view(), 1).unwrap();
    let gradient = attributor.gradient().unwrap().values;
    close(&attributor.smooth_grad(Noise::default()).unwrap().values, &gradient, 1e-6);
}

#[test]
fn where_all_masks_score_alike_score_cam_is_the_mean_map() {
    let graph = averaging();
    let mut deaf = params(&graph);
    deaf.get_mut("fc.weight").unwrap().fill(0.0);
    let mut session = Session::new(graph, deaf).unwrap();
    let tap = session.tap("relu").unwrap();
    let x = image(0.0);
    let found = Attributor::new(&mut session, x.view(), 0).unwrap().score_cam(None).unwrap();
    session.run(&x.view().insert_axis(Axis(0))).unwrap();
    let mean = session.get(tap).index_axis(Axis(0), 0).mean_axis(Axis(0)).unwrap();
    close(&found.values, mean.as_slice().unwrap(), 1e-6);
}

#[test]
fn score_cam_follows_the_map_whose_mask_scores_most() {
    // One map counts for class 0, and its weight is so large that the softmax leaves no other.
    let graph = averaging();
    let mut keen = params(&graph);
    keen.get_mut("fc.weight").unwrap().fill(0.0);
    keen.get_mut("fc.weight").unwrap()[[0, 2]] = 1e4;
    let mut session = Session::new(graph, keen).unwrap();
    let x = image(0.0);
    let found = Attributor::new(&mut session, x.view(), 0).unwrap().score_cam(None).unwrap();
    let tap = session.tap("relu").unwrap();
    session.run(&x.view().insert_axis(Axis(0))).unwrap();
    let maps = session.get(tap).index_axis(Axis(0), 0).to_owned();
    // It is one of the maps, whichever mask scored most.
    let found = ndarray::ArrayView1::from(&found.values);
    let distance = |map: usize| {
        let map = maps.index_axis(Axis(0), map);
        map.iter().zip(&found).map(|(a, b)| (a - b).abs()).fold(0.0_f32, f32::max)
    };
    assert!((0..4).any(|map| distance(map) < 1e-5), "{found}");
}

#[test]
fn rather_than_another_class_is_the_difference_of_both() {
    let (graph, x, zero) = (convolutional(1, 1, 6), image(0.0), Array3::zeros((2, 6, 6)));
    let mut session = session(&graph);
    let mut ask = |class: usize, other: Option<usize>| -> Vec<Attribution> {
        let attributor = Attributor::new(&mut session, x.view(), class).unwrap();
        let mut attributor = match other {
            Some(other) => attributor.versus(other).unwrap(),
            None => attributor,
        };
        vec![
            attributor.gradient().unwrap(),
            attributor.gradient_x_input().unwrap(),
            attributor.smooth_grad(Noise { samples: 3, ..Noise::default() }).unwrap(),
            attributor.integrated_gradients(&zero.view(), PLAIN).unwrap(),
            attributor.exact_sum().unwrap(),
            attributor.occlusion(&zero.view(), ONE).unwrap(),
        ]
    };
    let (both, one, other) = (ask(2, Some(0)), ask(2, None), ask(0, None));
    for ((both, one), other) in both.iter().zip(&one).zip(&other) {
        let want: Vec<f32> = one.values.iter().zip(&other.values).map(|(a, b)| a - b).collect();
        close(&both.values, &want, 1e-4);
        assert!((both.logit - (one.logit - other.logit)).abs() < 1e-6);
        assert_eq!((both.class, both.versus), (2, Some(0)));
    }
    let complete = both[4].completeness.unwrap();
    assert!(complete.gap.abs() < 1e-5 * complete.rise.abs(), "{complete:?}");
}

#[test]
fn every_method_answers_through_one_call() {
    let (graph, x, zero) = (averaging(), image(0.0), Array3::zeros((2, 6, 6)));
    let mut session = session(&graph);
    let mut attributor = Attributor::new(&mut session, x.view(), 0).unwrap();
    let mut keys = Vec::new();
    for &method in Method::all() {
        let found = attributor.ask(method, &zero.view()).unwrap();
        assert_eq!((found.method, found.class), (method, 0));
        assert_eq!(found.values.len(), found.shape.iter().product::<usize>());
        assert_eq!(found.layer.is_some(), method.uses_layer());
        assert!(method.is_signed() || found.values.iter().all(|&v| v >= 0.0), "{method:?}");
        assert!(!keys.contains(&method.key()), "{method:?}");
        keys.push(method.key());
    }
    assert_eq!(keys.len(), Method::all().len());
}

#[test]
fn guided_is_the_gradient_without_what_is_negative_at_a_relu() {
    let (x, linear) = (image(0.0), affine());
    let mut without = session(&linear);
    let mut attributor = Attributor::new(&mut without, x.view(), 1).unwrap();
    assert_eq!(
        attributor.guided_backprop().unwrap().values,
        attributor.gradient().unwrap().values,
        "no ReLU"
    );

    // One ReLU, and a gradient of one number a map: guided leaves out the maps whose weight is negative.
    let graph = averaging();
    for class in 0..3 {
        let mut positive = params(&graph);
        positive.get_mut("fc.weight").unwrap().mapv_inplace(|v| v.max(0.0));
        let mut only_positive = Session::new(graph.clone(), positive).unwrap();
        let want = Attributor::new(&mut only_positive, x.view(), class).unwrap().gradient().unwrap().values;
        let mut session = session(&graph);
        let mut attributor = Attributor::new(&mut session, x.view(), class).unwrap();
        let (guided, gradient) = (attributor.guided_backprop().unwrap(), attributor.gradient().unwrap());
        assert_eq!(guided.values, want);
        assert_ne!(guided.values, gradient.values);
        assert_eq!(guided.logit, gradient.logit);
    }
}

#[test]
fn the_slope_of_relu_at_0_is_0_and_of_equal_values_the_first_is_the_maximum() {
    let pool = json!({
        "op": "max_pool2d", "kernel_size": [2, 2], "stride": [2, 2], "padding": [0, 0], "dilation": [1, 1],
    });
    let relu = chain(&[
        ("relu", json!({ "op": "relu" }), &[2, 6, 6]),
        ("flatten", flatten(), &[72]),
        ("fc", linear(72), &[3]),
    ]);
    let pooled =
        chain(&[("pool", pool, &[2, 3, 3]), ("flatten", flatten(), &[18]), ("fc", linear(18), &[3])]);
    let corner = Array3::from_shape_fn((2, 6, 6), |(_, y, x)| if y < 2 && x < 2 { 1.0 } else { 0.0 });
    for (graph, name) in [(relu, "relu"), (pooled, "pool")] {
        let mut session = session(&graph);
        let mut attributor = Attributor::new(&mut session, corner.view(), 0).unwrap();
        for found in [attributor.gradient().unwrap(), attributor.guided_backprop().unwrap()] {
            for (i, value) in found.values.iter().enumerate() {
                let (y, x) = (i % 36 / 6, i % 6);
                let reaches = if name == "relu" { y < 2 && x < 2 } else { y % 2 == 0 && x % 2 == 0 };
                assert!(
                    *value != 0.0 || !reaches || found.method == Method::GuidedBackprop,
                    "{name} {y} {x}"
                );
                assert!(*value == 0.0 || reaches, "{name} {y} {x}: {value}");
            }
        }
    }
}
