//! What training the rest of the network would cost, and whether that is likely to pay.

use std::time::Instant;

use striate::data::Dataset;
use striate::formats::ModelFile;
use striate::graph::{CrossEntropy, Engine, Mode, TrainOptions, TrainStep};
use striate::nn::{OptimizerConfig, Sgd};

use super::args::Args;
use super::frozen::Frozen;

/// Images in the update that is measured: the time of an update grows as their number.
const FEW: usize = 4;

/// Images a class below which all of a network would rather learn the images than the classes.
const FEW_A_CLASS: f64 = 50.0;
/// Share of wrong answers below which there is little left to win.
const LITTLE: f64 = 0.02;

/// What training all of the network would take.
pub(super) struct Cost {
    /// One update.
    pub(super) step_s: f64,
    /// All of it.
    pub(super) total_s: f64,
}

/// Measures one update of the network with few images, after one to warm up, and scales it to a whole update; nothing of
/// it is kept.
pub(super) fn cost(
    frozen: &Frozen,
    model: &ModelFile,
    data: &Dataset,
    args: &Args,
    engine: &Engine,
) -> anyhow::Result<Cost> {
    let batch = args.batch.min(data.train.len());
    let few = batch.min(FEW);
    let graph = frozen.graph(data, Mode::Train)?.without_auxiliary();
    let optimizer = optimizer().build()?;
    let options = TrainOptions::new(few, args.seed);
    let loss = CrossEntropy::default();
    let mut step = TrainStep::new(&graph, &model.params, &loss, &*optimizer, engine.clone(), options)?;
    let images = vec![0.0; few * frozen.preprocess().sample_len()];
    let labels = vec![0_u32; few];
    let mut timed = || {
        let start = Instant::now();
        step.step(&images, &labels, 0.0);
        start.elapsed().as_secs_f64()
    };
    timed();
    let step_s = timed() * batch as f64 / few as f64;
    let steps = args.epochs * data.train.len().div_ceil(args.batch);
    Ok(Cost { step_s, total_s: step_s * steps as f64 })
}

/// Whether training all of the network is likely to pay, in a sentence.
///
/// # Source
/// Kornblith 2019, section 4.6: the fewer images, the less fine-tuning has over a linear layer; with some tens a class
/// both are alike.
pub(super) fn advice(error: f64, images: usize, classes: usize) -> String {
    let a_class = images as f64 / classes as f64;
    if error < LITTLE {
        format!("unlikely to pay: only {:.1} % of the answers are wrong", 100.0 * error)
    } else if a_class < FEW_A_CLASS {
        format!(
            "unlikely to pay: with {a_class:.0} images a class a network learns the images, not the classes"
        )
    } else {
        format!(
            "likely to pay: {a_class:.0} images a class, and {:.1} % of the answers are wrong",
            100.0 * error
        )
    }
}

pub(super) fn optimizer() -> OptimizerConfig {
    OptimizerConfig::Sgd(Sgd { momentum: 0.9, weight_decay: 1e-4, ..Sgd::default() })
}

#[cfg(test)]
mod tests {
    use super::advice;

    #[test]
    fn advice_weighs_images_and_errors() {
        assert!(advice(0.01, 1000, 5).starts_with("unlikely to pay: only 1.0 %"));
        assert!(advice(0.07, 167, 5).starts_with("unlikely to pay: with 33 images a class"));
        assert!(advice(0.07, 1000, 5).starts_with("likely to pay: 200 images a class, and 7.0 %"));
    }
}
