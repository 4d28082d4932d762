use expect_test::{Expect, expect};
use striate_graph::{Engine, Graph, Params, interpret};
use striate_kernels::Isa;
use striate_testkit::Sample;

use super::order::Rounding;
use super::*;
use crate::ExplainError;
use crate::testing::{Net, adaptive, avg_pool, conv, image, linear, max_pool, norm, params, plain};
use striate_report::layout::About;

fn at<'a>(layer: &'a str, map: usize, at: [usize; 2]) -> Ask<'a> {
    Ask { layer: Some(layer), map: Some(map), at: Some(at) }
}

fn look(graph: &Graph, params: &Params, isa: Isa, ask: &Ask<'_>) -> Xray {
    let engine = Engine::with(1, isa);
    xray(graph, params, &engine, image(graph.input_shape(), 2).view(), ask).unwrap()
}

/// Some values of every layer that adds something up, on every instruction set; gives how many.
fn prove_all(graph: &Graph, sample: &mut Sample, what: &str) -> usize {
    let mut proved = 0;
    let params = params(graph, 4);
    for isa in Isa::available() {
        for node in &graph.nodes {
            let (c, h, w) = match node.shape[..] {
                [c, h, w] => (c, h, w),
                _ => (node.shape[0], 1, 1),
            };
            for _ in 0..2 {
                let place = [sample.usize_in(0..=h - 1), sample.usize_in(0..=w - 1)];
                let ask = at(&node.name, sample.usize_in(0..=c - 1), place);
                let engine = Engine::with(2, isa);
                let x = image(graph.input_shape(), 2);
                let found = match xray(graph, &params, &engine, x.view(), &ask) {
                    Ok(found) => found,
                    Err(ExplainError::NoSum { .. }) => continue,
                    Err(other) => panic!("{what}: {other}"),
                };
                let steps = found.steps.iter().map(|step| &step.proof).chain(&found.in_use);
                for proof in steps {
                    assert!(proof.is_equal(), "{what}, {ask:?} on {isa:?}: {proof:?}\n{:?}", node.op);
                    assert!(proof.is_within_bound(), "{what}, {ask:?} on {isa:?}: {proof:?}");
                }
                let influence = found.slope.iter().enumerate().filter(|(_, g)| **g != 0.0);
                let width = found.image[1];
                assert!(
                    influence.map(|(i, _)| [i / width, i % width]).all(|at| found.field.sees(at)),
                    "{what}, {ask:?}: slopes outside {:?}",
                    found.field
                );
                proved += 1;
            }
        }
    }
    proved
}

/// A network that is one layer calls its parameters `weight` and `bias`.
#[test]
fn layers_without_a_name_have_parameters_too() {
    let mut net = Net::new([2, 5, 5]);
    net.then(conv([2, 3, 1], [[3, 3], [1, 1], [1, 1]], [[1, 1], [1, 1]], true), "conv");
    net.then(norm(3), "norm");
    for unnamed in [1, 2] {
        let mut graph = net.clone().graph();
        graph.nodes[unnamed].layer.clear();
        let mut sample = Sample::new(1);
        assert!(prove_all(&graph, &mut sample, "a layer without a name") > 0);
    }
}

/// Convolutions of every kind, in front of which the image lies planar or in blocks.
#[test]
fn the_sum_by_hand_is_the_engines_to_the_last_bit() {
    let mut proved = 0;
    for seed in 0..60 {
        let mut sample = Sample::new(seed);
        let channels = sample.choose(&[1, 3, 4, 5, 16, 18, 35]);
        let mut net = Net::new([channels, sample.usize_in(5..=9), sample.usize_in(5..=9)]);
        let pair = |sample: &mut Sample, low, high| [0; 2].map(|_: usize| sample.usize_in(low..=high));
        let groups = sample.choose(&[1, 1, channels]);
        let per_group = sample.usize_in(1..=if groups == 1 { 40 } else { 3 });
        let (kernel, stride) = (pair(&mut sample, 1, 3), pair(&mut sample, 1, 2));
        let (dilation, padding) =
            (pair(&mut sample, 1, 2), [pair(&mut sample, 0, 2), pair(&mut sample, 0, 2)]);
        let bias = sample.usize_in(0..=1) == 1;
        let to = groups * per_group;
        net.then(conv([channels, to, groups], [kernel, stride, dilation], padding, bias), "conv1");
        if sample.usize_in(0..=1) == 1 {
            net.then(norm(to), "bn1");
        }
        net.then(plain(sample.choose(&["relu", "relu6"])), "relu");
        // Groups that do not end where blocks of 16 channels do.
        let groups = if to.is_multiple_of(3) { 3 } else { 1 };
        let wide = conv([to, 21, groups], [[3, 2], [1, 1], [1, 1]], [[1, 1], [1, 0]], true);
        net.then(wide, "conv2");
        proved += prove_all(&net.graph(), &mut sample, &format!("seed {seed}"));
    }
    assert!(proved > 400, "{proved} values");
}

