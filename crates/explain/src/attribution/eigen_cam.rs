//! EigenCAM, `Σ_k v_k (A_k − mean A_k)`: the feature maps of a layer projected onto their first principal component; `v` is the
//! first right singular vector of the matrix `[H·W, K]` of centered maps.
//!
//! With `R = U S Vᵀ` the map is `R v = s u`, so the first eigenvector of whichever of `R Rᵀ` and `Rᵀ R` is smaller is enough.

use super::{Attribution, Attributor, Method};
use crate::error::ExplainError;
use striate_base::eigen::leading;

impl Attributor<'_> {
    /// Computes EigenCAM for `layer`, or for the default layer. It uses neither a logit nor a gradient, so it is the same for
    /// every class.
    ///
    /// The sign of a singular vector is arbitrary: here the value of largest magnitude is positive.
    ///
    /// # Errors
    /// Those of [`Attributor::grad_cam`], and when the attributor is [`versus`](Attributor::versus) another class.
    ///
    /// # Numerics
    /// Where the first two singular values are equal, the first component is not unique, and neither is the map.
    ///
    /// # Source
    /// Muhammad 2020.
    pub fn eigen_cam(&mut self, layer: Option<&str>) -> Result<Attribution, ExplainError> {
        if self.versus.is_some() {
            return Err(ExplainError::NoVersus { method: Method::EigenCam.name() });
        }
        let maps = self.maps_of(layer)?;
        let values = projection(&maps.values, maps.channels(), maps.plane());
        let attribution = self.attribution(Method::EigenCam, maps.score, values)?;
        Ok(Attribution { layer: Some(maps.layer), shape: [1, maps.size[0], maps.size[1]], ..attribution })
    }
}

/// The projection of maps `[K, plane]`, of length `plane`.
fn projection(maps: &[f32], channels: usize, plane: usize) -> Vec<f32> {
    let centered: Vec<Vec<f64>> = maps
        .chunks_exact(plane)
        .map(|map| {
            let mean = map.iter().map(|&a| f64::from(a)).sum::<f64>() / plane as f64;
            map.iter().map(|&a| f64::from(a) - mean).collect()
        })
        .collect();
    let place = |i: usize| -> Vec<f64> { centered.iter().map(|map| map[i]).collect() };
    let mut seen = if plane <= channels {
        let places: Vec<Vec<f64>> = (0..plane).map(place).collect();
        let (direction, square) = first_eigenvector(&gram(&places));
        direction.into_iter().map(|u| u * square.sqrt()).collect()
    } else {
        let (direction, _) = first_eigenvector(&gram(&centered));
        let mut sum = vec![0.0; plane];
        for (map, v) in centered.iter().zip(direction) {
            sum.iter_mut().zip(map).for_each(|(sum, a)| *sum += v * a);
        }
        sum
    };
    let (low, high) = seen.iter().fold((0.0_f64, 0.0_f64), |(low, high), &v| (low.min(v), high.max(v)));
    if -low > high {
        seen.iter_mut().for_each(|v| *v = -*v);
    }
    seen.into_iter().map(|v| v as f32).collect()
}

/// Every dot product of two rows.
fn gram(rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    rows.iter().map(|a| rows.iter().map(|b| dot(a, b)).collect()).collect()
}

/// Of a symmetric matrix without negative eigenvalues: the unit vector of the largest, and that eigenvalue; of zeros, zeros.
fn first_eigenvector(matrix: &[Vec<f64>]) -> (Vec<f64>, f64) {
    let n = matrix.len();
    let product = |block: &[f64], columns: usize| {
        let mut rows = vec![0.0; n * columns];
        for (row, sum) in matrix.iter().zip(rows.chunks_exact_mut(columns)) {
            for (a, vectors) in row.iter().zip(block.chunks_exact(columns)) {
                sum.iter_mut().zip(vectors).for_each(|(sum, v)| *sum += a * v);
            }
        }
        rows
    };
    match leading(n, 1, 0, product).pop() {
        Some(first) if first.value > 0.0 || first.value.is_nan() => (first.vector, first.value),
        _ => (vec![0.0; n], 0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_that_are_multiples_of_one_give_that_one() {
        // K = 3 maps of 4 places, and 5 maps of 2 places: both ways of finding it. |(1, -2, 2)| = 3.
        let one = [3.0_f32, -1.0, -1.0, -1.0];
        let maps: Vec<f32> = [1.0, -2.0, 2.0].iter().flat_map(|w| one.map(|a| w * a + 7.0)).collect();
        let got = projection(&maps, 3, 4);
        got.iter().zip([9.0, -3.0, -3.0, -3.0]).for_each(|(g, w)| assert!((g - w).abs() < 1e-5, "{got:?}"));
        let maps: Vec<f32> = [2.0, -1.0, 4.0, 2.0, 0.0].iter().flat_map(|w| [*w, -*w]).collect();
        let got = projection(&maps, 5, 2);
        got.iter()
            .zip([5.0_f32, -5.0])
            .for_each(|(g, w)| assert!((g.abs() - w.abs()).abs() < 1e-5, "{got:?}"));
    }

    #[test]
    fn the_largest_value_is_positive_and_silence_stays_silent() {
        let maps = [-9.0_f32, 3.0, 3.0, 3.0];
        let got = projection(&maps, 1, 4);
        assert_eq!(got, [9.0, -3.0, -3.0, -3.0]);
        assert_eq!(projection(&[4.0; 8], 2, 4), [0.0; 4]);
        assert_eq!(projection(&[4.0; 8], 4, 2), [0.0; 2]);
    }

    #[test]
    fn both_ways_find_the_same_direction() {
        let few: Vec<f32> = (0..30).map(|i| (i as f32 * 1.3).sin()).collect();
        let by_maps = projection(&few, 5, 6);
        // Two maps of zeros add nothing, but there are then more maps than places.
        let more: Vec<f32> = few.iter().copied().chain([0.0; 12]).collect();
        let by_places = projection(&more, 7, 6);
        by_maps.iter().zip(&by_places).for_each(|(a, b)| assert!((a - b).abs() < 1e-5));
        let (vector, value) = first_eigenvector(&[vec![2.0, 1.0], vec![1.0, 2.0]]);
        assert!((value - 3.0).abs() < 1e-12 && (vector[0] - vector[1]).abs() < 1e-12, "{vector:?} {value}");
    }
}
