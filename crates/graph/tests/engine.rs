//! The fast engine against the interpreter: the same graph, once by planned SIMD kernels, once by plain loops in f64.

mod nets;

use ndarray::ArrayView4;
use nets::{Descent, Net, all, gates_and_scales, norms, params, pointwise};
use striate_graph::interpret::Values;
use striate_graph::{
    CrossEntropy, Engine, Graph, Mode, Runner, Session, Target, TrainOptions, TrainStep, trace,
};
use striate_kernels::Isa;
use striate_testkit::{Sample, assert_close, widen};

struct Case {
    net: Net,
    n: usize,
    images: Vec<f32>,
    labels: Vec<u32>,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for net in all().into_iter().chain([pointwise(), norms()]).chain(gates_and_scales()) {
        let graph = trace(&net, Mode::Train, net.input).unwrap();
        let couples_batch = graph.nodes.iter().any(|n| n.operation().couples_batch());
        for n in [1, 9] {
            if n == 1 && couples_batch {
                continue; // batch statistics of one sample are checked by the kernels' own tests
            }
            let mut sample = Sample::new(n as u64);
            let images = sample.normal_vec(n * net.input.iter().product::<usize>());
            let labels = (0..n).map(|_| sample.usize_in(0..=net.classes - 1) as u32).collect();
            cases.push(Case { net: net.clone(), n, images, labels });
        }
    }
    cases
}

fn rms(values: &[f64]) -> f64 {
    (values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64).sqrt()
}

#[test]
fn every_value_of_a_session_equals_the_interpreter() {
    for case in cases() {
        let graph = trace(&case.net, Mode::Eval, case.net.input).unwrap();
        let params = params(&graph);
        let truth = Values::compute(&graph, &params, &widen(&case.images), case.n, (0, 0));
        for isa in Isa::available() {
            let make = || Session::with_engine(graph.clone(), params.clone(), Engine::with(2, isa)).unwrap();
            let [c, h, w] = case.net.input;
            let images = ArrayView4::from_shape((case.n, c, h, w), &case.images).unwrap();
            let fast = make().run(&images).unwrap();
            let what = format!("{} n {} {isa:?}", case.net.name, case.n);
            assert_close(fast.as_slice().unwrap(), truth.get(graph.output), 2e-5, 1e-6, &what);
            let mut tapped = make();
            let taps: Vec<_> = graph.nodes.iter().map(|n| tapped.tap(&n.name).unwrap()).collect();
            tapped.run(&images).unwrap();
            for (id, tap) in taps.into_iter().enumerate() {
                let value = tapped.get(tap);
                let what = format!("{what} {}", graph.nodes[id].name);
                assert_close(value.as_slice().unwrap(), truth.get(id), 2e-5, 1e-6, &what);
            }
        }
    }
}

