//! How good a network is on labelled images.

use crate::batch::Batch;
use crate::error::FitError;
use striate_data::{Augment, Images, Loader, Preprocess};
use striate_graph::{Engine, Session};
use striate_inspect::{Confusion, in_top_k};

/// Images in memory at once.
const BATCH: usize = 512;

/// How good a network is on labelled images.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// How often each class was taken for each; its `accuracy()` is the top-1 accuracy.
    pub confusion: Confusion,
    /// Images whose label is among the five highest logits.
    pub top5_hits: u64,
    /// Mean cross entropy.
    pub loss: f64,
}

impl Evaluation {
    /// Fraction of images that were right; 0 without images.
    pub fn accuracy(&self) -> f64 {
        self.confusion.accuracy().unwrap_or(0.0)
    }
}

/// Runs a network over labelled images, without augmentation.
///
/// # Numerics
/// `loss = mean(log Σ exp(x) − x[label])`, from f32 logits in f64, summed in the order of the images.
///
/// # Errors
/// When images, preprocessing and network have different shapes, or a label is past the network's outputs.
pub fn evaluate(
    session: &mut Session,
    engine: &Engine,
    images: &Images,
    preprocess: &Preprocess,
) -> Result<Evaluation, FitError> {
    let loader = Loader::new(images, preprocess, Augment::default(), BATCH, 0, false)?;
    let classes: usize = session.graph().output_shape().iter().product();
    let mut evaluation = Evaluation { confusion: Confusion::new(classes), top5_hits: 0, loss: 0.0 };
    let mut batch = Batch::new(BATCH.min(images.len()), images.sample_len());
    for samples in loader.order(0).chunks(BATCH) {
        let (pixels, labels) = batch.fetch(engine, &loader, images, 0, samples);
        let logits = session.run_slice(pixels, labels.len())?;
        for (logits, &label) in logits.chunks_exact(classes).zip(labels) {
            let label = label as usize;
            evaluation.confusion.add(label, argmax(logits))?;
            evaluation.top5_hits += u64::from(in_top_k(logits, label, 5));
            evaluation.loss += cross_entropy(logits, label);
        }
    }
    evaluation.loss /= images.len() as f64;
    Ok(evaluation)
}

/// The first of the largest.
fn argmax(logits: &[f32]) -> usize {
    let larger = |best: usize, i: usize| if logits[i] > logits[best] { i } else { best };
    (0..logits.len()).fold(0, larger)
}

fn cross_entropy(logits: &[f32], label: usize) -> f64 {
    let largest = logits.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
    let sum: f64 = logits.iter().map(|&x| f64::from(x - largest).exp()).sum();
    sum.ln() - f64::from(logits[label] - largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cross_entropy_by_hand() {
        assert!((cross_entropy(&[0.0; 4], 2) - 4_f64.ln()).abs() < 1e-12);
        // Without subtracting the largest this would overflow.
        assert!((cross_entropy(&[1000.0, 0.0], 1) - 1000.0).abs() < 1e-9);
        assert_eq!(argmax(&[1.0, 3.0, 3.0]), 1);
    }
}
