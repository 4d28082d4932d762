//! How good a head is on images it has not seen, without giving any of them away.

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

/// What heads said of images that they were not fitted to.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossValidation {
    /// One probability a class, `[N, classes]`.
    pub probabilities: Array2<f32>,
    /// The penalty λ that was chosen in each fold, without looking at the images it is judged by.
    pub l2: Vec<f64>,
}

impl CrossValidation {
    /// What was taken for what.
    ///
    /// # Errors
    /// [`ReportError::ClassOutOfRange`] when a label is none of the classes.
    ///
    /// # Panics
    /// When there is not one label an image.
    pub fn confusion(&self, labels: &[u32]) -> Result<Confusion, ReportError> {
        let mut confusion = Confusion::new(self.probabilities.ncols());
        for answer in self.answers(labels) {
            confusion.add(answer.label as usize, answer.predicted as usize)?;
        }
        Ok(confusion)
    }

    /// What was said of each image.
    ///
    /// # Panics
    /// When there is not one label an image, or one is none of the classes.
    pub fn answers(&self, labels: &[u32]) -> Vec<Answer> {
        assert_eq!(self.probabilities.nrows(), labels.len(), "one label an image");
        let rows = self.probabilities.rows();
        rows.into_iter().zip(labels).map(|(row, &label)| Answer::new(&row.to_vec(), label as usize)).collect()
    }

    /// Whether the probabilities mean what they say.
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

/// Judges heads by stratified cross-validation: in each of `folds` folds the features are scaled, λ is chosen (by another
/// cross-validation, within) and the head is fitted by the images of the other folds, and those of the fold are answered.
/// `tell` hears how many steps are done, of how many at most.
///
/// λ is sought from strong to weak penalties, 1e-1 to 1e-6 by factors of about three, and the search ends when two in a row do
/// not lower the held-out loss by more than the standard error of the difference, or one raises it by more: what is left to win
/// is less than these images can show. With more than 2000 images to learn from, so many judge λ, not all.
///
/// # Numerics
/// Products of features and weights in f32, everything else in f64; the same features and seed give the same bits on any
/// number of threads.
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

/// A head for images to come: λ chosen by cross-validation as in [`cross_validate`], fitted to all of them, for features as
/// they are.
///
/// # Errors
/// As [`cross_validate`].
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