#[test]
fn every_gradient_equals_the_interpreter() {
    let losses = [
        CrossEntropy::default(),
        CrossEntropy {
            label_smoothing: 0.1,
            class_weights: Some((0..10).map(|i| 0.5 + i as f32 * 0.2).collect()),
        },
    ];
    for case in cases() {
        let graph = trace(&case.net, Mode::Train, case.net.input).unwrap();
        let params = params(&graph);
        for loss in &losses {
            let loss = CrossEntropy {
                class_weights: loss.class_weights.as_ref().map(|w| w[..case.net.classes].to_vec()),
                ..loss.clone()
            };
            let labels: Vec<usize> = case.labels.iter().map(|&l| l as usize).collect();
            let values = Values::compute(&graph, &params, &widen(&case.images), case.n, (5, 1));
            let truth = values.gradients(&graph, &params, &labels, &loss);
            for isa in Isa::available() {
                for passes in [true, false] {
                    let options =
                        TrainOptions { passes, input_gradient: true, ..TrainOptions::new(case.n, 5) };
                    let mut step =
                        TrainStep::new(&graph, &params, &loss, &Descent, Engine::with(2, isa), options)
                            .unwrap();
                    let report = step.step(&case.images, &case.labels, 0.1);
                    let what = format!("{} n {} {isa:?} passes {passes}", case.net.name, case.n);
                    assert!(
                        (f64::from(report.loss) - truth.loss).abs() < 1e-5 * truth.loss.max(1.0),
                        "{what}"
                    );
                    let gradients = step.gradients();
                    assert_eq!(gradients.len(), truth.params.len(), "{what}");
                    for (name, gradient) in gradients.iter() {
                        let want = &truth.params[name];
                        let what = format!("{what} {name}");
                        // A bias in front of batch norm has no gradient but rounding.
                        let floor = 1e-6 + if rms(want) < 1e-9 { 1e-5 } else { 0.0 };
                        assert_close(gradient.as_slice().unwrap(), want, 5e-5, floor, &what);
                        let before = params.get(name).unwrap();
                        let moved = step.params();
                        let moved = moved.get(name).unwrap();
                        for ((m, b), g) in moved.iter().zip(before).zip(gradient) {
                            assert!(
                                (m - (b - 0.1 * g)).abs() <= 1e-6 * b.abs().max(1.0),
                                "{what}: {m} {b} {g}"
                            );
                        }
                    }
                    let input = step.input_gradient(case.n).unwrap();
                    assert_close(
                        input.as_slice().unwrap(),
                        &truth.input,
                        5e-5,
                        1e-7,
                        &format!("{what} input"),
                    );
                }
            }
        }
    }
}

/// Losses and parameters after five steps, as bits.
fn bits_after_training(case: &Case, engine: Engine, reuse: bool) -> Vec<u32> {
    let graph = trace(&case.net, Mode::Train, case.net.input).unwrap();
    let options = TrainOptions { reuse, ..TrainOptions::new(case.n, 5) };
    let loss = CrossEntropy::default();
    let mut step = TrainStep::new(&graph, &params(&graph), &loss, &Descent, engine, options).unwrap();
    let mut bits: Vec<u32> =
        (0..5).map(|_| step.step(&case.images, &case.labels, 0.05).loss.to_bits()).collect();
    bits.extend(step.params().iter().flat_map(|(_, a)| a.iter().map(|v| v.to_bits()).collect::<Vec<_>>()));
    bits
}

#[test]
fn threads_instruction_sets_and_memory_reuse_change_no_bit() {
    for case in cases() {
        let best = *Isa::available().last().unwrap();
        let want = bits_after_training(&case, Engine::with(1, best), true);
        for threads in [2, 4, 8] {
            let got = bits_after_training(&case, Engine::with(threads, best), true);
            assert!(got == want, "{}: {threads} threads", case.net.name);
        }
        assert!(
            bits_after_training(&case, Engine::with(2, best), false) == want,
            "{}: no reuse",
            case.net.name
        );
        for isa in Isa::available().into_iter().filter(|&i| i != Isa::PORTABLE) {
            assert!(
                bits_after_training(&case, Engine::with(2, isa), true) == want,
                "{}: {isa:?}",
                case.net.name
            );
        }
    }
}

#[test]
fn a_sample_gets_the_same_logits_alone_and_in_any_batch() {
    for net in all() {
        let graph = trace(&net, Mode::Eval, net.input).unwrap();
        let mut session = Session::new(graph.clone(), params(&graph)).unwrap();
        let per_sample: usize = net.input.iter().product();
        let images = Sample::new(1).normal_vec(70 * per_sample);
        let classes = graph.output_shape()[0];
        let all = session.run_slice(&images, 70).unwrap().to_vec();
        for n in [0, 1, 33, 69] {
            let one = session.run_slice(&images[n * per_sample..(n + 1) * per_sample], 1).unwrap();
            assert_eq!(one, &all[n * classes..(n + 1) * classes], "{} sample {n}", net.name);
        }
    }
}

