//! Interventions, against the network of which each is the shadow.

use super::*;

/// The parameters with the weights set to 0 by which `layer` reads channels `range` of its input.
fn deaf(params: &Params, layer: &str, range: std::ops::Range<usize>) -> Params {
    let mut params = params.clone();
    let weight = params.get_mut(&format!("{layer}.weight")).unwrap();
    range.for_each(|c| weight.index_axis_mut(Axis(1), c).fill(0.0));
    params
}

#[test]
fn a_silent_channel_is_the_same_as_one_that_nobody_listens_to() {
    let case = Case::convnet();
    let run = |params: Params| {
        let mut session = Session::new(case.graph.clone(), params).unwrap();
        session.run(&case.view()).unwrap()
    };
    let usual = run(case.params.clone());
    let mut session = case.session();
    for (value, channel, deaf) in [
        ("conv1", 5, deaf(&case.params, "conv2", 5..6)),
        ("relu", 5, deaf(&case.params, "conv2", 5..6)),
        ("max_pool2d", 5, deaf(&case.params, "conv2", 5..6)),
        ("relu_1", 3, deaf(&case.params, "fc1", 3 * 49..4 * 49)),
        ("flatten", 100, deaf(&case.params, "fc1", 100..101)),
        ("relu_2", 17, deaf(&case.params, "fc2", 17..18)),
    ] {
        let got = session.run_with(&case.view(), &[Edit::zero_channel(value, channel)]).unwrap();
        let want = run(deaf);
        assert_close(slice(&got), &widen(slice(&want)), REORDERED, 1e-7, value);
        assert_ne!(want, usual, "{value}: the channel says something");
        assert_eq!(session.run(&case.view()).unwrap(), usual, "nothing is left behind");
    }
}

#[test]
fn an_edit_of_any_value_equals_the_replacement_that_says_the_same() {
    for case in Case::all(Mode::Eval) {
        let mut session = case.session();
        let usual = session.run(&case.view()).unwrap();
        session.tap_all("*").unwrap();
        session.run(&case.view()).unwrap();
        let seen = session.captured();
        for id in 0..case.graph.nodes.len() {
            let name = &case.graph.nodes[id].name;
            let what = format!("{} {name}", case.net.name);
            let value = seen.value(name).unwrap();
            let same = [Edit::replace(name, value.clone())];
            let got = session.run_with(&case.view(), &same).unwrap();
            assert_close(slice(&got), &widen(slice(&usual)), REORDERED, 1e-6, &format!("{what} by itself"));
            // Channel 0 three times as strong, in steps and at once.
            let three = [Edit::scale_channel(name, 0, 3.0)];
            let mut stronger = value.clone();
            stronger.index_axis_mut(Axis(1), 0).mapv_inplace(|v| v * 3.0);
            let scaled = session.run_with(&case.view(), &three).unwrap();
            let tapped = session.captured();
            let now = slice(tapped.value(name).unwrap());
            assert_close(
                now,
                &widen(slice(&stronger)),
                REORDERED,
                1e-7,
                &format!("{what}: taps see the edited"),
            );
            let replaced = session.run_with(&case.view(), &[Edit::replace(name, stronger)]).unwrap();
            assert_close(slice(&scaled), &widen(slice(&replaced)), REORDERED, 1e-6, &what);
            // One sample for all, and all of them alike.
            let first = value.index_axis(Axis(0), 0).to_owned();
            let each = first.broadcast(value.shape()).unwrap().to_owned();
            let [one, all] = [first, each]
                .map(|with| session.run_with(&case.view(), &[Edit::replace(name, with)]).unwrap());
            assert_eq!(one, all, "{what}");
        }
    }
}

#[test]
fn edits_add_up_in_the_order_of_the_network() {
    let case = Case::convnet();
    let mut session = case.session();
    let edits = [
        Edit::zero_channel("relu_2", 1), // given first, applied last
        Edit::scale_channel("conv1", 2, -1.0),
        Edit::replace("max_pool2d_1", ArrayD::from_elem(IxDyn(&[32, 7, 7]), 0.5)),
        Edit::scale_channel("max_pool2d_1", 4, 2.0),
        Edit::weight("fc2.bias", ArrayD::from_elem(IxDyn(&[10]), 1.0)),
        Edit::zero_channel("input", 0),
    ];
    session.tap_all("*").unwrap();
    let got = session.run_with(&case.view(), &edits).unwrap();
    let seen = session.captured();
    assert!(seen.value("input").unwrap().iter().all(|&v| v == 0.0));
    let bias = case.params.get("conv1.bias").unwrap();
    let conv1 = seen.value("conv1").unwrap();
    assert_eq!((conv1[[0, 2, 5, 5]], conv1[[0, 3, 5, 5]]), (-bias[2], bias[3]), "of a black image");
    let mut flat = vec![0.5_f64; 32 * 49];
    flat[4 * 49..5 * 49].fill(1.0);
    let wide = |name: &str| widen(slice(case.params.get(name).unwrap()));
    let (w1, b1, w2) = (wide("fc1.weight"), wide("fc1.bias"), wide("fc2.weight"));
    let dot = |w: &[f64], x: &[f64]| w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>();
    let mut hidden: Vec<f64> =
        w1.chunks_exact(1568).zip(&b1).map(|(w, b)| (dot(w, &flat) + b).max(0.0)).collect();
    hidden[1] = 0.0;
    let want: Vec<f64> = w2.chunks_exact(128).map(|w| dot(w, &hidden) + 1.0).collect();
    assert_close(slice(&got), &want.repeat(case.n), 2e-5, 1e-6, "by hand");
}

#[test]
fn a_changed_weight_is_a_changed_network_with_batch_norm_folded_or_not() {
    for case in Case::all(Mode::Eval) {
        let mut session = case.session();
        let usual = session.run(&case.view()).unwrap();
        for (name, array) in case.params.iter() {
            let changed = array.mapv(|v| v * 1.25 + 0.1);
            let mut params = case.params.clone();
            params.insert(name, changed.clone());
            let want = Session::new(case.graph.clone(), params).unwrap().run(&case.view()).unwrap();
            let got = session.run_with(&case.view(), &[Edit::weight(name, changed)]).unwrap();
            assert_eq!(got, want, "{} {name}", case.net.name);
            assert_ne!(got, usual, "{} {name}", case.net.name);
        }
        assert_eq!(session.run(&case.view()).unwrap(), usual);
    }
}
