//! Winograd in a network in use and in training: where it is taken, that it keeps the promises on bits, and that it can be left off.

use striate_nn::graph::interpret::Values;
use striate_nn::graph::{Arithmetic, CrossEntropy, Engine, Graph, Params, Session, TrainOptions, TrainStep};
use striate_nn::optim::Sgd;
use striate_nn::{
    AdaptiveAvgPool2d, AvgPool2d, BatchNorm2d, Conv2d, Flatten, Linear, MaxPool2d, Mode, ReLU, Sequential,
    Tanh, trace,
};
use striate_testkit::{Sample, assert_close, widen};

const N: usize = 3;
const INPUT: [usize; 3] = [3, 30, 27];

/// Four convolutions of which it is one, by either form, with a pool, a batch norm and a ReLU behind them; the others have few channels
/// or a stride.
fn network(mode: Mode) -> Graph {
    let same = |from, to| Conv2d::new(from, to, 3).padding(1);
    let net = Sequential::new()
        .append(same(3, 32))
        .append(ReLU::new())
        .append(same(32, 40))
        .append(ReLU::new())
        .append(MaxPool2d::new(2))
        .append(same(40, 64).bias(false))
        .append(BatchNorm2d::new(64))
        .append(ReLU::new())
        .append(Conv2d::new(64, 33, 3))
        .append(Conv2d::new(33, 32, 3).stride(2))
        .append(same(32, 512))
        .append(AdaptiveAvgPool2d::new(1))
        .append(Flatten::new())
        .append(Linear::new(512, 7));
    trace(&net, mode, INPUT).expect("shapes that fit")
}

fn images() -> Vec<f32> {
    Sample::new(3).normal_vec(N * INPUT.iter().product::<usize>())
}

fn engine(threads: usize, winograd: bool) -> Engine {
    let engine = Engine::new(Some(threads)).expect("an instruction set");
    if winograd { engine } else { engine.with_arithmetic(Arithmetic::PLAIN) }
}

fn session(threads: usize, winograd: bool) -> Session {
    let engine = engine(threads, winograd);
    let (graph, params) = (network(Mode::Eval), Params::init(&network(Mode::Eval), 1));
    Session::with_engine(graph, params, engine).expect("its own parameters")
}

fn count(session: &mut Session, kernel: &str) -> usize {
    let times = session.profile(&images(), N).expect("images of the right shape");
    times.iter().filter(|(name, _)| *name == kernel).count()
}

#[test]
fn it_is_taken_where_it_pays() {
    assert_eq!(count(&mut session(1, true), "winograd conv"), 4);
    assert_eq!(count(&mut session(1, false), "winograd conv"), 0);
}

#[test]
fn it_agrees_with_the_interpreter_and_with_direct_convolution() {
    let (graph, images) = (network(Mode::Eval), images());
    let params = Params::init(&graph, 1);
    let expected = Values::compute(&graph, &params, &widen(&images), N, (0, 0));
    let run = |winograd| session(1, winograd).run_slice(&images, N).expect("images").to_vec();
    let (winograd, direct) = (run(true), run(false));
    assert_ne!(winograd, direct);
    for got in [&winograd, &direct] {
        assert_close(got, expected.get(graph.output), 1e-5, 0.0, "logits");
    }
}

#[test]
fn threads_and_the_batch_change_no_bit() {
    let (images, per_sample) = (images(), INPUT.iter().product::<usize>());
    let all = session(1, true).run_slice(&images, N).expect("images").to_vec();
    for threads in [2, 4, 8] {
        assert_eq!(session(threads, true).run_slice(&images, N).expect("images"), &all, "{threads} threads");
    }
    let mut alone = session(2, true);
    for (i, image) in images.chunks_exact(per_sample).enumerate() {
        assert_eq!(alone.run_slice(image, 1).expect("an image"), &all[7 * i..7 * (i + 1)], "sample {i}");
    }
}

/// Without a corner: where a ReLU or a maximum changes sides for a rounding error, a gradient changes by a whole term.
fn smooth() -> Graph {
    let same = |from, to| Conv2d::new(from, to, 3).padding(1);
    let net = Sequential::new()
        .append(same(3, 32))
        .append(Tanh::new())
        .append(same(32, 40))
        .append(Tanh::new())
        .append(same(40, 64).bias(false))
        .append(BatchNorm2d::new(64))
        .append(Tanh::new())
        .append(AvgPool2d::new(4))
        .append(same(64, 256))
        .append(Tanh::new())
        .append(AdaptiveAvgPool2d::new(1))
        .append(Flatten::new())
        .append(Linear::new(256, 7));
    trace(&net, Mode::Train, INPUT).expect("shapes that fit")
}

fn training(graph: &Graph, threads: usize, winograd: bool) -> TrainStep {
    let (params, loss, options) = (Params::init(graph, 1), CrossEntropy::default(), TrainOptions::new(N, 0));
    TrainStep::new(graph, &params, &loss, &Sgd::default(), engine(threads, winograd), options)
        .expect("its own parameters")
}

#[test]
fn training_takes_it_forward_and_for_gradients_of_inputs() {
    let times =
        |winograd| training(&network(Mode::Train), 1, winograd).profile(&images(), &[0_usize, 3, 6], 0.1);
    let count = |winograd, kernel| times(winograd).iter().filter(|(name, _)| *name == kernel).count();
    // The second convolution is one with its ReLU and its pool.
    assert_eq!([count(true, "winograd conv"), count(true, "winograd backward data")], [3, 3]);
    assert_eq!([count(false, "winograd conv"), count(false, "winograd backward data")], [0, 0]);
}

#[test]
fn it_trains_as_direct_convolution_does_and_threads_change_no_bit() {
    let trained = |threads, winograd| {
        let mut step = training(&smooth(), threads, winograd);
        (0..3).for_each(|_| _ = step.step(&images(), &[0_usize, 3, 6], 0.1));
        step.params()
    };
    let (start, winograd, direct) = (Params::init(&smooth(), 1), trained(1, true), trained(1, false));
    for (name, _) in winograd.iter() {
        let of =
            |params: &Params| params.get(name).expect("the same names").iter().copied().collect::<Vec<f32>>();
        let (start, got, want) = (of(&start), of(&winograd), of(&direct));
        let moved = |to: &[f32]| to.iter().zip(&start).map(|(to, from)| to - from).collect::<Vec<f32>>();
        // What three steps have changed.
        assert_close(&moved(&got), &widen(&moved(&want)), 1e-4, 0.0, name);
    }
    assert_ne!(winograd, direct);
    for threads in [2, 4, 8] {
        assert_eq!(trained(threads, true), winograd, "{threads} threads");
    }
}
