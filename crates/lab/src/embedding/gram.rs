//! The Gram matrix, from which distances and principal components follow.

use ndarray::{Array2, ArrayView2};
use striate_graph::Engine;

/// Points whose products are computed at once.
const BLOCK: usize = 128;

/// The inner products of centered points: `K_ij = (x_i − x̄) · (x_j − x̄)`.
///
/// Distances are `|x_i − x_j|² = K_ii + K_jj − 2 K_ij`. The principal components are eigenvectors of K, which is
/// smaller than the covariance matrix when there are fewer points than dimensions.
#[derive(Debug, Clone, PartialEq)]
pub struct Gram {
    /// The products, `[N, N]`, symmetric.
    pub products: Array2<f64>,
}

impl Gram {
    /// Computes the Gram matrix of points `[N, D]`, row by row.
    ///
    /// # Numerics
    /// Products are computed in f64. Those of two blocks of points are one task, so the number of threads has no influence.
    ///
    /// # Panics
    /// When the length of `values` is 0 or not a multiple of `dimensions`.
    pub fn of(values: &[f32], dimensions: usize, engine: &Engine) -> Self {
        let n = values.len() / dimensions.max(1);
        assert!(
            n > 0 && n * dimensions == values.len(),
            "{} values in {dimensions} dimensions",
            values.len()
        );
        let mut mean = vec![0.0; dimensions];
        for point in values.chunks_exact(dimensions) {
            mean.iter_mut().zip(point).for_each(|(sum, &v)| *sum += f64::from(v));
        }
        mean.iter_mut().for_each(|sum| *sum /= n as f64);
        let blocks = n.div_ceil(BLOCK);
        let pairs = (0..blocks).flat_map(|a| (a..blocks).map(move |b| (a, b)));
        let mut pieces: Vec<(_, Option<Array2<f64>>)> = pairs.map(|pair| (pair, None)).collect();
        let points = ArrayView2::from_shape((n, dimensions), values).expect("n points");
        let block = |at: usize| {
            let rows = at * BLOCK..n.min((at + 1) * BLOCK);
            let mut centered =
                points.slice_axis(ndarray::Axis(0), ndarray::Slice::from(rows)).mapv(f64::from);
            centered.rows_mut().into_iter().for_each(|mut row| {
                row.iter_mut().zip(&mean).for_each(|(v, mean)| *v -= mean);
            });
            centered
        };
        engine.pool().for_each(&mut pieces, |_, ((a, b), products)| {
            let first = block(*a);
            *products = Some(if a == b { first.dot(&first.t()) } else { first.dot(&block(*b).t()) });
        });
        let mut products = Array2::zeros((n, n));
        for ((a, b), piece) in pieces {
            for ((i, j), &product) in piece.expect("every pair was multiplied").indexed_iter() {
                let (i, j) = (a * BLOCK + i, b * BLOCK + j);
                // Of a pair of points the one product, so that the matrix is symmetric to the bit.
                if i <= j {
                    products[[i, j]] = product;
                    products[[j, i]] = product;
                }
            }
        }
        Self { products }
    }

    /// The number of points, N.
    pub fn len(&self) -> usize {
        self.products.nrows()
    }

    /// Always false: a Gram matrix has at least one point.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the squared distance `|x_i − x_j|²`.
    ///
    /// # Panics
    /// When there is no point with one of the indices.
    pub fn distance_squared(&self, i: usize, j: usize) -> f64 {
        if i == j {
            return 0.0;
        }
        (self.products[[i, i]] + self.products[[j, j]] - 2.0 * self.products[[i, j]]).max(0.0)
    }
}
