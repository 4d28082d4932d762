//! Options of training against PyTorch: four updates of a small network with each, its losses and what became of it.

use expect_test::{Expect, expect};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use striate_nn::graph::rates::{layer_decay, layer_groups};
use striate_nn::graph::{
    Clip, CrossEntropy, Engine, Graph, Params, PlanError, Target, TrainOptions, TrainStep,
};
use striate_nn::{
    AdamW, AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Flatten, Linear, Mode, OptimizerConfig, ReLU, Sequential,
    Sgd, trace,
};
use striate_testkit::{Tensor, formula, formula_labels};

const N: usize = 6;
const INPUT: [usize; 3] = [3, 11, 9];

#[derive(Deserialize)]
struct Case {
    losses: Vec<f64>,
    #[serde(flatten)]
    state: BTreeMap<String, Tensor>,
}

fn golden() -> BTreeMap<String, Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/golden/train_options.json");
    let text = std::fs::read_to_string(&path).expect("made by tools/golden/train_options.py");
    let mut all: BTreeMap<String, serde_json::Value> = serde_json::from_str(&text).expect("JSON");
    all.remove("made_by");
    all.into_iter().map(|(name, case)| (name, serde_json::from_value(case).expect("a case"))).collect()
}

/// The twin of `network` in the script.
fn network() -> Graph {
    let net = Sequential::new()
        .append(Conv2d::new(3, 8, 3).stride(2).padding(1).bias(false))
        .append(BatchNorm2d::new(8))
        .append(ReLU::new())
        .append(Conv2d::new(8, 20, 3).stride(2).padding(1))
        .append(ReLU::new())
        .append(AdaptiveAvgPool2d::new([2, 1]))
        .append(Flatten::new())
        .append(Linear::new(40, 7));
    trace(&net, Mode::Train, INPUT).expect("shapes that fit")
}

struct Setting {
    optimizer: OptimizerConfig,
    learning_rate: f32,
    options: TrainOptions,
    loss: CrossEntropy,
    targets: Vec<Target>,
}

fn setting(name: &str) -> Setting {
    let plain = TrainOptions::new(N, 0);
    let labels = formula_labels(N, 7);
    let mut setting = Setting {
        optimizer: Sgd { momentum: 0.9, weight_decay: 1e-3, ..Sgd::default() }.into(),
        learning_rate: 0.05,
        options: plain.clone(),
        loss: CrossEntropy::default(),
        targets: labels.iter().map(|&label| label.into()).collect(),
    };
    let frozen = |layers: &[&str]| layers.iter().map(|&layer| (layer.to_string(), 0.0)).collect();
    let options = &mut setting.options;
    match name {
        "plain" => {}
        "micro_batch_2" => options.micro_batch = Some(2),
        "micro_batch_4" => options.micro_batch = Some(4),
        "clip_norm" => options.clip = Some(Clip::Norm(0.25)),
        "clip_norm_unreached" => options.clip = Some(Clip::Norm(1e3)),
        "clip_value" => options.clip = Some(Clip::Value(0.01)),
        "freeze_backbone" => options.rates = frozen(&["0", "1"]),
        "freeze_norm" => options.rates = frozen(&["1.*"]),
        "freeze_middle" => options.rates = frozen(&["3.weight", "3.b?as"]),
        "layer_decay" => {
            options.rates = layer_decay(&network(), 0.5);
            setting.optimizer = AdamW { weight_decay: 0.1, ..AdamW::default() }.into();
            setting.learning_rate = 0.01;
        }
        "ema" => options.ema = Some(0.25),
        "mixture" | "mixture_weighted" => {
            let lambdas = [1.0, 0.75, 0.25, 0.0, 0.5, 0.875];
            let mix = |i: usize| Target { a: labels[i], b: labels[(i + N - 1) % N], lambda: lambdas[i] };
            setting.targets = (0..N).map(mix).collect();
            let class_weights = (name == "mixture_weighted").then(|| formula("class_weights", &[7]));
            setting.loss = CrossEntropy { label_smoothing: 0.1, class_weights };
        }
        other => panic!("no setting for the case {other}"),
    }
    setting
}