#[test]
fn a_runner_gives_the_bits_of_a_session_in_any_batch_and_in_a_clone() {
    let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    for net in all().into_iter().chain([pointwise(), norms()]).chain(gates_and_scales()) {
        let graph = trace(&net, Mode::Eval, net.input).unwrap();
        let (n, engine) = (40, Engine::new(Some(2)).unwrap());
        let per_sample: usize = net.input.iter().product();
        let images = Sample::new(2).normal_vec(n * per_sample);
        let mut session = Session::with_engine(graph.clone(), params(&graph), engine.clone()).unwrap();
        let want = bits(session.run_slice(&images, n).unwrap());
        let mut runner = Runner::new(graph.clone(), params(&graph), engine, None).unwrap();
        for part in [1, 3, n] {
            let got = bits(runner.run_slice(&images[..part * per_sample], part).unwrap());
            assert_eq!(got, want[..part * net.classes], "{}: {part} samples", net.name);
        }
        let mut clone = runner.clone();
        drop(runner);
        assert_eq!(bits(clone.run_slice(&images, n).unwrap()), want, "{}: a clone", net.name);
    }
}

#[test]
fn tiles_of_a_large_batch_add_up() {
    let case = cases().into_iter().find(|c| c.net.name == "convnet").unwrap();
    let graph = trace(&case.net, Mode::Train, case.net.input).unwrap();
    let params = params(&graph);
    let n = 150; // two tiles of 64 and one of 22
    let mut sample = Sample::new(8);
    let images = sample.normal_vec(n * case.net.input.iter().product::<usize>());
    let labels: Vec<u32> = (0..n).map(|_| sample.usize_in(0..=9) as u32).collect();
    let loss = CrossEntropy::default();
    let values = Values::compute(&graph, &params, &widen(&images), n, (5, 1));
    let wide: Vec<usize> = labels.iter().map(|&l| l as usize).collect();
    let truth = values.gradients(&graph, &params, &wide, &loss);
    let engine = Engine::new(Some(2)).unwrap();
    let mut step = TrainStep::new(&graph, &params, &loss, &Descent, engine, TrainOptions::new(n, 5)).unwrap();
    let report = step.step(&images, &labels, 0.1);
    assert!((f64::from(report.loss) - truth.loss).abs() < 1e-5);
    for (name, gradient) in step.gradients().iter() {
        assert_close(gradient.as_slice().unwrap(), &truth.params[name], 5e-5, 1e-7, name);
    }
}

/// Layers are frozen as a whole as a rule; here a weight or a bias alone.
#[test]
fn a_frozen_parameter_leaves_the_others_their_gradients() {
    for case in cases() {
        let graph = trace(&case.net, Mode::Train, case.net.input).unwrap();
        let (params, loss) = (params(&graph), CrossEntropy::default());
        let gradients = |rates: Vec<(String, f32)>| {
            let options = TrainOptions { rates, ..TrainOptions::new(case.n, 5) };
            let engine = Engine::new(Some(2)).unwrap();
            let mut step = TrainStep::new(&graph, &params, &loss, &Descent, engine, options).unwrap();
            step.step(&case.images, &case.labels, 0.1);
            step.gradients()
        };
        let all = gradients(Vec::new());
        // A batch norm whose weight is frozen is another function.
        let norm = |name: &str| {
            graph.nodes.iter().any(|n| n.operation().couples_batch() && format!("{}.weight", n.layer) == name)
        };
        for (frozen, _) in all.iter().filter(|(name, _)| all.len() > 1 && !norm(name)) {
            let some = gradients(vec![(frozen.to_string(), 0.0)]);
            assert_eq!(some.len() + 1, all.len(), "{}: {frozen}", case.net.name);
            for (name, gradient) in some.iter() {
                assert_eq!(Some(gradient), all.get(name), "{}: {name} without {frozen}", case.net.name);
            }
        }
    }
}

