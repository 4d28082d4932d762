//! Smoothing that distributes each value among its neighbors, so that a map of single pixels becomes readable.
//!
//! `y_j = Σ_i x_i w(i - j) / Σ_k w(i - k)` along either axis, with `w(d) = exp(-d² / 2σ²)` cut off at 3σ:
//! values near the edge are distributed inside the map, and the sum of all values is preserved.

/// `[H, W]` values, smoothed by a Gaussian with this σ in pixels.
pub(super) fn smoothed(values: &[f32], [h, w]: [usize; 2], sigma_px: f64) -> Vec<f32> {
    let reach = (3.0 * sigma_px).ceil() as usize;
    let weights: Vec<f64> = (0..=reach).map(|d| (-0.5 * (d as f64 / sigma_px).powi(2)).exp()).collect();
    let values: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
    let across = along(&values, [h, w], &weights);
    let down = along(&transposed(&across, [h, w]), [w, h], &weights);
    transposed(&down, [w, h]).into_iter().map(|v| v as f32).collect()
}

/// Distributes each value along its row.
fn along(values: &[f64], [_, w]: [usize; 2], weights: &[f64]) -> Vec<f64> {
    let reach = weights.len() - 1;
    let span = |i: usize| i.saturating_sub(reach)..(i + reach + 1).min(w);
    let totals: Vec<f64> = (0..w).map(|i| span(i).map(|j| weights[i.abs_diff(j)]).sum()).collect();
    let mut out = vec![0.0; values.len()];
    for (from, to) in values.chunks_exact(w).zip(out.chunks_exact_mut(w)) {
        for (i, &value) in from.iter().enumerate() {
            span(i).for_each(|j| to[j] += value * weights[i.abs_diff(j)] / totals[i]);
        }
    }
    out
}

fn transposed(values: &[f64], [h, w]: [usize; 2]) -> Vec<f64> {
    (0..h * w).map(|i| values[i % h * w + i / h]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_single_pixel_becomes_a_bell() {
        let mut spot = vec![0.0; 15 * 15];
        spot[7 * 15 + 7] = 1.0;
        let bell = smoothed(&spot, [15, 15], 1.5);
        let at = |y: usize, x: usize| bell[y * 15 + x];
        assert!((at(7, 8) / at(7, 7) - (-0.5_f32 / 2.25).exp()).abs() < 1e-6);
        assert!((at(8, 9) / at(7, 7) - (-0.5_f32 * 5.0 / 2.25).exp()).abs() < 1e-6);
        assert_eq!((at(7, 4), at(4, 7)), (at(7, 10), at(10, 7)));
        assert_eq!(at(7, 1), 0.0, "past three sigma");
    }

    proptest! {
        #[test]
        fn sums_are_kept(h in 1_usize..12, w in 1_usize..12, sigma in 0.3_f64..6.0) {
            let map: Vec<f32> = (0..h * w).map(|i| (i as f32 * 1.7).sin()).collect();
            let (before, after) = (map.iter().sum::<f32>(), smoothed(&map, [h, w], sigma).iter().sum::<f32>());
            prop_assert!((before - after).abs() < 1e-5 * (h * w) as f32, "{before} {after}");
        }
    }
}