fn params(graph: &Graph) -> Params {
    let of = |(name, spec): (String, striate_nn::graph::op::ParamSpec)| {
        let values = formula(&name, &spec.shape);
        (name, ndarray::ArrayD::from_shape_vec(spec.shape, values).expect("one value an element"))
    };
    graph.params().into_iter().map(of).collect()
}

/// The losses of the case's updates, and the state after them.
fn train(setting: &Setting, options: TrainOptions, threads: usize) -> (Vec<f32>, TrainStep) {
    let (graph, optimizer) = (network(), setting.optimizer.build().expect("good settings"));
    let engine = Engine::new(Some(threads)).expect("an instruction set");
    let mut step = TrainStep::new(&graph, &params(&graph), &setting.loss, &*optimizer, engine, options)
        .unwrap_or_else(|e| panic!("{e}"));
    let images = formula("input", &[N, INPUT[0], INPUT[1], INPUT[2]]);
    let losses = (0..4).map(|_| step.step(&images, &setting.targets, setting.learning_rate).loss).collect();
    (losses, step)
}

#[test]
fn every_option_does_what_it_does_in_pytorch() {
    let golden = golden();
    assert_eq!(golden.len(), 13);
    let plain = &golden["plain"];
    for (name, case) in &golden {
        let setting = setting(name);
        let (losses, step) = train(&setting, setting.options.clone(), 2);
        for (i, (&got, want)) in losses.iter().zip(&case.losses).enumerate() {
            assert!((f64::from(got) - want).abs() < 2e-6, "{name}, update {i}: loss {got}, expected {want}");
        }
        let state = step.ema_params().unwrap_or_else(|| step.params());
        assert_eq!(step.ema_params().is_some(), name == "ema");
        for (key, want) in &case.state {
            let got = state.get(key).expect(key).as_slice().expect("row-major");
            want.check(got, 1e-4, 2e-6, &format!("{name}: {key}"));
        }
        // And it is something else than nothing, by more than the tolerance.
        let moved = |key: &String| {
            let pairs = case.state[key].values.iter().zip(&plain.state[key].values);
            pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
        };
        let most = case.state.keys().map(moved).fold(0.0, f64::max);
        let acts = !matches!(name.as_str(), "plain" | "clip_norm_unreached");
        assert_eq!(most > 1e-3, acts, "{name}: differs from plain training by {most}");
    }
}

#[test]
fn an_option_that_does_nothing_changes_no_bit() {
    let setting = setting("plain");
    let bits = |options: TrainOptions| {
        let (losses, step) = train(&setting, options, 2);
        (losses.iter().map(|l| l.to_bits()).collect::<Vec<_>>(), step.params())
    };
    let plain = bits(setting.options.clone());
    for options in [
        TrainOptions { micro_batch: Some(N), ..setting.options.clone() },
        TrainOptions { clip: Some(Clip::Norm(1e6)), ..setting.options.clone() },
        TrainOptions { clip: Some(Clip::Value(1e6)), ..setting.options.clone() },
        TrainOptions { ema: Some(0.999), ..setting.options.clone() },
        TrainOptions { rates: vec![("*".into(), 1.0)], ..setting.options.clone() },
    ] {
        assert!(bits(options.clone()) == plain, "{options:?}");
    }
}

