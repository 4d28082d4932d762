//! What a network predicts for images.

use std::sync::Arc;

use striate_base::{check_logits, softmax};
use striate_graph::RunError;
use striate_image::Preprocess;

use crate::Error;

/// The prediction of a network for one image.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    pub(crate) classes: Arc<[String]>,
    /// One logit per class, before the softmax.
    pub logits: Vec<f32>,
}

impl Prediction {
    /// Returns the `k` classes with the highest probabilities as `(index, probability)`, the highest first; ties go to the
    /// lower index.
    pub fn top(&self, k: usize) -> Vec<(usize, f32)> {
        let probabilities = self.probabilities();
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        order.sort_by(|&a, &b| self.logits[b].total_cmp(&self.logits[a]).then(a.cmp(&b)));
        order.into_iter().take(k).map(|class| (class, probabilities[class])).collect()
    }

    /// The name of the class with the highest probability.
    pub fn class(&self) -> &str {
        self.top(1).first().map_or("", |&(class, _)| self.name(class))
    }

    /// The highest probability.
    pub fn probability(&self) -> f32 {
        self.top(1).first().map_or(0.0, |&(_, probability)| probability)
    }

    /// The name of a class by its index.
    ///
    /// # Panics
    /// When there is no class with this index.
    pub fn name(&self, class: usize) -> &str {
        &self.classes[class]
    }

    /// `softmax(logits)`, one probability per class.
    ///
    /// # Numerics
    /// The softmax is computed in f64, relative to the highest logit, so that nothing overflows.
    pub fn probabilities(&self) -> Vec<f32> {
        softmax(&self.logits)
    }

    /// The mean of the probabilities of two predictions; the logits are its logarithms.
    pub(crate) fn mean(&self, other: &Self) -> Self {
        let pairs = self.probabilities().into_iter().zip(other.probabilities());
        let logits = pairs.map(|(p, q)| (0.5 * (p + q)).max(f32::MIN_POSITIVE).ln()).collect();
        Self { classes: Arc::clone(&self.classes), logits }
    }
}

/// Normalizes the pixels of whole images into `images`, and returns how many images they are.
pub(crate) fn normalize(
    preprocess: &Preprocess,
    pixels: &[u8],
    images: &mut Vec<f32>,
) -> Result<usize, RunError> {
    let one = preprocess.sample_len();
    let n = pixels.len() / one;
    if pixels.len() != n * one {
        return Err(RunError::Shape { expected: preprocess.shape(), got: vec![pixels.len()] });
    }
    images.resize(n * one, 0.0);
    for (pixels, image) in pixels.chunks_exact(one).zip(images.chunks_exact_mut(one)) {
        preprocess.normalize(pixels, image);
    }
    Ok(n)
}

/// One prediction per image.
pub(crate) fn predictions(classes: &Arc<[String]>, logits: &[f32]) -> Result<Vec<Prediction>, Error> {
    let one = |(image, logits): (usize, &[f32])| {
        check_logits(logits).map_err(|error| Error::Logits { image, error })?;
        Ok(Prediction { classes: Arc::clone(classes), logits: logits.to_vec() })
    };
    logits.chunks_exact(classes.len()).enumerate().map(one).collect()
}

/// As `predict` predicts, for each image and its mirror image, on average.
pub(crate) fn mirrored(
    pixels: &[u8],
    width: usize,
    mut predict: impl FnMut(&[u8]) -> Result<Vec<Prediction>, Error>,
) -> Result<Vec<Prediction>, Error> {
    let seen = predict(pixels)?;
    let mirrored: Vec<u8> = pixels.chunks_exact(width).flat_map(|row| row.iter().rev().copied()).collect();
    let other = predict(&mirrored)?;
    Ok(seen.iter().zip(&other).map(|(a, b)| a.mean(b)).collect())
}
