//! What a head has to be better than.

use super::folds::stratified;
use super::{CrossValidation, Features};
use crate::batch::Batch;
use crate::error::FitError;
use ndarray::{Array1, Array2, ArrayView1};
use striate_data::{Augment, Loader, Preprocess, Split};
use striate_graph::Engine;

/// Judges the nearest class mean by the folds of [`cross_validate`](super::cross_validate): the class of the highest cosine
/// between a picture's features and their mean over the class, all of length 1.
///
/// There is nothing to choose, and so nothing to be chosen wrongly. The probabilities are 1 for the nearest and 0 for
/// the others: a distance is no probability.
///
/// # Errors
/// As [`cross_validate`](super::cross_validate).
pub fn nearest_mean(features: &Features, folds: usize, seed: u64) -> Result<CrossValidation, FitError> {
    let folds = features.check(folds)?;
    let fold_of = stratified(&features.labels, folds, seed);
    let unit: Vec<Array1<f64>> = features.rows.rows().into_iter().map(unit).collect();
    let mut probabilities = Array2::zeros((features.len(), features.classes));
    for fold in 0..folds {
        let mut means = vec![Array1::<f64>::zeros(features.rows.ncols()); features.classes];
        for picture in (0..features.len()).filter(|&picture| fold_of[picture] != fold) {
            means[features.labels[picture] as usize] += &unit[picture];
        }
        let means: Vec<Array1<f64>> = means.iter().map(|mean| unit64(mean.view())).collect();
        for picture in (0..features.len()).filter(|&picture| fold_of[picture] == fold) {
            let cosine = |class: &usize| means[*class].dot(&unit[picture]);
            let nearest =
                (0..features.classes).fold(0, |best, c| if cosine(&c) > cosine(&best) { c } else { best });
            probabilities[[picture, nearest]] = 1.0;
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

/// The pixels of every picture as its features: the colours of a thumbnail of 32 x 32, for a line that says how far one comes
/// without a network.
///
/// # Errors
/// A picture that cannot be decoded.
pub fn raw_pixels(split: &Split, classes: usize, engine: &Engine) -> Result<Features, FitError> {
    // Images of one size in memory are taken as they are.
    let shape = split.fixed_shape().unwrap_or([3, SIDE_PX, SIDE_PX]);
    let half = vec![0.5; shape[0]];
    let preprocess = Preprocess::new(shape, &half, &half)?;
    let loader = Loader::new(split, &preprocess, Augment::default(), split.len().max(1), 0, false)?;
    let mut batch = Batch::new(split.len(), preprocess.sample_len());
    let pixels = batch.fetch(engine, &loader, 0, &loader.order(0))?.0;
    let rows = Array2::from_shape_vec((split.len(), preprocess.sample_len()), pixels.to_vec());
    Ok(Features { rows: rows.expect("one row a picture"), labels: split.labels().collect(), classes })
}
