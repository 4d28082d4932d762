//! Eigenvectors of symmetric matrices.

use crate::random::signed_unit;

/// Vectors that are sought at once: the more, the sooner the first few are found.
const BLOCK: usize = 32;
/// The residual `|A v − λ v|` at which an eigenvector counts as found, as a share of the largest eigenvalue.
const RESIDUAL: f64 = 1e-12;
/// Turns after which the search ends all the same.
const TURNS: usize = 500;

/// An eigenvalue and its eigenvector, which has length 1 and either sign.
#[derive(Debug, Clone, PartialEq)]
pub struct Eigenpair {
    /// The eigenvalue λ.
    pub value: f64,
    /// The eigenvector v.
    pub vector: Vec<f64>,
}

/// Computes the `wanted` largest eigenvalues, with their eigenvectors, of a symmetric positive semidefinite matrix `A` of `n`
/// rows, the largest first; fewer if `wanted` is larger than `n`, and at most 32.
///
/// `product` multiplies by the matrix: it receives a block of vectors, `[n, columns]` row by row, and the number of columns,
/// and returns `A` times the block in the same form. `seed` determines the start of the search, and thereby the sign of each
/// vector.
///
/// # Numerics
/// The algorithm is subspace iteration in f64, until the residuals are below 1e-12 of the largest eigenvalue, or for 500
/// iterations; each iteration reduces the residual by the ratio of the eigenvalues 33 and `wanted`. Equal eigenvalues have any
/// eigenvectors that span the same space.
///
/// # Panics
/// When `product` returns another number of values than it received.
///
/// # Source
/// Golub 2013, sections 7.3 and 8.2.
///
/// # Example
/// ```
/// // [[2, 1], [1, 2]]
/// let product = |block: &[f64], columns: usize| {
///     let (a, b) = block.split_at(columns);
///     let row = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| 2.0 * x + y).collect::<Vec<_>>();
///     [row(a, b), row(b, a)].concat()
/// };
/// let first = &striate_base::eigen::leading(2, 1, 0, product)[0];
/// assert!((first.value - 3.0).abs() < 1e-12);
/// assert!((first.vector[0] - first.vector[1]).abs() < 1e-12);
/// ```
pub fn leading(
    n: usize,
    wanted: usize,
    seed: u64,
    product: impl Fn(&[f64], usize) -> Vec<f64>,
) -> Vec<Eigenpair> {
    let block = BLOCK.min(n);
    let start = |j: usize| (0..n).map(|i| signed_unit(seed, (1 << 50) + (i * block + j) as u64)).collect();
    let mut basis: Vec<Vec<f64>> = (0..block).map(start).collect();
    let mut pairs = Vec::new();
    for _ in 0..TURNS {
        orthonormalize(&mut basis, seed);
        let rows: Vec<f64> = (0..n).flat_map(|i| basis.iter().map(move |column| column[i])).collect();
        let image = product(&rows, block);
        assert_eq!(image.len(), n * block, "a product has the shape of the block");
        let image: Vec<Vec<f64>> =
            (0..block).map(|j| image.iter().skip(j).step_by(block).copied().collect()).collect();
        let small: Vec<Vec<f64>> = basis.iter().map(|a| image.iter().map(|b| dot(a, b)).collect()).collect();
        let turned = of_small(&small);
        let images: Vec<Vec<f64>> = turned.iter().map(|turn| combined(&image, &turn.vector)).collect();
        pairs = turned
            .into_iter()
            .take(wanted)
            .map(|turn| Eigenpair { vector: combined(&basis, &turn.vector), ..turn })
            .collect();
        let is_found = |(pair, image): (&Eigenpair, &Vec<f64>)| {
            let rest = image.iter().zip(&pair.vector).map(|(a, v)| (a - pair.value * v).powi(2)).sum::<f64>();
            rest.sqrt() <= RESIDUAL * pairs[0].value.abs()
        };
        // What is not a number does not get better.
        if pairs.iter().any(|pair| !pair.value.is_finite()) || pairs.iter().zip(&images).all(is_found) {
            break;
        }
        basis = images;
    }
    pairs
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The sum of the columns, each times its weight.
fn combined(columns: &[Vec<f64>], weights: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; columns.first().map_or(0, Vec::len)];
    for (column, weight) in columns.iter().zip(weights) {
        sum.iter_mut().zip(column).for_each(|(sum, v)| *sum += weight * v);
    }
    sum
}

/// Gram and Schmidt, twice, which is enough; a column that the others already span becomes another.
fn orthonormalize(basis: &mut [Vec<f64>], seed: u64) {
    let columns = basis.len();
    for at in 0..columns {
        let (before, rest) = basis.split_at_mut(at);
        let column = &mut rest[0];
        for attempt in 0..4_u64 {
            let length_before = dot(column, column).sqrt();
            for _ in 0..2 {
                for other in &*before {
                    let share = dot(column, other);
                    column.iter_mut().zip(other).for_each(|(v, other)| *v -= share * other);
                }
            }
            let length = dot(column, column).sqrt();
            if length > 1e-10 * length_before && length > 0.0 {
                column.iter_mut().for_each(|v| *v /= length);
                break;
            }
            let place = (1 << 51) + ((attempt * columns as u64 + at as u64) << 32);
            column.iter_mut().zip(place..).for_each(|(v, place)| *v = signed_unit(seed, place));
        }
    }
}