#[test]
fn every_option_has_the_same_bits_on_any_number_of_threads_and_after_a_restart() {
    for name in golden().keys() {
        let setting = setting(name);
        let (losses, one) = train(&setting, setting.options.clone(), 1);
        for threads in [2, 4, 8] {
            let (again, step) = train(&setting, setting.options.clone(), threads);
            assert_eq!((&again, step.params()), (&losses, one.params()), "{name}: {threads} threads");
            assert_eq!(step.optimizer_state(), one.optimizer_state(), "{name}: {threads} threads");
        }
        // Stopped after two updates, and taken up by another step.
        let images = formula("input", &[N, INPUT[0], INPUT[1], INPUT[2]]);
        let make = || {
            let (graph, optimizer) = (network(), setting.optimizer.build().expect("good settings"));
            let engine = Engine::new(Some(2)).expect("an instruction set");
            let options = setting.options.clone();
            TrainStep::new(&graph, &params(&graph), &setting.loss, &*optimizer, engine, options)
                .expect("a plan")
        };
        let run = |step: &mut TrainStep| {
            for _ in 0..2 {
                step.step(&images, &setting.targets, setting.learning_rate);
            }
        };
        let (mut first, mut second) = (make(), make());
        run(&mut first);
        second.restore(&first.params(), &first.optimizer_state(), first.updates()).expect("its own state");
        run(&mut second);
        assert_eq!(second.params(), one.params(), "{name}: taken up");
        assert_eq!(second.ema_params(), one.ema_params(), "{name}: taken up");
    }
}

