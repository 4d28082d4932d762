//! Baselines for a fitted head.

use super::folds::stratified;
use super::{CrossValidation, Features};
use crate::batch::Batch;
use crate::error::FitError;
use ndarray::{Array1, Array2, ArrayView1, Axis, Slice};
use striate_data::{Augment, DataError, Loader, Preprocess, Split};
use striate_graph::Engine;

/// Evaluates the nearest-class-mean classifier with the folds of [`cross_validate`](super::cross_validate). It predicts the
/// class with the highest cosine similarity between an image's features and the mean features of the class, all scaled to
/// length 1.
///
/// The classifier has no settings. Its probabilities are 1 for the nearest class and 0 for the others, since a distance is not
/// a probability.
///
/// # Errors
/// Those of [`cross_validate`](super::cross_validate).
pub fn nearest_mean(features: &Features, folds: usize, seed: u64) -> Result<CrossValidation, FitError> {
    let folds = features.check(folds)?;
    let fold_of = stratified(&features.labels, folds, seed);
    let rows = || features.rows.rows().into_iter().zip(&features.labels).zip(&fold_of).enumerate();
    let mut probabilities = Array2::zeros((features.len(), features.classes));
    for fold in 0..folds {
        let mut means = vec![Array1::<f64>::zeros(features.rows.ncols()); features.classes];
        for (_, ((row, &label), _)) in rows().filter(|(_, (_, f))| **f != fold) {
            means[label as usize] += &unit(row);
        }
        let means: Vec<Array1<f64>> = means.iter().map(|mean| unit64(mean.view())).collect();
        for (image, ((row, _), _)) in rows().filter(|(_, (_, f))| **f == fold) {
            let unit = unit(row);
            let cosines: Vec<f64> = means.iter().map(|mean| mean.dot(&unit)).collect();
            let nearest =
                (0..cosines.len()).fold(0, |best, c| if cosines[c] > cosines[best] { c } else { best });
            probabilities[[image, nearest]] = 1.0;
        }
    }
    Ok(CrossValidation { probabilities, l2: Vec::new() })
}

fn unit(row: ArrayView1<'_, f32>) -> Array1<f64> {
    unit64(row.mapv(f64::from).view())
}

/// The row over its length; a row of zeros stays.
fn unit64(row: ArrayView1<'_, f64>) -> Array1<f64> {
    let length = row.dot(&row).sqrt();
    if length > 0.0 { &row / length } else { row.to_owned() }
}

/// Side of the thumbnails in [`raw_pixels`].
const SIDE_PX: usize = 32;
/// Images that are decoded at once.
const BATCH: usize = 64;

/// Returns the pixels of every `stride`-th image as its features: the colors of a 32 x 32 thumbnail, for a baseline without a
/// network. `tell` receives the number of images done and the total.
///
/// # Errors
/// When an image cannot be decoded.
///
/// # Panics
/// When `stride` is 0.
pub fn raw_pixels(
    split: &Split,
    classes: usize,
    stride: usize,
    engine: &Engine,
    tell: &mut dyn FnMut(usize, usize),
) -> Result<Features, FitError> {
    // Images of one size in memory are taken as they are.
    let shape = split.fixed_shape().unwrap_or([3, SIDE_PX, SIDE_PX]);
    let half = vec![0.5; shape[0]];
    let preprocess = Preprocess::new(shape, &half, &half).map_err(DataError::from)?;
    let loader = Loader::new(split, &preprocess, Augment::default(), BATCH, 0, false)?;
    let chosen: Vec<u32> = (0..split.len() as u32).step_by(stride).collect();
    let mut batch = Batch::new(BATCH, preprocess.sample_len());
    let mut rows = Array2::zeros((chosen.len(), preprocess.sample_len()));
    let mut done = 0;
    for samples in chosen.chunks(BATCH) {
        let pixels = batch.fetch(engine, &loader, 0, samples)?.0;
        let to = rows.slice_axis_mut(Axis(0), Slice::from(done..done + samples.len()));
        to.into_slice().expect("whole rows").copy_from_slice(pixels);
        done += samples.len();
        tell(done, chosen.len());
    }
    let labels = chosen.iter().map(|&i| split.label(i as usize)).collect();
    Ok(Features { rows, labels, classes })
}
