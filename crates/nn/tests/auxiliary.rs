//! Auxiliary classifiers: what they add to the loss and to the gradients, and that a network in use has none.

use ndarray::ArrayD;
use striate_nn::graph::{CrossEntropy, Engine, Params, TrainOptions, TrainStep};
use striate_nn::{BatchNorm2d, Conv2d, Forward, Linear, Mode, Module, Sgd, Var, trace};
use striate_testkit::{Sample, assert_close, formula_labels};

const N: usize = 5;
const INPUT: [usize; 3] = [3, 8, 6];
const CLASSES: usize = 4;
const WEIGHT: f32 = 0.3;

/// Which of the two classifiers are trained.
#[derive(Debug, Clone, Copy)]
enum Trained {
    Both,
    Main,
    AuxiliaryAlone,
}

#[derive(Debug, Module)]
struct Net {
    #[module(skip)]
    trained: Trained,
    stem: Conv2d,
    auxiliary: Linear,
    conv: Conv2d,
    norm: BatchNorm2d,
    fc: Linear,
}

impl Net {
    fn new(trained: Trained, auxiliary_classes: usize) -> Self {
        Self {
            trained,
            stem: Conv2d::new(3, 8, 3).padding(1),
            auxiliary: Linear::new(8, auxiliary_classes),
            conv: Conv2d::new(8, 16, 3).stride(2),
            norm: BatchNorm2d::new(16),
            fc: Linear::new(16, CLASSES),
        }
    }
}

impl Forward for Net {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let stem = x.apply(&self.stem).relu();
        let auxiliary = stem.adaptive_avg_pool2d(1).flatten(1).apply(&self.auxiliary);
        match self.trained {
            Trained::Both => auxiliary.auxiliary_loss(WEIGHT),
            Trained::Main => {}
            Trained::AuxiliaryAlone => return auxiliary,
        }
        let x = stem.apply(&self.conv).apply(&self.norm).relu();
        x.adaptive_avg_pool2d(1).flatten(1).apply(&self.fc)
    }
}

/// Loss, hits, gradients and parameters after one step.
fn step(
    trained: Trained,
    threads: usize,
    change: impl Fn(&mut TrainOptions),
) -> (f32, usize, Params, Params) {
    let graph = trace(&Net::new(trained, CLASSES), Mode::Train, INPUT).unwrap();
    let mut options = TrainOptions::new(N, 0);
    change(&mut options);
    let engine = Engine::new(Some(threads)).unwrap();
    let (loss, params) = (CrossEntropy::default(), Params::init(&graph, 1));
    let mut step = TrainStep::new(&graph, &params, &loss, &Sgd::default(), engine, options).unwrap();
    let images = Sample::new(2).normal_vec(N * INPUT.iter().product::<usize>());
    let report = step.step(&images, &formula_labels(N, CLASSES), 0.1);
    (report.loss, report.correct, step.gradients(), step.params())
}

#[test]
fn losses_and_gradients_are_the_weighted_sum_of_both() {
    let both = step(Trained::Both, 1, |_| {});
    let [main, auxiliary] = [Trained::Main, Trained::AuxiliaryAlone].map(|trained| step(trained, 1, |_| {}));
    assert_close(&[both.0], &[f64::from(main.0) + f64::from(WEIGHT * auxiliary.0)], 1e-6, 0.0, "loss");
    assert_eq!(both.1, main.1, "hits are those of the network's own logits");
    assert_eq!(both.2.len(), 10);
    for (name, got) in both.2.iter() {
        let part = |of: &Params, factor: f32| of.get(name).map(|array| array * factor);
        let zero = ArrayD::zeros(got.raw_dim());
        let want = part(&main.2, 1.0).unwrap_or(zero.clone()) + part(&auxiliary.2, WEIGHT).unwrap_or(zero);
        let want: Vec<f64> = want.iter().map(|&v| f64::from(v)).collect();
        assert!(want.iter().any(|v| *v != 0.0), "{name}");
        assert_close(got.as_slice().unwrap(), &want, 1e-5, 1e-7, name);
    }
}

#[test]
fn threads_change_no_bit_and_passes_only_roundings() {
    let both = step(Trained::Both, 1, |_| {});
    assert!(step(Trained::Both, 4, |_| {}) == both, "4 threads");
    assert!(step(Trained::Both, 1, |options| options.reuse = false) == both, "no memory shared");
    let plain = step(Trained::Both, 1, |options| options.passes = false);
    for (name, got) in plain.2.iter() {
        let want: Vec<f64> = both.2.get(name).unwrap().iter().map(|&v| f64::from(v)).collect();
        assert_close(got.as_slice().unwrap(), &want, 1e-5, 1e-6, name);
    }
}

#[test]
fn a_network_in_use_has_none() {
    let graph = |trained, mode| trace(&Net::new(trained, CLASSES), mode, INPUT).unwrap();
    assert_eq!(graph(Trained::Both, Mode::Eval), graph(Trained::Main, Mode::Eval));
    let training = graph(Trained::Both, Mode::Train);
    assert_eq!(training.auxiliary.len(), 1);
    assert_eq!(training.without_auxiliary(), graph(Trained::Main, Mode::Train));
}

#[test]
fn logits_that_are_not_as_many_are_refused_with_their_layer() {
    let error = trace(&Net::new(Trained::Both, 7), Mode::Train, INPUT).unwrap_err();
    assert_eq!(error.layers.len(), 1);
    assert_eq!(error.layers[0].layer, "auxiliary");
    assert!(error.layers[0].file.ends_with("auxiliary.rs"));
    assert_eq!(
        error.layers[0].problem,
        "auxiliary classifier: expected logits of shape [4], like the network's own, got [7]"
    );
}