#[test]
fn what_is_frozen_has_no_gradient_and_nothing_is_kept_for_it() {
    let setting = setting("freeze_backbone");
    let (_, step) = train(&setting, setting.options.clone(), 1);
    let names = |params: Params| params.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>();
    let learns = ["3.weight", "3.bias", "7.weight", "7.bias"];
    assert_eq!(names(step.gradients()), learns);
    assert_eq!(names(step.optimizer_state()), learns.map(|name| format!("{name}.momentum_buffer")));
    let (before, after) = (params(&network()), step.params());
    for name in ["0.weight", "1.weight", "1.bias", "1.running_mean", "1.running_var"] {
        assert_eq!(before.get(name), after.get(name), "{name}");
    }
    // Nothing below the lowest layer that learns runs backward.
    let (graph, optimizer) = (network(), setting.optimizer.build().expect("good settings"));
    let kernels = |rates: &[(String, f32)]| {
        let engine = Engine::new(Some(1)).expect("an instruction set");
        let options = TrainOptions { rates: rates.to_vec(), ..TrainOptions::new(N, 0) };
        let mut step =
            TrainStep::new(&graph, &before, &setting.loss, &*optimizer, engine, options).expect("a plan");
        let images = formula("input", &[N, INPUT[0], INPUT[1], INPUT[2]]);
        step.profile(&images, &setting.targets, 0.0).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    let all = kernels(&[]);
    assert!(all.contains(&"batch norm backward sums"), "{all:?}");
    let few = kernels(&setting.options.rates);
    assert!(
        few.len() < all.len() && !few.iter().any(|name| name.starts_with("batch norm backward")),
        "{few:?}"
    );
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let refused = |change: &dyn Fn(&mut TrainOptions), expected: Expect| {
        let (graph, mut options) = (network(), TrainOptions::new(N, 0));
        change(&mut options);
        let engine = Engine::new(Some(1)).expect("an instruction set");
        let (loss, sgd) = (CrossEntropy::default(), Sgd::default());
        let error = TrainStep::new(&graph, &params(&graph), &loss, &sgd, engine, options).err();
        expected.assert_eq(&error.expect("refused").to_string());
    };
    refused(&|o| o.micro_batch = Some(0), expect!["micro_batch: expected at least 1 sample, got 0"]);
    refused(&|o| o.clip = Some(Clip::Norm(0.0)), expect!["clip: expected a number above 0, got 0"]);
    refused(&|o| o.clip = Some(Clip::Value(f32::NAN)), expect!["clip: expected a number above 0, got NaN"]);
    refused(&|o| o.ema = Some(1.0), expect!["ema: expected at least 0 and below 1, got 1"]);
    refused(
        &|o| o.rates = vec![("7".into(), -1.0)],
        expect!["`7`: the factor of the learning rate is -1; expected a positive number, or 0 to freeze"],
    );
    refused(
        &|o| o.rates = vec![("fc".into(), 0.0)],
        expect!["no parameter of this network matches `fc`; name a layer (0, 3, 7), or use * for any text"],
    );
    refused(
        &|o| o.rates = vec![("*".into(), 0.0)],
        expect![
            "all 7 parameters are frozen, so nothing can be trained; freeze fewer layers, for example all but the last"
        ],
    );
}

/// A network whose batch norm sees a map of this size.
fn pooled_before_norm(size: [usize; 2]) -> Graph {
    let net = Sequential::new()
        .append(Conv2d::new(3, 8, 3).stride(2).padding(1))
        .append(AdaptiveAvgPool2d::new(size))
        .append(BatchNorm2d::new(8))
        .append(Flatten::new())
        .append(Linear::new(8 * size[0] * size[1], 7));
    trace(&net, Mode::Train, INPUT).expect("shapes that fit")
}

fn train_step(graph: &Graph, options: TrainOptions) -> Result<TrainStep, PlanError> {
    let engine = Engine::new(Some(1)).expect("an instruction set");
    TrainStep::new(graph, &params(graph), &CrossEntropy::default(), &Sgd::default(), engine, options)
}

/// Steps of so many samples.
fn step(step: &mut TrainStep, n: usize) -> f32 {
    step.step(&vec![0.5; n * INPUT.iter().product::<usize>()], &vec![0_u32; n], 0.1).loss
}

/// PyTorch: "ValueError: Expected more than 1 value per channel when training, got input size [1, 8, 1, 1]".
#[test]
fn batch_norm_needs_more_than_one_value_a_channel() {
    let (pixel, two) = (pooled_before_norm([1, 1]), pooled_before_norm([2, 1]));
    let want = expect![
        "2: batch norm in training needs more than one value per channel, got [1, 8, 1, 1]: one sample of one pixel; train with at least 2 samples at once, freeze 2, or give it a larger feature map"
    ];
    let error = train_step(&pixel, TrainOptions::new(1, 0)).err().expect("refused");
    want.assert_eq(&error.to_string());
    let parts = TrainOptions { micro_batch: Some(1), ..TrainOptions::new(6, 0) };
    want.assert_eq(&train_step(&pixel, parts).err().expect("refused").to_string());
    // Two pixels, two samples, or statistics that are not the batch's own.
    let alone = || TrainOptions::new(1, 0);
    let frozen = TrainOptions { rates: vec![("2".into(), 0.0)], ..alone() };
    for (graph, options, n) in
        [(&two, alone(), 1), (&pixel, TrainOptions::new(2, 0), 2), (&pixel, frozen.clone(), 1)]
    {
        let mut train = train_step(graph, options.clone()).expect("as in PyTorch");
        assert!(step(&mut train, n).is_finite());
        assert_eq!(train.couples_batch(), options.rates.is_empty());
    }
    let parts = TrainOptions { micro_batch: Some(4), ..TrainOptions::new(6, 0) };
    let mut train = train_step(&pixel, parts).expect("parts of 4 and 2");
    assert!(step(&mut train, 6).is_finite());
}

#[test]
#[should_panic(expected = "2: batch norm in training needs more than one value per channel")]
fn a_step_of_one_is_refused() {
    let mut train = train_step(&pooled_before_norm([1, 1]), TrainOptions::new(6, 0)).expect("a plan");
    step(&mut train, 1);
}

#[test]
#[should_panic(expected = "or give it a larger feature map; these are 6, 5 at once")]
fn a_last_part_of_one_is_refused() {
    let parts = TrainOptions { micro_batch: Some(5), ..TrainOptions::new(6, 0) };
    let mut train = train_step(&pooled_before_norm([1, 1]), parts).expect("a plan");
    step(&mut train, 6);
}

#[test]
fn layers_come_in_groups() {
    let groups: Vec<String> =
        layer_groups(&network()).into_iter().map(|g| format!("{}: {}", g.name, g.layers.join(" "))).collect();
    assert_eq!(groups, ["0: 0 1", "3: 3", "7: 7"]);
}
