//! What holds for every network of the zoo: it traces, it is as large as it says, its parameters have the documented
//! names, all of it learns, and the engine agrees with plain loops in f64.

use expect_test::expect;
use ndarray::ArrayView4;
use striate_models::registry::{ModelInfo, all};
use striate_nn::graph::interpret::Values;
use striate_nn::graph::{CrossEntropy, Engine, Graph, Params, Session, TrainOptions, TrainStep};
use striate_nn::{Mode, OptimizerConfig, Sgd, trace};
use striate_testkit::{Sample, assert_close, widen};

const CLASSES: usize = 10;

fn graph(model: &ModelInfo, mode: Mode) -> Graph {
    let net = (model.build)(CLASSES, model.input[0]);
    trace(net.as_ref(), mode, model.input).unwrap_or_else(|error| panic!("{}: {error}", model.name))
}

/// `n` images with every kind of value: an engine that drops a sign or a tail must not agree by chance.
fn images(model: &ModelInfo, n: usize) -> Vec<f32> {
    Sample::new(n as u64).normal_vec(n * model.input.iter().product::<usize>())
}

#[test]
fn sizes_and_names() {
    let mut lines = Vec::new();
    for model in all() {
        let graph = graph(model, Mode::Eval);
        assert_eq!(graph.output_shape(), [CLASSES], "{}", model.name);
        let (parameters, multiply_adds) = (graph.parameter_count(), graph.multiply_adds());
        lines.push(format!("{}: {parameters} parameters, {multiply_adds} multiply-adds", model.name));
        lines.extend(graph.params().iter().map(|(name, spec)| format!("  {name} {:?}", spec.shape)));
    }
    expect![[r#"
        convnet: 206922 parameters, 1218048 multiply-adds
          conv1.weight [16, 1, 3, 3]
          conv1.bias [16]
          conv2.weight [32, 16, 3, 3]
          conv2.bias [32]
          fc1.weight [128, 1568]
          fc1.bias [128]
          fc2.weight [10, 128]
          fc2.bias [10]
        lenet5: 61706 parameters, 416520 multiply-adds
          conv1.weight [6, 1, 5, 5]
          conv1.bias [6]
          conv2.weight [16, 6, 5, 5]
          conv2.bias [16]
          fc1.weight [120, 400]
          fc1.bias [120]
          fc2.weight [84, 120]
          fc2.bias [84]
          fc3.weight [10, 84]
          fc3.bias [10]
        mlp: 205930 parameters, 205568 multiply-adds
          fc1.weight [224, 784]
          fc1.bias [224]
          fc2.weight [128, 224]
          fc2.bias [128]
          fc3.weight [10, 128]
          fc3.bias [10]"#]]
    .assert_eq(&lines.join("\n"));
}

#[test]
fn any_number_of_classes_and_channels() {
    for model in all() {
        for (classes, channels) in [(1, 1), (2, 3), (1000, 2)] {
            let net = (model.build)(classes, channels);
            for mode in [Mode::Train, Mode::Eval] {
                let [_, h, w] = model.input;
                let graph = trace(net.as_ref(), mode, [channels, h, w]).expect(model.name);
                assert_eq!(graph.output_shape(), [classes], "{}", model.name);
            }
        }
    }
}

#[test]
fn training_and_use_share_their_parameters() {
    for model in all() {
        assert_eq!(graph(model, Mode::Train).params(), graph(model, Mode::Eval).params(), "{}", model.name);
    }
}

#[test]
fn the_rival_is_as_large_as_the_convnet() {
    let count = |name| {
        let model = striate_models::registry::find(name).expect("a name of the zoo");
        graph(model, Mode::Eval).parameter_count() as f64
    };
    let ratio = count("mlp") / count("convnet");
    assert!((0.95..1.05).contains(&ratio), "{ratio}");
}

#[test]
fn every_parameter_learns() {
    let sgd = OptimizerConfig::from(Sgd::default()).build().expect("good settings");
    for model in all() {
        let graph = graph(model, Mode::Train);
        let params = Params::init(&graph, 1);
        let engine = Engine::new(Some(2)).expect("an instruction set");
        let options = TrainOptions::new(8, 1);
        let mut net =
            TrainStep::new(&graph, &params, &CrossEntropy::default(), sgd.as_ref(), engine, options)
                .expect("a plan");
        let labels: Vec<u32> = (0..8).collect();
        let report = net.step(&images(model, 8), &labels, 0.1);
        assert!(report.loss.is_finite(), "{}: loss {}", model.name, report.loss);
        let gradients = net.gradients();
        for (name, spec) in graph.params().iter().filter(|(_, spec)| spec.trainable) {
            let gradient =
                gradients.get(name).unwrap_or_else(|| panic!("{}: no gradient of {name}", model.name));
            assert_eq!(gradient.shape(), spec.shape, "{}: {name}", model.name);
            assert!(
                gradient.iter().all(|v| v.is_finite()),
                "{}: gradient of {name} is not finite",
                model.name
            );
            assert!(gradient.iter().any(|&v| v != 0.0), "{}: gradient of {name} is zero", model.name);
            assert_ne!(net.params().get(name), params.get(name), "{}: {name} has not moved", model.name);
        }
    }
}

#[test]
fn the_engine_equals_the_interpreter() {
    for model in all() {
        let graph = graph(model, Mode::Eval);
        let params = Params::init(&graph, 2);
        for (threads, n) in [(1, 1), (1, 5), (2, 1), (2, 5)] {
            let images = images(model, n);
            let engine = Engine::new(Some(threads)).expect("an instruction set");
            let mut net =
                Session::with_engine(graph.clone(), params.clone(), engine).expect("its own parameters");
            let [c, h, w] = model.input;
            let view = ArrayView4::from_shape((n, c, h, w), &images).expect("n images");
            let logits = net.run(&view).expect("images of the right shape");
            assert_eq!(logits.shape(), [n, CLASSES]);
            let values = Values::compute(&graph, &params, &widen(&images), n, (0, 0));
            let what = format!("{}, {threads} threads, batch {n}", model.name);
            assert_close(logits.as_slice().expect("row-major"), values.get(graph.output), 1e-4, 0.0, &what);
        }
    }
}