/// A residual block, poolings of every kind, and a head.
fn residual() -> Graph {
    let mut net = Net::new([3, 12, 11]);
    let one = [[3, 3], [1, 1], [1, 1]];
    let stem = net.then(conv([3, 20, 1], one, [[1, 1], [1, 1]], false), "conv1");
    net.then(norm(20), "bn1");
    let stem = {
        let _ = stem;
        net.then(plain("relu"), "relu")
    };
    net.then(conv([20, 20, 1], one, [[1, 1], [1, 1]], false), "block.conv1");
    net.then(norm(20), "block.bn1");
    net.then(plain("relu"), "block.relu");
    net.then(conv([20, 20, 1], one, [[1, 1], [1, 1]], true), "block.conv2");
    let branch = net.then(norm(20), "block.bn2");
    net.add(plain("add"), &[branch, stem], "block.add").unwrap();
    net.then(plain("relu"), "block.relu_1");
    net.then(max_pool([3, 2], [2, 2], [1, 0]), "maxpool");
    net.then(avg_pool([2, 3], [1, 1], [1, 1], true), "counted");
    net.then(avg_pool([3, 3], [2, 1], [1, 1], false), "uncounted");
    net.then(norm(20), "norm");
    net.then(plain("relu6"), "relu6");
    net.then(adaptive([2, 3]), "adaptive");
    net.then(plain("flatten"), "flatten");
    net.then(linear(120, 70), "fc1");
    net.then(plain("relu"), "relu_fc");
    net.then(linear(70, 5), "fc2");
    net.graph()
}

#[test]
fn every_kind_of_operation_is_proved_on_every_instruction_set() {
    let mut sample = Sample::new(1);
    let proved = (0..5).map(|_| prove_all(&residual(), &mut sample, "residual")).sum::<usize>();
    assert!(proved >= 5 * 2 * 17 * Isa::available().len(), "{proved}");
}

/// A layer, its norm and its activation are one, whichever is asked for.
#[test]
fn a_sum_its_norm_and_its_activation_belong_together() {
    let graph = residual();
    let params = params(&graph, 4);
    let steps = |layer: &str| {
        let xray = look(&graph, &params, Isa::PORTABLE, &at(layer, 1, [0, 0]));
        let names = xray.steps.iter().map(|step| step.name.clone()).collect::<Vec<_>>().join(" ");
        (names, xray.in_use.is_some())
    };
    for (layer, want) in [
        ("conv1", ("conv1 bn1 relu", true)),
        ("bn1", ("conv1 bn1 relu", true)),
        ("relu", ("conv1 bn1 relu", true)),
        ("block.bn2", ("block.conv2 block.bn2", true)),
        ("block.add", ("block.add block.relu_1", false)),
        ("maxpool", ("maxpool", false)),
        ("norm", ("norm relu6", false)),
        ("fc1", ("fc1 relu_fc", false)),
        ("relu_fc", ("fc1 relu_fc", false)),
    ] {
        if layer == "fc1" || layer == "relu_fc" {
            let ask = Ask { layer: Some(layer), map: Some(3), at: None };
            let xray = look(&graph, &params, Isa::PORTABLE, &ask);
            assert_eq!(xray.steps.len(), 2);
            let Work::Sum(sum) = &xray.work else { panic!("{:?}", xray.work) };
            assert_eq!((sum.input.as_str(), sum.window, sum.channels.len()), ("adaptive", [2, 3], 20));
            continue;
        }
        assert_eq!(steps(layer), (want.0.to_owned(), want.1), "{layer}");
    }
}

