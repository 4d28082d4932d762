//! The cost of training all layers, and whether it is likely to be worth it.

use std::time::Instant;

use striate::data::Dataset;
use striate::formats::ModelFile;
use striate::graph::{CrossEntropy, Engine, Mode, TrainOptions, TrainStep};
use striate::nn::{OptimizerConfig, Sgd};

use super::args::Args;
use super::frozen::Frozen;

/// The batch size of the timed update, whose time is then scaled up: it is proportional to the batch size.
const FEW: usize = 4;

/// With fewer images per class, training all layers tends to memorize the images.
const FEW_A_CLASS: f64 = 50.0;
/// Below this error rate, there is little left to gain.
const LITTLE: f64 = 0.02;

/// The time that training all layers would take.
pub(super) struct Cost {
    /// One update, in seconds.
    pub(super) step_s: f64,
    /// The whole training, in seconds.
    pub(super) total_s: f64,
}

/// Times one update with few images, after a warm-up update, and scales the time to a full batch. The result of the updates is
/// discarded.
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

/// Says whether training all layers is likely to be worth it, and why.
///
/// # Source
/// Kornblith 2019, section 4.6: the fewer the images, the smaller the advantage of fine-tuning over a linear layer; with a few
/// tens of images per class, the two are about equal.
pub(super) fn advice(error: f64, images: usize, classes: usize) -> String {
    let a_class = images as f64 / classes as f64;
    if error < LITTLE {
        format!("unlikely to be worth it: only {:.1} % of the predictions are wrong", 100.0 * error)
    } else if a_class < FEW_A_CLASS {
        format!(
            "unlikely to be worth it: with {a_class:.0} images per class, a network tends to memorize the images"
        )
    } else {
        format!(
            "likely to be worth it: there are {a_class:.0} images per class, and {:.1} % of the predictions are wrong",
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
        assert!(advice(0.01, 1000, 5).starts_with("unlikely to be worth it: only 1.0 %"));
        assert!(advice(0.07, 167, 5).starts_with("unlikely to be worth it: with 33 images per class"));
        assert!(
            advice(0.07, 1000, 5)
                .starts_with("likely to be worth it: there are 200 images per class, and 7.0 %")
        );
    }
}
