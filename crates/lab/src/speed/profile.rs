//! The time of each kernel of one training step and of one inference of the reference network.

use std::fmt;

use serde::Serialize;
use striate_data::{Augment, Dataset, Loader, Preprocess};
use striate_graph::{CrossEntropy, Engine, Mode, Params, Session, TrainOptions, TrainStep, trace};
use striate_nn::OptimizerConfig;
use striate_report::text::{Align, Table, duration, percent};
use striate_train::FitError;

use super::reference::reference;
use crate::LabError;

const BATCH: usize = 64;
/// Steps before the timed ones, for caches and clock rates to settle.
const WARM_UP: usize = 50;
/// Steps whose times are averaged.
const ROUNDS: usize = 50;

/// The time of each kernel. The threads wait for each other after every kernel, so the sums are slightly higher than in a normal
/// run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Profile {
    /// One training step of 64 images, in order.
    pub train: Vec<KernelTime>,
    /// One inference of 64 images, in order.
    pub inference: Vec<KernelTime>,
}

/// The time of one kernel of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct KernelTime {
    /// The name of the kernel.
    pub name: &'static str,
    /// The mean time of the kernel in seconds.
    pub seconds: f64,
}

/// Measures each kernel of the reference network on the training images of a data set.
///
/// # Errors
/// When the network does not take images of this shape or cannot be planned, or a photo cannot be decoded.
///
/// # Example
/// ```no_run
/// use striate_data::Preprocess;
/// use striate_graph::Engine;
/// use striate_lab::speed::profile;
///
/// let digits = striate_data::load("digits")?;
/// let preprocess = Preprocess::new([1, 28, 28], &[0.1307], &[0.3081])?;
/// println!("{}", profile(&digits, &preprocess, &Engine::new(None)?)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn profile(data: &Dataset, preprocess: &Preprocess, engine: &Engine) -> Result<Profile, LabError> {
    let net = reference(data.classes.len(), preprocess.channels);
    let traced = |mode| trace(net.as_ref(), mode, preprocess.shape()).map_err(FitError::Trace);
    let (images, labels) = batch(data, preprocess)?;
    let graph = traced(Mode::Train)?;
    let params = Params::init(&graph, 0);
    let optimizer = OptimizerConfig::default().build().expect("the default is valid");
    let options = TrainOptions::new(BATCH, 0);
    let mut step = TrainStep::new(
        &graph,
        &params,
        &CrossEntropy::default(),
        optimizer.as_ref(),
        engine.clone(),
        options,
    )?;
    let mut session = Session::with_engine(traced(Mode::Eval)?, params, engine.clone())?;
    for _ in 0..WARM_UP {
        step.step(&images, &labels, 1e-3);
        session.run_slice(&images, labels.len())?;
    }
    let train = mean((0..ROUNDS).map(|_| Ok(step.profile(&images, &labels, 1e-3))))?;
    let inference = mean((0..ROUNDS).map(|_| Ok(session.profile(&images, labels.len())?)))?;
    Ok(Profile { train, inference })
}

fn batch(data: &Dataset, preprocess: &Preprocess) -> Result<(Vec<f32>, Vec<u32>), LabError> {
    let loader = Loader::new(&data.train, preprocess, Augment::default(), BATCH, 0, true)?;
    let order = loader.order(0);
    let one = preprocess.sample_len();
    let mut images = vec![0.0; BATCH.min(loader.len()) * one];
    let samples = loader.batch_indices(&order, 0);
    let fill = |(&sample, image): (&u32, &mut [f32])| Ok(loader.write(0, sample, image)?.a);
    let labels: Result<_, LabError> = samples.iter().zip(images.chunks_exact_mut(one)).map(fill).collect();
    Ok((images, labels?))
}

/// The mean time of each kernel, in order.
fn mean(
    rounds: impl Iterator<Item = Result<Vec<(&'static str, f64)>, LabError>>,
) -> Result<Vec<KernelTime>, LabError> {
    let mut means: Vec<KernelTime> = Vec::new();
    for round in rounds {
        let round = round?;
        means.resize(round.len(), KernelTime { name: "", seconds: 0.0 });
        for (mean, (name, seconds)) in means.iter_mut().zip(round) {
            *mean = KernelTime { name, seconds: mean.seconds + seconds / ROUNDS as f64 };
        }
    }
    Ok(means)
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (title, kernels) in [("One training step", &self.train), ("One inference", &self.inference)] {
            let all: f64 = kernels.iter().map(|kernel| kernel.seconds).sum();
            let mut table =
                Table::new([("kernel", Align::Left), ("time", Align::Right), ("share", Align::Right)]);
            for &KernelTime { name, seconds } in kernels {
                table.row([name.into(), duration(seconds), percent(Some(seconds / all))]);
            }
            writeln!(f, "{title} of {BATCH} images, mean of {ROUNDS}: {}\n\n{table}", duration(all))?;
        }
        writeln!(
            f,
            "Here the threads wait for each other after every kernel, so the sums are slightly higher than in a normal run."
        )
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn the_mean_of_the_rounds_is_told_with_its_share() {
        let rounds = vec![vec![("conv", 0.0375), ("fc", 0.0125)]; ROUNDS];
        let means = mean(rounds.into_iter().map(Ok)).unwrap();
        assert!((means[0].seconds - 0.0375).abs() < 1e-9 && means[1].name == "fc", "{means:?}");
        let kernel = |name, seconds| KernelTime { name, seconds };
        let profile = Profile {
            train: vec![kernel("conv", 0.0375), kernel("fc", 0.0125)],
            inference: vec![kernel("conv", 0.01)],
        };
        expect![[r#"
            One training step of 64 images, mean of 50: 50.0 ms

            kernel     time    share
            ──────  ───────  ───────
            conv    37.5 ms  75.00 %
            fc      12.5 ms  25.00 %

            One inference of 64 images, mean of 50: 10.0 ms

            kernel     time     share
            ──────  ───────  ────────
            conv    10.0 ms  100.00 %

            Here the threads wait for each other after every kernel, so the sums are slightly higher than in a normal run.
        "#]].assert_eq(&profile.to_string());
    }
}