/// What is shown is what the specification computes.
#[test]
fn products_and_subtotals_are_those_of_the_specification() {
    let mut net = Net::new([5, 6, 7]);
    net.then(conv([5, 4, 1], [[3, 2], [2, 1], [1, 2]], [[1, 0], [0, 2]], true), "conv");
    let graph = net.graph();
    let params = params(&graph, 9);
    let x = image([5, 6, 7], 2);
    let wide: Vec<f64> = x.iter().map(|&v| v.into()).collect();
    let values = interpret::Values::compute(&graph, &params, &wide, 1, (0, 0));
    let [c, h, w] = [0, 1, 2].map(|i| graph.nodes[1].shape[i]);
    for i in 0..c * h * w {
        let ask = at("conv", i / (h * w), [i / w % h, i % w]);
        let xray = look(&graph, &params, Isa::PORTABLE, &ask);
        let Work::Sum(sum) = &xray.work else { panic!("{:?}", xray.work) };
        let want = values.get(1)[i];
        assert!((sum.exact() - want).abs() < 1e-12, "{} is not {want}", sum.exact());
        assert_eq!(sum.channels.len(), 5);
        let subtotals: Vec<f64> = sum.channels.iter().map(|c| c.subtotal.abs()).collect();
        assert!(subtotals.is_sorted_by(|a, b| a >= b), "{subtotals:?}");
        for channel in &sum.channels {
            for (tap, value) in channel.window.iter().enumerate() {
                let row = sum.first[0] + (tap / 2 * sum.dilation[0]) as isize;
                let column = sum.first[1] + (tap % 2 * sum.dilation[1]) as isize;
                let inside = (0..6).contains(&row) && (0..7).contains(&column);
                let there = inside.then(|| x[[channel.channel, row as usize, column as usize]]);
                assert_eq!(*value, there, "{ask:?} at {row}, {column}");
            }
        }
    }
}

#[test]
fn what_is_not_said_is_chosen_where_the_layer_is_strongest() {
    let graph = residual();
    let params = params(&graph, 4);
    let chosen = |ask: Ask<'_>| {
        let xray = look(&graph, &params, Isa::PORTABLE, &ask);
        (xray.layer.clone(), xray.map, xray.at, xray.map_values.clone())
    };
    let (layer, map, place, values) = chosen(Ask::default());
    assert_eq!(layer, "block.conv2", "the last convolution");
    let all: Vec<f64> = (0..20)
        .map(|m| {
            let values = chosen(Ask { map: Some(m), ..Ask::default() }).3;
            values.iter().map(|&v| f64::from(v).powi(2)).sum()
        })
        .collect();
    assert!(all.iter().all(|&square| square <= all[map]), "map {map} of {all:?}");
    let largest = values.iter().copied().fold(f32::MIN, f32::max);
    assert_eq!(values[place[0] * 11 + place[1]], largest);
    // At a place, the map that is largest there.
    let (_, map, place, values) = chosen(Ask { layer: Some("block.relu_1"), map: None, at: Some([5, 7]) });
    let there = values[5 * 11 + 7];
    for other in 0..20 {
        let (.., values) = chosen(at("block.relu_1", other, [5, 7]));
        assert!(values[5 * 11 + 7].abs() <= there.abs(), "map {other} is larger than {map} at {place:?}");
    }
}

