//! Whole networks are watched: in a step of training and in use, tasks that may run at the same time meet at no byte, and every kernel
//! touches only the buffers that it names. Kernels are watched one by one where they are tested; here they share memory.

#![cfg(debug_assertions)]

use ndarray::ArrayView4;
use striate_kernels::watched;
use striate_models::registry::{ModelInfo, all};
use striate_nn::graph::{Clip, CrossEntropy, Engine, Params, Session, TrainOptions, TrainStep};
use striate_nn::{Mode, OptimizerConfig, Sgd, trace};
use striate_testkit::Sample;

const CLASSES: usize = 10;
const N: usize = 2;
/// Networks with more parameters than this repeat what smaller ones do, and take seconds to make.
const LARGE: usize = 30_000_000;

/// As small as the network learns from.
fn input(model: &ModelInfo) -> [usize; 3] {
    let [c, h, w] = model.input;
    match model.name {
        "alexnet" => [c, 63, 63], // only to be traced
        "inception_v3" => [c, 91, 91],
        _ => [c, h.min(33), w.min(33)],
    }
}

/// The first of each family: its others repeat the same layers.
fn families() -> Vec<&'static ModelInfo> {
    let mut papers: Vec<(&str, bool)> = Vec::new();
    let is_new = |model: &&ModelInfo| {
        let family = (model.paper, model.name.ends_with("_bn"));
        let is_new = !papers.contains(&family);
        papers.push(family);
        is_new
    };
    all().iter().filter(is_new).collect()
}

#[test]
fn no_network_races_and_no_kernel_strays() {
    let sgd = OptimizerConfig::from(Sgd { momentum: 0.9, ..Sgd::default() }).build().expect("good settings");
    let mut watched_networks = 0;
    for model in families() {
        let shape @ [c, h, w] = input(model);
        let net = (model.build)(CLASSES, c);
        let graph = |mode| trace(net.as_ref(), mode, shape).unwrap_or_else(|e| panic!("{}: {e}", model.name));
        let engine = || Engine::new(Some(2)).expect("an instruction set");
        let images = Sample::new(1).normal_vec(N * c * h * w);

        let train = graph(Mode::Train);
        if train.parameter_count() > LARGE {
            continue;
        }
        watched_networks += 1;
        let params = Params::init(&train, 1);
        let options = TrainOptions {
            clip: Some(Clip::Norm(1.0)),
            ema: Some(0.9),
            input_gradient: true,
            ..TrainOptions::new(N, 1)
        };
        let mut step =
            TrainStep::new(&train, &params, &CrossEntropy::default(), sgd.as_ref(), engine(), options)
                .unwrap_or_else(|e| panic!("{}: {e}", model.name));
        let (report, broken) = watched(|| step.step(&images, &[0_u32, 1], 0.01));
        assert!(report.loss.is_finite(), "{}", model.name);
        assert!(broken.is_empty(), "training {}: {}", model.name, broken.join("\n"));

        let eval = graph(Mode::Eval);
        let mut session = Session::with_engine(eval.clone(), params.only(&eval), engine())
            .unwrap_or_else(|e| panic!("{}: {e}", model.name));
        let view = ArrayView4::from_shape((N, c, h, w), &images).expect("N images");
        let (logits, broken) = watched(|| session.run(&view).expect("images of the right shape"));
        assert!(broken.is_empty(), "using {}: {}", model.name, broken.join("\n"));
        assert_eq!(logits, session.run(&view).expect("images of the right shape"), "{}", model.name);
    }
    assert!(watched_networks >= 16, "{watched_networks}");
}
