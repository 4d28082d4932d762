//! Principal components: the directions of largest variance.

use ndarray::ArrayView2;
use serde::Serialize;

use super::gram::Gram;
use striate_base::eigen::leading;

/// Points are equally far when they differ by less than this share: rounding is not to turn an axis round.
const ALIKE: f64 = 1e-6;

/// Points projected onto their first two principal components.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pca {
    /// The scores, `[N, 2]`.
    pub points: Vec<[f64; 2]>,
    /// The share of the variance along each axis.
    pub explained: [f64; 2],
    /// The sample variance along each axis, divided by N - 1.
    pub variance: [f64; 2],
}

/// Computes the first two principal components: `K v = λ v`, scores `sqrt(λ) v`, with K from [`Gram`].
///
/// The sign of an eigenvector is arbitrary; each axis points towards its farthest point (the first of several within a
/// millionth).
///
/// # Numerics
/// The precision is that of [`leading`]: residuals below 1e-12 of the largest eigenvalue.
///
/// # PyTorch
/// The scores of `sklearn.decomposition.PCA(2)`, up to the sign of an axis.
pub fn pca(gram: &Gram, seed: u64) -> Pca {
    let k = &gram.products;
    let n = gram.len();
    let found = leading(n, 2, seed, |block, columns| {
        let block = ArrayView2::from_shape((n, columns), block).expect("n rows");
        k.dot(&block).into_iter().collect()
    });
    let total: f64 = k.diag().sum();
    let mut pca = Pca { points: vec![[0.0; 2]; n], explained: [0.0; 2], variance: [0.0; 2] };
    for (axis, pair) in found.iter().enumerate() {
        let value = pair.value.max(0.0);
        let scores: Vec<f64> = pair.vector.iter().map(|v| v * value.sqrt()).collect();
        let most = scores.iter().fold(0.0, |most: f64, s| most.max(s.abs()));
        let farthest = scores.iter().find(|s| s.abs() >= (1.0 - ALIKE) * most);
        let sign = if farthest.is_some_and(|s| *s < 0.0) { -1.0 } else { 1.0 };
        pca.points.iter_mut().zip(&scores).for_each(|(point, score)| point[axis] = sign * score);
        pca.explained[axis] = if total > 0.0 { value / total } else { 0.0 };
        pca.variance[axis] = value / (n.max(2) - 1) as f64;
    }
    pca
}