#[test]
fn errors_say_what_there_is() {
    let graph = residual();
    let params = params(&graph, 4);
    let engine = Engine::with(1, Isa::PORTABLE);
    let check = |ask: Ask<'_>, want: Expect| {
        let x = image(graph.input_shape(), 2);
        want.assert_eq(&xray(&graph, &params, &engine, x.view(), &ask).unwrap_err().to_string());
    };
    let layer = |name| Ask { layer: Some(name), ..Ask::default() };
    check(
        layer("block.conv3"),
        expect![
            "this network has no layer `block.conv3`; similar names: block.conv1, block.conv2, block.bn1, block.bn2, block.add"
        ],
    );
    check(
        layer("flatten"),
        expect![
            "layer `flatten`: flatten computes no sum that could be taken apart; layers that do: conv1, block.conv1, block.conv2, block.add, maxpool, counted, uncounted, adaptive, fc1, fc2"
        ],
    );
    check(
        layer("input"),
        expect![
            "layer `input`: input computes no sum that could be taken apart; layers that do: conv1, block.conv1, block.conv2, block.add, maxpool, counted, uncounted, adaptive, fc1, fc2"
        ],
    );
    check(at("conv1", 20, [0, 0]), expect!["layer `conv1`: expected a map from 0 to 19, got 20"]);
    check(
        at("conv1", 19, [12, 0]),
        expect!["layer `conv1`: expected a row from 0 to 11 and a column from 0 to 10, got 12,0"],
    );
    check(
        at("fc2", 4, [0, 1]),
        expect![
            "layer `fc2`: expected a row from 0 to 0 and a column from 0 to 0, since its output is a vector, got 0,1"
        ],
    );
    let wrong = xray(&graph, &params, &engine, image([3, 12, 12], 2).view(), &Ask::default());
    expect!["the network takes images [N, 3, 12, 11], got [1, 3, 12, 12]; resize or convert them first"]
        .assert_eq(&wrong.unwrap_err().to_string());
}

/// A proof that cannot fail proves nothing.
#[test]
fn another_order_or_another_rounding_is_told_apart() {
    let mut net = Net::new([20, 7, 7]);
    net.then(conv([20, 8, 1], [[3, 3], [1, 1], [1, 1]], [[1, 1], [1, 1]], true), "conv");
    let graph = net.graph();
    let params = params(&graph, 6);
    let (mut orders, mut roundings) = (0, 0);
    for map in 0..8 {
        let xray = look(&graph, &params, Isa::PORTABLE, &at("conv", map, [3, 3]));
        let Work::Sum(sum) = &xray.work else { panic!("{:?}", xray.work) };
        let by = |block, rounding| {
            sum.in_order(&graph.nodes[1].operation().order(map, block).unwrap(), rounding, |_| 0.0)
        };
        let engine = xray.steps[0].proof.engine;
        let rounding = Rounding::of("portable");
        assert_eq!(by(16, rounding).to_bits(), engine.to_bits());
        orders += usize::from(by(1, rounding).to_bits() != engine.to_bits());
        let other = if rounding == Rounding::Fused { Rounding::Twice } else { Rounding::Fused };
        roundings += usize::from(by(16, other).to_bits() != engine.to_bits());
    }
    assert!(orders >= 4 && roundings >= 4, "{orders} orders and {roundings} roundings differ");
}

/// Numbers of few bits, whose sums are the same however they are rounded.
fn coarse(params: &mut Params) {
    let names: Vec<String> = params.iter().map(|(name, _)| name.to_owned()).collect();
    for name in names {
        params.get_mut(&name).unwrap().mapv_inplace(|v| (v * 16.0).round() / 16.0);
    }
}

