//! Fewer numbers a picture, and nothing lost: N rows of D > N features span N dimensions, and all that a penalised linear
//! classifier sees of them are their inner products.
//!
//! G = X Xᵀ = L Lᵀ (Cholesky): the rows of L have the inner products of the rows of X, and N numbers each.

use ndarray::Array2;

/// Pivots below this share of the largest inner product are rounding.
const RANK: f64 = 1e-12;

/// Rows with the same inner products as those of `rows`, in min(N, D) dimensions.
pub(super) fn coordinates(rows: Array2<f64>) -> Array2<f64> {
    let (n, features) = rows.dim();
    if n >= features {
        return rows;
    }
    let mut l = rows.dot(&rows.t());
    let largest = (0..n).map(|i| l[[i, i]]).fold(0.0, f64::max);
    for j in 0..n {
        let known: f64 = (0..j).map(|k| l[[j, k]] * l[[j, k]]).sum();
        let pivot = l[[j, j]] - known;
        // A row within the span of those before it: nothing new, and only rounding to divide by.
        let root = if pivot > RANK * largest { pivot.sqrt() } else { 0.0 };
        for i in j..n {
            let known: f64 = (0..j).map(|k| l[[i, k]] * l[[j, k]]).sum();
            l[[i, j]] = if root > 0.0 { (l[[i, j]] - known) / root } else { 0.0 };
        }
        for i in 0..j {
            l[[i, j]] = 0.0;
        }
    }
    l
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_products_stay() {
        let (n, features) = (9, 40);
        let value = |i: usize, j: usize| ((i * 37 + j * 11) % 23) as f64 / 7.0 - 1.5;
        let mut rows = Array2::from_shape_fn((n, features), |(i, j)| value(i, j));
        // The same picture twice, and one that is the mean of two: the rank is lower than N.
        let twice = rows.row(2).to_owned();
        rows.row_mut(5).assign(&twice);
        let mean = (&rows.row(0) + &rows.row(1)) / 2.0;
        rows.row_mut(8).assign(&mean);
        let before = rows.dot(&rows.t());
        let l = coordinates(rows);
        assert_eq!(l.dim(), (n, n));
        let after = l.dot(&l.t());
        for (a, b) in before.iter().zip(&after) {
            assert!((a - b).abs() < 1e-9, "{a} {b}");
        }
        assert!((8..9).all(|j| l.column(j).iter().all(|v| *v == 0.0)), "no dimension for what is known");
    }

    #[test]
    fn rows_in_few_dimensions_stay_as_they_are() {
        let rows = Array2::from_shape_fn((5, 3), |(i, j)| (i + j) as f64);
        assert_eq!(coordinates(rows.clone()), rows);
    }
}
