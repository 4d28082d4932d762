//! How good a head is on pictures it has not seen, without giving any of them away.

use super::Features;
use super::folds::stratified;
use super::head::Head;
use super::logistic::Rows;
use super::scale::Scale;
use super::span::coordinates;
use crate::error::FitError;
use ndarray::{Array2, ArrayView2, Axis};
use striate_graph::Engine;

/// λ of the penalty, strongest first: each fit starts where the last one ended.
const PENALTIES: [f64; 11] = [1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6];
/// Folds by which λ is chosen.
const INNER_FOLDS: usize = 5;
/// Once so many pictures were judged, more say nothing new about λ.
const ENOUGH: usize = 2000;

/// What heads said of pictures that they were not fitted to.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossValidation {
    /// One probability a class, `[N, classes]`.
    pub probabilities: Array2<f32>,
    /// The penalty λ that was chosen in each fold, without looking at the pictures it is judged by.
    pub l2: Vec<f64>,
}

/// Judges heads by stratified cross-validation: in each of `folds` folds the features are scaled, λ is chosen (by another
/// cross-validation, within) and the head is fitted by the pictures of the other folds, and those of the fold are answered.
///
/// # Numerics
/// In f64; the same features and seed give the same bits on any number of threads.
///
/// # Errors
/// [`FitError::TooFewPictures`] when a class has fewer than two pictures, [`FitError::Setting`] when there are fewer than two
/// folds or classes.
pub fn cross_validate(
    features: &Features,
    folds: usize,
    seed: u64,
    engine: &Engine,
) -> Result<CrossValidation, FitError> {
    let folds = features.check(folds)?;
    let fold_of = stratified(&features.labels, folds, seed);
    let mut answers: Vec<Option<(f64, Vec<Vec<f64>>)>> = vec![None; folds];
    engine.pool().for_each_chunk(&mut answers, 1, |fold, slot| {
        slot[0] = Some(judge(features, &|picture| fold_of[picture] == fold, seed));
    });
    let mut probabilities = Array2::zeros((features.len(), features.classes));
    let mut l2 = Vec::with_capacity(folds);
    for (fold, answer) in answers.into_iter().enumerate() {
        let (chosen, rows) = answer.expect("every fold was judged");
        l2.push(chosen);
        let pictures = (0..features.len()).filter(|&picture| fold_of[picture] == fold);
        for (picture, row) in pictures.zip(rows) {
            probabilities.row_mut(picture).iter_mut().zip(row).for_each(|(to, p)| *to = p as f32);
        }
    }
    Ok(CrossValidation { probabilities, l2 })
}

/// Fits a head to all but the pictures that are held out; gives λ and what it says of those.
fn judge(features: &Features, is_held_out: &dyn Fn(usize) -> bool, seed: u64) -> (f64, Vec<Vec<f64>>) {
    let rows = features.rows.view();
    let (held_out, learn): (Vec<usize>, Vec<usize>) = (0..features.len()).partition(|&i| is_held_out(i));
    let scaled = coordinates(Scale::of(rows, &learn).apply(rows));
    let l2 = choose(features, scaled.view(), &learn, INNER_FOLDS, seed);
    let head = fit(features, scaled.view(), &learn, l2, &Head::zero(features.classes, scaled.ncols()));
    let held_out = held_out.into_iter();
    (l2, held_out.map(|picture| head.probabilities(scaled.row(picture))).collect())
}

/// A head for pictures to come: λ chosen by cross-validation, fitted to all of them, for features as they are.
///
/// # Errors
/// As [`cross_validate`].
pub fn fit_head(features: &Features, folds: usize, seed: u64) -> Result<Head, FitError> {
    let folds = features.check(folds)?;
    let learn: Vec<usize> = (0..features.len()).collect();
    let scale = Scale::of(features.rows.view(), &learn);
    let scaled = scale.apply(features.rows.view());
    let l2 = choose(features, coordinates(scaled.clone()).view(), &learn, folds, seed);
    let head = fit(features, scaled.view(), &learn, l2, &Head::zero(features.classes, scaled.ncols()));
    Ok(scale.fold(&head))
}

/// The λ whose heads give held-out labels the highest probability; of equals the strongest.
fn choose(
    features: &Features,
    scaled: ArrayView2<'_, f64>,
    pictures: &[usize],
    folds: usize,
    seed: u64,
) -> f64 {
    let classes = features.classes;
    let labels: Vec<u32> = pictures.iter().map(|&picture| features.labels[picture]).collect();
    let fold_of = stratified(&labels, folds, seed.wrapping_add(1));
    let mut losses = [0.0; PENALTIES.len()];
    let mut judged = 0;
    for fold in 0..folds {
        let of_fold = |is_in: bool| -> Vec<usize> {
            let chosen = pictures.iter().zip(&fold_of).filter(|&(_, &f)| (f == fold) == is_in);
            chosen.map(|(&picture, _)| picture).collect()
        };
        let (learn, held_out) = (of_fold(false), of_fold(true));
        if held_out.is_empty() {
            continue;
        }
        let x = scaled.select(Axis(0), &held_out);
        let labels: Vec<u32> = held_out.iter().map(|&picture| features.labels[picture]).collect();
        let test = Rows { x: x.view(), labels: &labels, classes };
        let mut head = Head::zero(classes, scaled.ncols());
        for (loss, &l2) in losses.iter_mut().zip(&PENALTIES) {
            head = fit(features, scaled, &learn, l2, &head);
            *loss += test.loss(&head) * held_out.len() as f64;
        }
        judged += held_out.len();
        if judged >= ENOUGH {
            break;
        }
    }
    let best = (0..losses.len()).fold(0, |best, i| if losses[i] < losses[best] { i } else { best });
    PENALTIES[best]
}

fn fit(features: &Features, scaled: ArrayView2<'_, f64>, learn: &[usize], l2: f64, start: &Head) -> Head {
    let x = scaled.select(Axis(0), learn);
    let labels: Vec<u32> = learn.iter().map(|&picture| features.labels[picture]).collect();
    Rows { x: x.view(), labels: &labels, classes: features.classes }.fit(l2, start)
}
