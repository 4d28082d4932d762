//! The evaluation of a network on labeled images.

use crate::batch::Batch;
use crate::error::FitError;
use striate_base::{check_logits, softmax};
use striate_data::{Augment, Dataset, Loader, Preprocess, Split};
use striate_graph::{Engine, Session};
use striate_report::{Answer, Calibration, Confusion, EvaluationReport, Report, ReportError, in_top_k};

/// The maximum size of a batch, in bytes and in images.
const BATCH_BYTES: usize = 64 << 20;
const MOST: usize = 512;

/// The evaluation of a network on labeled images.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The confusion matrix; its `accuracy()` is the top-1 accuracy.
    pub confusion: Confusion,
    /// Images whose label is among the five highest logits.
    pub top5_hits: u64,
    /// The mean cross entropy.
    pub loss: f64,
    /// The calibration of the probabilities.
    pub calibration: Calibration,
    /// The prediction for each image, in the order of the images.
    pub answers: Vec<Answer>,
}

impl Evaluation {
    pub(crate) fn of_nothing(classes: usize) -> Self {
        Self {
            confusion: Confusion::new(classes),
            top5_hits: 0,
            loss: 0.0,
            calibration: Calibration::default(),
            answers: Vec::new(),
        }
    }

    /// The fraction of images that were classified correctly; 0 without images.
    pub fn accuracy(&self) -> f64 {
        self.confusion.accuracy().unwrap_or(0.0)
    }

    /// Every metric, as data. `classes` are the names of the classes.
    ///
    /// # Errors
    /// [`ReportError::ClassNames`] if there is not one name per class.
    pub fn metrics(&self, classes: &[String]) -> Result<Report, ReportError> {
        Report::new(&self.confusion, classes, Some(self.top5_hits))
    }

    /// The evaluation of `model`, by its name, on the test images of `data`. `measured` describes these images in words, and
    /// `seconds` is how long it took.
    ///
    /// # Errors
    /// [`ReportError::ClassNames`] if `data` does not have one class per output of the network.
    pub fn report(
        &self,
        model: &str,
        data: &Dataset,
        measured: &str,
        seconds: f64,
    ) -> Result<EvaluationReport, ReportError> {
        Ok(EvaluationReport {
            model: model.to_owned(),
            data: data.name.clone(),
            data_sha256: data.sha256.clone(),
            measured: measured.to_owned(),
            loss: self.loss,
            images_per_s: data.test.len() as f64 / seconds,
            report: self.metrics(&data.classes)?,
        })
    }

    /// Mean of the classes' F1 scores; 0 without images.
    pub fn f1_macro(&self) -> f64 {
        self.confusion.macro_average().f1.unwrap_or(0.0)
    }
}

/// Runs a network over labeled images, without augmentation.
///
/// # Numerics
/// `loss = mean(log Σ exp(x) − x[label])`, from f32 logits in f64, summed in the order of the images.
///
/// # Errors
/// When images, preprocessing and network have different shapes, a label is past the network's outputs, or a photo cannot be
/// decoded. [`FitError::Logits`] when a logit is not finite.
pub fn evaluate(
    session: &mut Session,
    engine: &Engine,
    images: &Split,
    preprocess: &Preprocess,
) -> Result<Evaluation, FitError> {
    let batch_size = (BATCH_BYTES / (4 * preprocess.sample_len())).clamp(1, MOST).min(images.len().max(1));
    let loader = Loader::new(images, preprocess, Augment::default(), batch_size, 0, false)?;
    let classes: usize = session.graph().output_shape().iter().product();
    let mut evaluation = Evaluation::of_nothing(classes);
    let mut batch = Batch::new(batch_size, preprocess.sample_len());
    for samples in loader.order(0).chunks(batch_size) {
        let (pixels, targets) = batch.fetch(engine, &loader, 0, samples)?;
        let logits = session.run_slice(pixels, targets.len())?;
        for ((logits, target), &sample) in logits.chunks_exact(classes).zip(targets).zip(samples) {
            check_logits(logits)
                .map_err(|error| FitError::Logits { image: images.name(sample as usize), error })?;
            let label = target.a as usize;
            evaluation.confusion.add(label, argmax(logits))?;
            evaluation.top5_hits += u64::from(in_top_k(logits, label, 5));
            evaluation.loss += cross_entropy(logits, label);
            let probabilities = softmax(logits);
            evaluation.calibration.add(&probabilities, label)?;
            evaluation.answers.push(Answer::new(&probabilities, label));
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
