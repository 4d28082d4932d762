//! `--layers`: the time of each kernel of one training step and of one inference.

use std::fmt::Write;

use striate::data::{Augment, Loader};
use striate::graph::{CrossEntropy, Engine, Mode, Params, Session, TrainOptions, TrainStep, trace};
use striate::nn::OptimizerConfig;
use striate::report::text::{Align, Table, duration, percent};

use super::images::{Work, network};

const BATCH: usize = 64;
/// Steps before the timed ones, for caches and clock rates to settle.
const WARM_UP: usize = 50;
/// Steps whose times are averaged.
const ROUNDS: usize = 50;

pub(super) fn profile(work: &Work, engine: &Engine) -> anyhow::Result<String> {
    let net = network(work.data.classes.len(), work.preprocess.channels)?;
    let (images, labels) = batch(work)?;
    let graph = trace(net.as_ref(), Mode::Train, work.preprocess.shape())?;
    let params = Params::init(&graph, 0);
    let optimizer = OptimizerConfig::default().build()?;
    let options = TrainOptions::new(BATCH, 0);
    let mut step = TrainStep::new(
        &graph,
        &params,
        &CrossEntropy::default(),
        optimizer.as_ref(),
        engine.clone(),
        options,
    )?;
    let graph = trace(net.as_ref(), Mode::Eval, work.preprocess.shape())?;
    let mut session = Session::with_engine(graph, params, engine.clone())?;
    for _ in 0..WARM_UP {
        step.step(&images, &labels, 1e-3);
        session.run_slice(&images, labels.len())?;
    }
    let train = add_up((0..ROUNDS).map(|_| Ok(step.profile(&images, &labels, 1e-3))))?;
    let infer = add_up((0..ROUNDS).map(|_| Ok(session.profile(&images, labels.len())?)))?;
    let mut text = String::new();
    for (title, kernels) in [("One training step", train), ("One inference", infer)] {
        let all: f64 = kernels.iter().map(|(_, seconds)| seconds).sum();
        writeln!(
            text,
            "{title} of {BATCH} images, mean of {ROUNDS}: {}\n\n{}",
            duration(all),
            table(&kernels, all)
        )?;
    }
    text += "Here the threads wait for each other after every kernel, so the sums are slightly higher than in a normal run.\n";
    Ok(text)
}

fn batch(work: &Work) -> anyhow::Result<(Vec<f32>, Vec<u32>)> {
    let loader = Loader::new(&work.data.train, &work.preprocess, Augment::default(), BATCH, 0, true)?;
    let order = loader.order(0);
    let one = work.preprocess.sample_len();
    let mut images = vec![0.0; BATCH.min(loader.len()) * one];
    let samples = loader.batch_indices(&order, 0);
    let fill = |(&sample, image): (&u32, &mut [f32])| Ok(loader.write(0, sample, image)?.a);
    let labels: anyhow::Result<_> = samples.iter().zip(images.chunks_exact_mut(one)).map(fill).collect();
    Ok((images, labels?))
}

type Profile = Vec<(&'static str, f64)>;

/// The mean time of each kernel, in seconds, in order.
fn add_up(rounds: impl Iterator<Item = anyhow::Result<Profile>>) -> anyhow::Result<Profile> {
    let mut sums: Profile = Vec::new();
    for round in rounds {
        let round = round?;
        sums.resize(round.len(), ("", 0.0));
        for (sum, (name, seconds)) in sums.iter_mut().zip(round) {
            *sum = (name, sum.1 + seconds / ROUNDS as f64);
        }
    }
    Ok(sums)
}

fn table(kernels: &Profile, all: f64) -> Table<3> {
    let mut table = Table::new([("kernel", Align::Left), ("time", Align::Right), ("share", Align::Right)]);
    for &(name, seconds) in kernels {
        table.row([name.into(), duration(seconds), percent(Some(seconds / all))]);
    }
    table
}
