//! The directions in which points spread most.

use ndarray::{Array1, Array2};
use serde::Serialize;

use super::gram::Gram;
use striate_base::random::signed_unit;

/// Eigenvectors that are sought at once: the more, the sooner the first two are found.
const BLOCK: usize = 32;
/// The residual `|K v − λ v|` at which an eigenvector counts as found, as a share of the largest eigenvalue.
const RESIDUAL: f64 = 1e-12;
/// Turns after which the search ends all the same; each brings the residual down by the ratio of eigenvalues 33 and 2.
const TURNS: usize = 500;
/// Points are equally far when they differ by less than this share: rounding is not to turn an axis round.
const ALIKE: f64 = 1e-6;

/// Points on the two axes along which they vary most.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pca {
    /// `[N, 2]`.
    pub points: Vec<[f64; 2]>,
    /// Share of the variance along each axis.
    pub explained: [f64; 2],
    /// Variance along each axis, of a sample: divided by N - 1.
    pub variance: [f64; 2],
}

/// The first two principal components: `K v = λ v`, scores `sqrt(λ) v`, with K from [`Gram`].
///
/// The sign of an eigenvector is nobody's; each axis points to where the farthest point lies (of several within a
/// millionth, the first).
///
/// # Numerics
/// Subspace iteration in f64 until the residuals are below 1e-12 of the largest eigenvalue.
///
/// # PyTorch
/// The scores of `sklearn.decomposition.PCA(2)`, up to the sign of an axis.
pub fn pca(gram: &Gram, seed: u64) -> Pca {
    let k = &gram.products;
    let n = gram.len();
    let block = BLOCK.min(n);
    let mut basis =
        Array2::from_shape_fn((n, block), |(i, j)| signed_unit(seed, (1 << 50) + (i * block + j) as u64));
    let (mut vectors, mut values) = (Array2::zeros((n, block)), vec![0.0; block]);
    for _ in 0..TURNS {
        orthonormalize(&mut basis, seed);
        let image = k.dot(&basis);
        let (small, turned) = symmetric_eigen(&basis.t().dot(&image));
        vectors = basis.dot(&turned);
        let images = image.dot(&turned);
        values = small;
        let residual = |axis: usize| {
            let (image, vector) = (images.column(axis), vectors.column(axis));
            image.iter().zip(vector).map(|(a, v)| (a - values[axis] * v).powi(2)).sum::<f64>().sqrt()
        };
        if (0..block.min(2)).all(|axis| residual(axis) <= RESIDUAL * values[0].abs()) {
            break;
        }
        basis = images;
    }
    let total: f64 = k.diag().sum();
    let mut pca = Pca { points: vec![[0.0; 2]; n], explained: [0.0; 2], variance: [0.0; 2] };
    for axis in 0..block.min(2) {
        let value = values[axis].max(0.0);
        let scores: Vec<f64> = vectors.column(axis).iter().map(|v| v * value.sqrt()).collect();
        let most = scores.iter().fold(0.0, |most: f64, s| most.max(s.abs()));
        let farthest = scores.iter().find(|s| s.abs() >= (1.0 - ALIKE) * most);
        let sign = if farthest.is_some_and(|s| *s < 0.0) { -1.0 } else { 1.0 };
        pca.points.iter_mut().zip(&scores).for_each(|(point, score)| point[axis] = sign * score);
        pca.explained[axis] = if total > 0.0 { value / total } else { 0.0 };
        pca.variance[axis] = value / (n.max(2) - 1) as f64;
    }
    pca
}

/// Gram and Schmidt, twice, which is enough; a column that the others already span becomes another.
fn orthonormalize(basis: &mut Array2<f64>, seed: u64) {
    let (n, columns) = basis.dim();
    for column in 0..columns {
        for attempt in 0..4_u64 {
            let before = norm(&basis.column(column).to_owned());
            for _ in 0..2 {
                for other in 0..column {
                    let share = basis.column(column).dot(&basis.column(other));
                    let other = basis.column(other).to_owned();
                    basis.column_mut(column).scaled_add(-share, &other);
                }
            }
            let length = norm(&basis.column(column).to_owned());
            if length > 1e-10 * before && length > 0.0 {
                basis.column_mut(column).mapv_inplace(|v| v / length);
                break;
            }
            let place = (1 << 51) + ((attempt * columns as u64 + column as u64) << 32);
            basis
                .column_mut(column)
                .assign(&Array1::from_shape_fn(n, |i| signed_unit(seed, place + i as u64)));
        }
    }
}

fn norm(values: &Array1<f64>) -> f64 {
    values.iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// Eigenvalues of a small symmetric matrix, the largest first, and their vectors as columns: Jacobi's rotations.
///
/// # Source
/// Golub 2013, section 8.5.
fn symmetric_eigen(matrix: &Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let n = matrix.nrows();
    let mut a = (matrix + &matrix.t()) * 0.5;
    let mut v = Array2::<f64>::eye(n);
    let size = a.iter().map(|x| x * x).sum::<f64>().sqrt();
    for _ in 0..60 {
        let off: f64 = a.indexed_iter().filter(|((i, j), _)| i != j).map(|(_, x)| x * x).sum();
        if off.sqrt() <= 1e-15 * size {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                if a[[p, q]] == 0.0 {
                    continue;
                }
                let tau = (a[[q, q]] - a[[p, p]]) / (2.0 * a[[p, q]]);
                let t = tau.signum() / (tau.abs() + (1.0 + tau * tau).sqrt());
                let t = if tau == 0.0 { 1.0 } else { t };
                let c = 1.0 / (1.0 + t * t).sqrt();
                let s = t * c;
                for i in 0..n {
                    let (x, y) = (a[[i, p]], a[[i, q]]);
                    (a[[i, p]], a[[i, q]]) = (c * x - s * y, s * x + c * y);
                }
                for i in 0..n {
                    let (x, y) = (a[[p, i]], a[[q, i]]);
                    (a[[p, i]], a[[q, i]]) = (c * x - s * y, s * x + c * y);
                }
                for i in 0..n {
                    let (x, y) = (v[[i, p]], v[[i, q]]);
                    (v[[i, p]], v[[i, q]]) = (c * x - s * y, s * x + c * y);
                }
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[[j, j]].total_cmp(&a[[i, i]]).then(i.cmp(&j)));
    let values = order.iter().map(|&i| a[[i, i]]).collect();
    let vectors = Array2::from_shape_fn((n, n), |(i, j)| v[[i, order[j]]]);
    (values, vectors)
}