/// MixUp and CutMix: each sample two classes, by the engine and by the interpreter.
#[test]
fn gradients_of_mixtures_equal_the_interpreter() {
    for case in cases() {
        let graph = trace(&case.net, Mode::Train, case.net.input).unwrap();
        let params = params(&graph);
        let loss = CrossEntropy { label_smoothing: 0.1, class_weights: None };
        let mix = |(i, &a): (usize, &u32)| {
            let b = (a + 1 + i as u32) % case.net.classes as u32;
            Target { a, b, lambda: [1.0, 0.0, 0.3, 0.8][i % 4] }
        };
        let targets: Vec<Target> = case.labels.iter().enumerate().map(mix).collect();
        let values = Values::compute(&graph, &params, &widen(&case.images), case.n, (5, 1));
        let truth = values.gradients(&graph, &params, &targets, &loss);
        let (engine, options) = (Engine::new(Some(2)).unwrap(), TrainOptions::new(case.n, 5));
        let mut step = TrainStep::new(&graph, &params, &loss, &Descent, engine, options).unwrap();
        let report = step.step(&case.images, &targets, 0.1);
        assert!(
            (f64::from(report.loss) - truth.loss).abs() < 1e-5 * truth.loss.max(1.0),
            "{}",
            case.net.name
        );
        for (name, gradient) in step.gradients().iter() {
            let want = &truth.params[name];
            let floor = 1e-6 + if rms(want) < 1e-9 { 1e-5 } else { 0.0 };
            assert_close(
                gradient.as_slice().unwrap(),
                want,
                5e-5,
                floor,
                &format!("{} {name}", case.net.name),
            );
        }
    }
}

#[test]
fn a_graph_survives_json() {
    for net in all() {
        let graph = trace(&net, Mode::Eval, net.input).unwrap();
        let back: Graph = serde_json::from_str(&serde_json::to_string(&graph).unwrap()).unwrap();
        assert_eq!(back, graph);
        back.check().unwrap();
    }
}

/// Groups that share a block of channels, and a depthwise convolution, on an input with an infinity and a NaN.
#[test]
fn what_is_not_finite_stays_in_its_group() {
    let conv = |name: &str, groups: usize| {
        format!(
            r#"{{"op":{{"op":"conv2d","in_channels":6,"out_channels":6,"kernel_size":[3,1],"stride":[1,1],"padding":[1,0],
            "dilation":[1,1],"groups":{groups},"bias":true}},"inputs":[0],"shape":[6,5,2],"name":"{name}","layer":"{name}"}}"#
        )
    };
    let json = format!(
        r#"{{"nodes":[
        {{"op":{{"op":"input","channels":6,"height":5,"width":2}},"inputs":[],"shape":[6,5,2],"name":"input","layer":""}},
        {},{},
        {{"op":{{"op":"add"}},"inputs":[1,2],"shape":[6,5,2],"name":"sum","layer":""}}],"output":3}}"#,
        conv("depthwise", 6),
        conv("grouped", 2),
    );
    let graph: Graph = serde_json::from_str(&json).unwrap();
    graph.check().unwrap();
    let params = params(&graph);
    let mut images = Sample::new(3).normal_vec(2 * 60);
    // In channel 1 of the first sample and channel 5 of the second.
    (images[10], images[60 + 59]) = (f32::NEG_INFINITY, f32::NAN);
    let truth = Values::compute(&graph, &params, &widen(&images), 2, (0, 0));
    for isa in Isa::available() {
        let mut session = Session::with_engine(graph.clone(), params.clone(), Engine::with(2, isa)).unwrap();
        for (name, spread) in [("depthwise", 4), ("grouped", 12), ("sum", 12)] {
            let tap = session.tap(name).unwrap();
            session.run_slice(&images, 2).unwrap();
            let want = truth.get(graph.find(name).unwrap());
            assert_eq!(want.iter().filter(|v| !v.is_finite()).count(), spread, "{name}");
            assert_close(session.get(tap).as_slice().unwrap(), want, 2e-6, 1e-6, &format!("{name} {isa:?}"));
        }
    }
}
