//! The one matrix from which distances and principal components follow.

use ndarray::{Array2, ArrayView2};
use striate_graph::Engine;

/// Points whose products are computed at once.
const BLOCK: usize = 128;

/// Inner products of centered points: `K_ij = (x_i − x̄) · (x_j − x̄)`.
///
/// Distances are `|x_i − x_j|² = K_ii + K_jj − 2 K_ij`, and the principal components are eigenvectors of K, which for few points
/// of many dimensions is the smaller matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Gram {
    /// `[N, N]`, symmetric.
    pub products: Array2<f64>,
}

impl Gram {
    /// Of points `[N, D]`, row by row.
    ///
    /// # Numerics
    /// In f64. The products of two blocks of points are one piece of work, so threads do not count.
    ///
    /// # Panics
    /// When `values` are not whole points, or there is none.
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

    /// Number of points.
    pub fn len(&self) -> usize {
        self.products.nrows()
    }

    /// Never: a Gram matrix of nothing cannot be made.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `|x_i − x_j|²`.
    ///
    /// # Panics
    /// When there is no such point.
    pub fn distance_squared(&self, i: usize, j: usize) -> f64 {
        if i == j {
            return 0.0;
        }
        (self.products[[i, i]] + self.products[[j, j]] - 2.0 * self.products[[i, j]]).max(0.0)
    }
}
