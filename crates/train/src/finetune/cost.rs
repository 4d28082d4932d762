//! The cost of training all layers, and whether it is likely to be worth it.

use super::config::optimizer;
use super::job::FinetuneJob;
use crate::error::FitError;
use serde::{Serialize, Serializer};
use std::fmt;
use std::time::Instant;
use striate_graph::{CrossEntropy, Mode, Params, TrainOptions, TrainStep};
use striate_report::text::{counted, duration};

/// The batch size of the timed update, whose time is then scaled up: it is proportional to the batch size.
const FEW: usize = 4;

/// With fewer images per class, training all layers tends to memorize the images.
const FEW_A_CLASS: f64 = 50.0;
/// Below this error rate, there is little left to gain.
const LITTLE: f64 = 0.02;

/// The cost of training all layers, and whether it is likely to be worth it. Its text is a sentence, which is also how it is
/// serialized.
///
/// # Source
/// Kornblith 2019, section 4.6: the fewer the images, the smaller the advantage of fine-tuning over a linear layer; with a few
/// tens of images per class, the two are about equal.
#[derive(Debug, Clone, PartialEq)]
pub struct UnfreezeEstimate {
    /// The share of wrong predictions of the fitted last layer on unseen images, 0 to 1.
    pub error: f64,
    /// The mean number of images per class.
    pub images_per_class: f64,
    /// The number of epochs.
    pub epochs: usize,
    /// The number of images per update.
    pub batch_size: usize,
    /// The time of one update on this machine, in seconds.
    pub step_s: f64,
    /// The time of the whole training on this machine, in seconds.
    pub total_s: f64,
}

impl UnfreezeEstimate {
    /// Whether training all layers is likely to be worth it: there are enough images per class, and enough errors.
    pub fn is_worth_it(&self) -> bool {
        self.error >= LITTLE && self.images_per_class >= FEW_A_CLASS
    }
}

impl fmt::Display for UnfreezeEstimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (percent, images) = (100.0 * self.error, self.images_per_class);
        write!(f, "Training all layers is ")?;
        if self.is_worth_it() {
            write!(
                f,
                "likely to be worth it: there are {images:.0} images per class, and {percent:.1} % of the predictions are wrong"
            )?;
        } else if self.error < LITTLE {
            write!(f, "unlikely to be worth it: only {percent:.1} % of the predictions are wrong")?;
        } else {
            write!(
                f,
                "unlikely to be worth it: with {images:.0} images per class, a network tends to memorize the images"
            )?;
        }
        write!(
            f,
            "; {} would take about {} here, since one update of {} images takes {}.",
            counted(self.epochs, "epoch"),
            duration(self.total_s),
            self.batch_size,
            duration(self.step_s)
        )
    }
}

impl Serialize for UnfreezeEstimate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Times one update with few images, after a warm-up update, and scales the time to a full batch. The result of the updates is
/// discarded. `error` is that of the last layer, which was fitted to so many images.
pub(super) fn estimate(
    job: &FinetuneJob<'_>,
    params: &Params,
    error: f64,
    images: usize,
) -> Result<UnfreezeEstimate, FitError> {
    let config = job.config;
    let train_images = job.setup.data.train.len();
    let batch_size = config.batch_size.min(train_images);
    let few = batch_size.min(FEW);
    let graph = job.graph(Mode::Train)?.without_auxiliary();
    let optimizer = optimizer().build()?;
    let options = TrainOptions::new(few, config.seed);
    let loss = CrossEntropy::default();
    let mut step = TrainStep::new(&graph, params, &loss, &*optimizer, job.setup.engine.clone(), options)?;
    let pixels = vec![0.0; few * job.base.preprocess.sample_len()];
    let labels = vec![0_u32; few];
    let mut timed = || {
        let start = Instant::now();
        step.step(&pixels, &labels, 0.0);
        start.elapsed().as_secs_f64()
    };
    timed();
    let step_s = timed() * batch_size as f64 / few as f64;
    let steps = config.epochs * train_images.div_ceil(config.batch_size);
    Ok(UnfreezeEstimate {
        error,
        images_per_class: images as f64 / job.setup.data.classes.len() as f64,
        epochs: config.epochs,
        batch_size,
        step_s,
        total_s: step_s * steps as f64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_weighs_images_and_errors() {
        let estimate = |error, images_per_class| UnfreezeEstimate {
            error,
            images_per_class,
            epochs: 1,
            batch_size: 16,
            step_s: 2.0,
            total_s: 90.0,
        };
        for (error, images, is_worth_it, said) in [
            (0.01, 200.0, false, "unlikely to be worth it: only 1.0 % of the predictions are wrong"),
            (0.07, 33.4, false, "unlikely to be worth it: with 33 images per class"),
            (0.07, 200.0, true, "likely to be worth it: there are 200 images per class, and 7.0 % of"),
        ] {
            let estimate = estimate(error, images);
            assert_eq!(estimate.is_worth_it(), is_worth_it);
            let text = estimate.to_string();
            assert!(text.starts_with(&format!("Training all layers is {said}")), "{text}");
            assert!(
                text.ends_with(
                    "; 1 epoch would take about 1 min 30 s here, since one update of 16 images takes 2.0 s."
                ),
                "{text}"
            );
            assert_eq!(serde_json::to_value(&estimate).unwrap(), text);
        }
    }
}