#[test]
fn the_text_of_a_sum() {
    let mut net = Net::new([12, 6, 6]);
    net.then(conv([12, 2, 1], [[3, 3], [1, 1], [1, 1]], [[1, 1], [1, 1]], true), "conv");
    net.then(plain("relu"), "relu");
    let graph = net.graph();
    let mut params = params(&graph, 4);
    coarse(&mut params);
    let x = image([12, 6, 6], 2).mapv(|v| (v * 8.0).round() / 8.0);
    let engine = Engine::with(1, Isa::PORTABLE);
    let found = xray(&graph, &params, &engine, x.view(), &at("relu", 1, [0, 3])).unwrap();
    expect![[r#"
        relu map 1 at (0, 3) = 0   (conv2d, relu)
        receptive field: rows 0-1, columns 2-4 (6 of 36 pixels); the gradient is non-zero at 6 of them

        windows of 3 x 3 starting at (−1, 2) of input, times their kernels, the largest subtotals first:
        channel  subtotal  sum so far  largest product
        ───────  ────────  ──────────  ────────────────────────
           bias     −2.19       −2.19
              5     0.727       −1.46  −1.38 · −0.188 at (1, 4)
             10     0.531      −0.930  −1.38 · −0.250 at (1, 2)
              1     0.391      −0.539  −1.00 · −0.188 at (1, 4)
              8     0.367      −0.172  −1.12 · −0.188 at (1, 3)
              6    −0.281      −0.453  2.25 · −0.188 at (1, 4)
              0     0.258      −0.195  1.25 · 0.125 at (1, 2)
             11     0.250       0.055  1.50 · 0.062 at (1, 4)
              3    −0.148      −0.094  −1.88 · 0.062 at (0, 4)
         4 more    −0.336      −0.430

        step  does       by hand      engine
        ────  ──────  ──────────  ──────────  ────────────
        conv  conv2d  −0.4296875  −0.4296875  difference 0
        relu  relu             0           0  difference 0

        Computed by hand in the engine's summation order (portable). In double precision, conv is −0.4296875000; the engine's error is 0.0e0 (bound: 9.5e-5).
    "#]].assert_eq(&found.to_string());
}

#[test]
fn the_text_and_the_page() {
    let graph = residual();
    let params = params(&graph, 4);
    let conv = look(&graph, &params, Isa::PORTABLE, &at("conv1", 2, [0, 3]));
    let text = conv.to_string();
    assert!(text.contains("norm folded into the weights") && text.contains("x · "), "{text}");
    let pool = look(&graph, &params, Isa::PORTABLE, &at("maxpool", 2, [0, 3]));
    expect![[r#"
        maxpool map 2 at (0, 3) = 0.4777594   (max_pool2d)
        receptive field: rows 0-4, columns 3-10 (40 of 132 pixels); the gradient is non-zero at 35 of them

        the largest of 4 values of block.relu_1:
             (0, 6)      0.146
             (0, 7)      0.190
             (1, 6)      0.478  wins
             (1, 7)      0.199

        step     does          by hand     engine
        ───────  ──────────  ─────────  ─────────  ────────────
        maxpool  max_pool2d  0.4777594  0.4777594  difference 0
    "#]]
    .assert_eq(&pool.to_string());
    let about = About { subject: "a network looks at noise".into(), ..About::default() };
    for node in graph.nodes.iter().filter(|node| !["input", "flatten"].contains(&node.name.as_str())) {
        let ask = Ask { layer: Some(&node.name), map: Some(1), at: Some([0, 0]) };
        let page = look(&graph, &params, Isa::PORTABLE, &ask).page(&about);
        assert!(page.to_svg().contains("difference 0"), "{}", node.name);
        assert!(page.to_png(1.0).unwrap().starts_with(b"\x89PNG"));
    }
    let json = serde_json::to_value(&conv).unwrap();
    assert_eq!(json["work"]["kind"], "sum");
    assert_eq!(json["work"]["channels"].as_array().unwrap().len(), 3);
    assert_eq!(json["work"]["channels"][0]["window"][0], serde_json::Value::Null, "padding");
    assert_eq!(json["steps"][0]["proof"]["ulps"], 0);
}

#[test]
fn a_report_puts_the_value_between_the_prediction_and_the_files() {
    let mut net = Net::new([1, 2, 2]);
    net.then(plain("flatten"), "flatten");
    net.then(linear(4, 2), "fc");
    let graph = net.graph();
    let xray = look(&graph, &params(&graph, 4), Isa::available()[0], &at("fc", 1, [0, 0]));
    let subject =
        crate::Subject { model: "net".into(), image: "one.png".into(), class: "a".into(), probability: 0.5 };
    let report = XrayReport { subject, xray, files: vec!["xray/fc-1.png".into()] };
    let text = serde_json::to_string(&report).unwrap();
    let start = r#"{"model":"net","image":"one.png","class":"a","probability":0.5,"layer":"fc","map":1,"#;
    assert!(text.starts_with(start), "{text}");
    assert!(text.ends_with(r#","files":["xray/fc-1.png"]}"#), "{text}");
}
