//! The learning-rate finder: it raises the rate from almost zero until the loss goes up, and finds where the loss fell fastest.
//!
//! `rate(i) = 1e-7 · (1e8)^(i/99)`, one update each; the loss is an exponential average with a decay of 0.98 per step and bias
//! correction. The search ends when it reaches four times its minimum. The trained parameters are discarded.

use crate::batch::Batch;
use crate::error::FitError;
use crate::job::Job;
use crate::run::{loader_of, train_graph, train_step};
use crate::run_splits::RunSplits;
use std::sync::atomic::Ordering;

/// The maximum number of updates.
const STEPS: usize = 100;
const FIRST_RATE: f64 = 1e-7;
const LAST_RATE: f64 = 10.0;
/// The decay of the average per step.
const SMOOTHING: f64 = 0.98;
/// The search ends when the loss is this many times its minimum.
const DIVERGED: f64 = 4.0;
/// A slope is taken over this many steps to each side, since single batches are easier or harder than others.
const REACH: usize = 4;

/// The loss over rising learning rates, as measured by [`find_lr`].
#[derive(Debug, Clone, PartialEq)]
pub struct RateSearch {
    /// The learning rates, rising.
    pub rates: Vec<f32>,
    /// The smoothed loss at each rate.
    pub losses: Vec<f64>,
    /// The rate at which the loss fell fastest; `None` when it never fell.
    pub suggestion: Option<f32>,
}

/// Finds a learning rate for a job; the rate in its configuration is ignored.
///
/// # Numerics
/// The same job gives the same bits on any number of threads.
///
/// # Errors
/// Those of [`fit`](crate::fit()) before its first step; also when a photo cannot be decoded.
///
/// # Source
/// Smith 2017, section 3.3, with the numbers of fastai's `lr_find`.
///
/// # Example
/// ```
/// # use std::sync::atomic::AtomicBool;
/// # use striate_data::{Augment, Dataset, Images, Preprocess};
/// # use striate_nn::{Flatten, Linear, Sequential};
/// # use striate_train::{FitConfig, Job, Setup, find_lr};
/// # let pixels = (0..64).flat_map(|i| [if i % 2 == 0 { 20 } else { 220 }; 16]).collect();
/// # let images = Images::new([1, 4, 4], pixels, (0..64).map(|i| i % 2).collect())?;
/// # let data = Dataset::new("tones", images.clone(), images, vec!["dark".into(), "bright".into()])?;
/// # let net = Sequential::new().append(Flatten::new()).append(Linear::new(16, 2));
/// # let preprocess = Preprocess::new([1, 4, 4], &[0.5], &[0.5])?;
/// # let (config, stop) = (FitConfig::default(), AtomicBool::new(false));
/// let job = Job::new(Setup::new(&net, "tones-net", &data)?, &preprocess, &config, &stop);
/// let found = find_lr(&job)?;
/// assert!(found.suggestion.is_some_and(|rate| rate > 1e-5 && rate < 1.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn find_lr(job: &Job<'_>) -> Result<RateSearch, FitError> {
    let graph = train_graph(job)?;
    let splits = RunSplits::of(job.setup.data, job.config)?;
    let mut train = train_step(job, &splits, &graph)?;
    let loader = loader_of(job, &splits, &train)?;
    let update_size = job.config.update_size().min(splits.train.len());
    let mut batch = Batch::new(update_size, job.preprocess.sample_len());
    let mut found = RateSearch { rates: Vec::new(), losses: Vec::new(), suggestion: None };
    let (mut average, mut best, mut order) = (0.0, f64::INFINITY, Vec::new());
    for i in 0..STEPS {
        let (epoch, step) = (i / loader.batches_per_epoch(), i % loader.batches_per_epoch());
        if step == 0 {
            order = loader.order(epoch as u32);
        }
        let rate = FIRST_RATE * (LAST_RATE / FIRST_RATE).powf(i as f64 / (STEPS - 1) as f64);
        let samples = loader.batch_indices(&order, step);
        let (images, targets) = batch.fetch(&job.setup.engine, &loader, epoch, samples)?;
        let loss = f64::from(train.step(images, targets, rate as f32).loss);
        average = SMOOTHING * average + (1.0 - SMOOTHING) * loss;
        let smoothed = average / (1.0 - SMOOTHING.powi(i as i32 + 1));
        if !smoothed.is_finite() || smoothed > DIVERGED * best || job.stop.load(Ordering::Relaxed) {
            break;
        }
        best = best.min(smoothed);
        found.rates.push(rate as f32);
        found.losses.push(smoothed);
    }
    found.suggestion = steepest(&found.losses).map(|at| found.rates[at]);
    Ok(found)
}

/// Where the values fall fastest, if they do.
fn steepest(losses: &[f64]) -> Option<usize> {
    let middle = REACH..losses.len().saturating_sub(REACH);
    let fall = |at: usize| losses[at - REACH] - losses[at + REACH];
    middle.max_by(|&a, &b| fall(a).total_cmp(&fall(b))).filter(|&at| fall(at) > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steepest_fall() {
        let losses: Vec<f64> =
            (0..40).map(|i| if i < 20 { 2.0 } else { 1.0 } - 0.001 * f64::from(i)).collect();
        assert!(steepest(&losses).is_some_and(|at| (16..=23).contains(&at)));
        assert_eq!(steepest(&(0..40).map(f64::from).collect::<Vec<_>>()), None, "it only rises");
        assert_eq!(steepest(&[3.0, 2.0, 1.0]), None, "too few to tell");
    }
}