/// All pairs of a small symmetric matrix, the largest eigenvalue first: Jacobi's rotations.
///
/// # Source
/// Golub 2013, section 8.5.
fn of_small(matrix: &[Vec<f64>]) -> Vec<Eigenpair> {
    let n = matrix.len();
    let mut a: Vec<Vec<f64>> =
        (0..n).map(|i| (0..n).map(|j| (matrix[i][j] + matrix[j][i]) * 0.5).collect()).collect();
    // Row k is the vector of `a[k][k]`.
    let mut vectors: Vec<Vec<f64>> =
        (0..n).map(|k| (0..n).map(|i| f64::from(u8::from(i == k))).collect()).collect();
    let size = a.iter().flatten().map(|x| x * x).sum::<f64>().sqrt();
    for _ in 0..60 {
        let off = (0..n).flat_map(|i| (0..n).map(move |j| (i, j))).filter(|(i, j)| i != j);
        let off: f64 = off.map(|(i, j)| a[i][j] * a[i][j]).sum();
        if off.sqrt() <= 1e-15 * size || !off.is_finite() {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                if a[p][q] != 0.0 {
                    rotate(&mut a, &mut vectors, p, q);
                }
            }
        }
    }
    let mut pairs: Vec<Eigenpair> =
        vectors.into_iter().enumerate().map(|(k, vector)| Eigenpair { value: a[k][k], vector }).collect();
    pairs.sort_by(|one, other| other.value.total_cmp(&one.value));
    pairs
}

/// The rotation of the axes p and q after which `a[p][q]` is 0.
fn rotate(a: &mut [Vec<f64>], vectors: &mut [Vec<f64>], p: usize, q: usize) {
    let tau = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let t = if tau == 0.0 { 1.0 } else { tau.signum() / (tau.abs() + (1.0 + tau * tau).sqrt()) };
    let c = 1.0 / (1.0 + t * t).sqrt();
    let s = t * c;
    let turn = |x: f64, y: f64| (c * x - s * y, s * x + c * y);
    for row in &mut *a {
        (row[p], row[q]) = turn(row[p], row[q]);
    }
    for rows in [a, vectors] {
        let (before, rest) = rows.split_at_mut(q);
        for (x, y) in before[p].iter_mut().zip(&mut rest[0]) {
            (*x, *y) = turn(*x, *y);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product_of(matrix: &[Vec<f64>]) -> impl Fn(&[f64], usize) -> Vec<f64> {
        |block, columns| {
            let row = |row: &Vec<f64>| {
                let column = |j: usize| {
                    row.iter().zip(block.iter().skip(j).step_by(columns)).map(|(a, v)| a * v).sum()
                };
                (0..columns).map(column).collect::<Vec<f64>>()
            };
            matrix.iter().flat_map(row).collect()
        }
    }

    /// `Σ_k values[k] w_k w_kᵀ` for vectors w of length 1 that are at right angles to each other: columns of Householder's matrix.
    fn with_eigenvalues(values: &[f64]) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        let n = values.len();
        let u: Vec<f64> = (0..n).map(|i| signed_unit(3, i as u64)).collect();
        let square = dot(&u, &u);
        let w: Vec<Vec<f64>> = (0..n)
            .map(|k| (0..n).map(|i| f64::from(u8::from(i == k)) - 2.0 * u[i] * u[k] / square).collect())
            .collect();
        let entry = |i: usize, j: usize| (0..n).map(|k| values[k] * w[k][i] * w[k][j]).sum();
        ((0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect(), w)
    }

    #[test]
    fn the_eigenvectors_of_a_matrix_made_of_them_are_found() {
        for n in [1, 2, 5, 32, 33, 100] {
            let values: Vec<f64> = (0..n).map(|k| 9.0 * 0.8_f64.powi(k)).collect();
            let (matrix, vectors) = with_eigenvalues(&values);
            let found = leading(n as usize, 3, 5, product_of(&matrix));
            assert_eq!(found.len(), 3.min(n as usize));
            for (k, pair) in found.iter().enumerate() {
                assert!((pair.value - values[k]).abs() < 1e-11, "{n}, {k}: {}", pair.value);
                let along = dot(&pair.vector, &vectors[k]).abs();
                assert!((along - 1.0).abs() < 1e-11, "{n}, {k}: {along}");
            }
        }
    }

    #[test]
    fn equal_eigenvalues_have_vectors_at_right_angles() {
        let (matrix, _) = with_eigenvalues(&[4.0, 4.0, 1.0, 0.0, 0.0]);
        let found = leading(5, 4, 0, product_of(&matrix));
        let values: Vec<f64> = found.iter().map(|pair| pair.value).collect();
        values
            .iter()
            .zip([4.0, 4.0, 1.0, 0.0])
            .for_each(|(v, w)| assert!((v - w).abs() < 1e-12, "{values:?}"));
        for (i, a) in found.iter().enumerate() {
            for (j, b) in found.iter().enumerate() {
                assert!((dot(&a.vector, &b.vector) - f64::from(u8::from(i == j))).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn nothing_and_what_is_no_number_end_the_search() {
        let calls = std::cell::Cell::new(0);
        let of = |value: f64| {
            leading(40, 2, 0, |block, _| {
                calls.set(calls.get() + 1);
                vec![value; block.len()]
            })
        };
        assert_eq!(of(0.0)[0].value, 0.0);
        assert!(!of(f64::NAN)[0].value.is_finite());
        assert_eq!(calls.get(), 2);
        assert_eq!(leading(0, 1, 0, |_, _| Vec::new()), []);
    }

    #[test]
    fn the_seed_decides() {
        let (matrix, _) = with_eigenvalues(&[3.0, 2.0, 1.0]);
        let of = |seed| leading(3, 3, seed, product_of(&matrix));
        assert_eq!(of(1), of(1));
        assert!(of(1).iter().zip(of(2)).all(|(a, b)| (dot(&a.vector, &b.vector).abs() - 1.0).abs() < 1e-12));
    }
}
