//! Cross-validation of a head: its accuracy on unseen images, while all images are used.

use super::Features;
use super::choose::choose;
use super::folds::stratified;
use super::head::Head;
use super::logistic::Rows;
use super::table::Table;
use crate::error::FitError;
use ndarray::Array2;
use striate_graph::Engine;
use striate_report::{Answer, Calibration, Confusion, ReportError};

/// Folds by which λ is chosen.
const INNER_FOLDS: usize = 5;
/// f of a head that answers, or that is kept, is at most so far above its minimum.
const GAP: f64 = 1e-7;

/// The predictions of linear heads for images that they were not fitted to.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossValidation {
    /// The probabilities of the classes for each image, `[N, classes]`.
    pub probabilities: Array2<f32>,
    /// The penalty λ that was chosen in each fold, without using the images of the fold.
    pub l2: Vec<f64>,
}

impl CrossValidation {
    /// Computes the confusion matrix of the predictions.
    ///
    /// # Errors
    /// [`ReportError::ClassOutOfRange`] when a label is out of range.
    ///
    /// # Panics
    /// When there is not one label per image.
    pub fn confusion(&self, labels: &[u32]) -> Result<Confusion, ReportError> {
        let mut confusion = Confusion::new(self.probabilities.ncols());
        for answer in self.answers(labels) {
            confusion.add(answer.label as usize, answer.predicted as usize)?;
        }
        Ok(confusion)
    }

    /// Returns the prediction for each image.
    ///
    /// # Panics
    /// When there is not one label per image, or a label is out of range.
    pub fn answers(&self, labels: &[u32]) -> Vec<Answer> {
        assert_eq!(self.probabilities.nrows(), labels.len(), "one label an image");
        let rows = self.probabilities.rows();
        rows.into_iter().zip(labels).map(|(row, &label)| Answer::new(&row.to_vec(), label as usize)).collect()
    }

    /// Computes the calibration of the probabilities.
    ///
    /// # Errors
    /// Those of [`Calibration::add`].
    pub fn calibration(&self, labels: &[u32]) -> Result<Calibration, ReportError> {
        let mut calibration = Calibration::default();
        for (row, &label) in self.probabilities.rows().into_iter().zip(labels) {
            calibration.add(&row.to_vec(), label as usize)?;
        }
        Ok(calibration)
    }
}

/// Evaluates heads by stratified cross-validation: for each of `folds` folds, the features are scaled, λ is chosen (by an inner
/// cross-validation) and the head is fitted with the images of the other folds, and then the images of the fold are classified.
/// `tell` receives the number of steps done and the maximum.
///
/// λ is sought from strong to weak penalties, 1e-1 to 1e-6 by factors of about three, and the search ends when two in a row do
/// not lower the held-out loss by more than the standard error of the difference, or one raises it by more: the remaining gain
/// is smaller than these images can resolve. With more than 2000 training images, λ is evaluated on 2000 of them.
///
/// # Numerics
/// Products of features and weights are computed in f32, everything else in f64; the same features and seed give the same bits
/// on any number of threads.
///
/// # Errors
/// [`FitError::TooFewImages`] when a class has fewer than two images, [`FitError::Setting`] when there are fewer than two
/// folds or classes.
pub fn cross_validate(
    features: &Features,
    folds: usize,
    seed: u64,
    engine: &Engine,
    tell: &mut dyn FnMut(usize, usize),
) -> Result<CrossValidation, FitError> {
    let folds = features.check(folds)?;
    let table = Table::new(features);
    let fold_of = stratified(&features.labels, folds, seed);
    let mut probabilities = Array2::zeros((features.len(), features.classes));
    let mut l2 = Vec::with_capacity(folds);
    for fold in 0..folds {
        let (held_out, learn): (Vec<u32>, Vec<u32>) =
            (0..features.len() as u32).partition(|&image| fold_of[image as usize] == fold);
        let scale = table.scale_of(&learn);
        let rows = Rows { table: &table, scale: &scale, images: &learn, engine };
        let mut tell = |done, steps| tell(fold * steps + done, folds * steps);
        let (chosen, head) = fitted(rows, INNER_FOLDS, seed, &mut tell);
        let answers = Rows { images: &held_out, ..rows }.probabilities(&head);
        for (&image, row) in held_out.iter().zip(answers.rows()) {
            probabilities.row_mut(image as usize).zip_mut_with(&row, |to, p| *to = *p as f32);
        }
        l2.push(chosen);
    }
    Ok(CrossValidation { probabilities, l2 })
}

/// Fits a head for new images: λ is chosen by cross-validation as in [`cross_validate`], and the head is fitted to all images.
/// Its weights are for unscaled features.
///
/// # Errors
/// Those of [`cross_validate`].
pub fn fit_head(
    features: &Features,
    folds: usize,
    seed: u64,
    engine: &Engine,
    tell: &mut dyn FnMut(usize, usize),
) -> Result<Head, FitError> {
    let folds = features.check(folds)?;
    let table = Table::new(features);
    let learn: Vec<u32> = (0..features.len() as u32).collect();
    let scale = table.scale_of(&learn);
    let rows = Rows { table: &table, scale: &scale, images: &learn, engine };
    let (_, head) = fitted(rows, folds, seed, tell);
    Ok(table.scale.fold(&scale.fold(&head)))
}

/// Chooses λ and fits a head to these rows. The fit starts where that of the search ended, which knew some of the same
/// images and no others.
fn fitted(rows: Rows<'_>, folds: usize, seed: u64, tell: &mut dyn FnMut(usize, usize)) -> (f64, Head) {
    let steps = super::choose::STEPS + 1;
    let (l2, start) = choose(rows, folds, seed, &mut |done| tell(done, steps));
    let head = rows.fit(l2, GAP, &start);
    tell(steps, steps);
    (l2, head)
}
