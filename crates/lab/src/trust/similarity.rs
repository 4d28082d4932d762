//! Similarity of two maps: Spearman's rank correlation and the structural similarity; and the entropy of one map.

/// Computes Spearman's rank correlation `ρ`: Pearson's correlation of the ranks, where equal values share the mean of their
/// ranks. It is 1 for the same order, 0 for unrelated orders and -1 for opposite orders; `None` when a map is constant, so that
/// it has no order.
///
/// # Panics
/// When the maps have different numbers of values.
///
/// # Source
/// Spearman 1904.
///
/// # Example
/// ```
/// use striate_lab::trust::spearman;
///
/// assert_eq!(spearman(&[1.0, 2.0, 3.0], &[10.0, 100.0, 1000.0]), Some(1.0));
/// assert_eq!(spearman(&[1.0, 2.0, 3.0], &[5.0, 5.0, 5.0]), None);
/// ```
pub fn spearman(a: &[f32], b: &[f32]) -> Option<f64> {
    assert_eq!(a.len(), b.len(), "two maps of one size");
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 + 1.0) / 2.0;
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(&b) {
        let (a, b) = (a - mean, b - mean);
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    (aa > 0.0 && bb > 0.0).then(|| (ab / (aa * bb).sqrt()).clamp(-1.0, 1.0))
}

/// The place of each value in their order, from 1; of equal values the mean of their places.
pub(super) fn ranks(values: &[f32]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let value = values[order[start]];
        // By ==, so that 0 and -0 are one value.
        let count = order[start..].iter().take_while(|&&i| values[i] == value).count().max(1);
        let mean = start as f64 + (count as f64 + 1.0) / 2.0;
        order[start..start + count].iter().for_each(|&i| ranks[i] = mean);
        start += count;
    }
    ranks
}

/// Longest side of the windows of [`ssim`].
const WINDOW: usize = 7;
const C1: f64 = 0.01 * 0.01;
const C2: f64 = 0.03 * 0.03;

/// Computes the structural similarity of two maps `[H, W]`, each divided by its own largest magnitude: the mean over all
/// windows of 7 x 7 of `(2 μ_a μ_b + C1)(2 cov + C2) / ((μ_a² + μ_b² + C1)(σ_a² + σ_b² + C2))`, with
/// `C1 = 0.01²`, `C2 = 0.03²` and moments over the window's values. On maps smaller than a window, the window is the map.
/// The result is 1 for equal maps; a map of zeros is not scaled.
///
/// # Panics
/// When a map does not have `H * W` values, or is empty.
///
/// # Source
/// Wang 2004, with plain windows in place of Gaussian ones.
pub fn ssim(a: &[f32], b: &[f32], [height, width]: [usize; 2]) -> f64 {
    assert!(height * width > 0 && a.len() == height * width && b.len() == a.len(), "two maps [H, W]");
    let (a, b) = (unit(a), unit(b));
    let (rows, columns) = (WINDOW.min(height), WINDOW.min(width));
    let n = (rows * columns) as f64;
    let (mut sum, mut count) = (0.0, 0.0);
    for y in 0..=height - rows {
        for x in 0..=width - columns {
            let (mut sa, mut sb, mut saa, mut sbb, mut sab) = (0.0, 0.0, 0.0, 0.0, 0.0);
            for i in (y..y + rows).flat_map(|y| (x..x + columns).map(move |x| y * width + x)) {
                sa += a[i];
                sb += b[i];
                saa += a[i] * a[i];
                sbb += b[i] * b[i];
                sab += a[i] * b[i];
            }
            let (ma, mb) = (sa / n, sb / n);
            let (va, vb, cov) = (saa / n - ma * ma, sbb / n - mb * mb, sab / n - ma * mb);
            sum += (2.0 * ma * mb + C1) * (2.0 * cov + C2) / ((ma * ma + mb * mb + C1) * (va + vb + C2));
            count += 1.0;
        }
    }
    sum / count
}

fn unit(values: &[f32]) -> Vec<f64> {
    let largest = values.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
    let by = if largest > 0.0 { f64::from(largest) } else { 1.0 };
    values.iter().map(|&v| f64::from(v) / by).collect()
}

/// Bins of [`entropy`].
const BINS: usize = 100;

/// Computes the entropy of a map's values in bits, from their histogram with 100 bins from the smallest to the largest value. A
/// map with few strong values has a low entropy, noise has a high one; a constant map has 0.
///
/// # Source
/// Hedström 2024.
pub fn entropy(values: &[f32]) -> f64 {
    let (low, high) =
        values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), &v| (l.min(v), h.max(v)));
    let range = f64::from(high) - f64::from(low);
    if values.is_empty() || range.is_nan() || range <= 0.0 {
        return 0.0;
    }
    let mut counts = [0_u32; BINS];
    for &value in values {
        let bin = (f64::from(value) - f64::from(low)) / range * BINS as f64;
        counts[(bin as usize).min(BINS - 1)] += 1;
    }
    let n = values.len() as f64;
    let bits =
        |&count: &u32| if count == 0 { 0.0 } else { -f64::from(count) / n * (f64::from(count) / n).log2() };
    counts.iter().map(bits).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_the_mean_of_their_ranks() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, -2.0]), [3.5, 2.0, 3.5, 1.0]);
        assert_eq!(ranks(&[0.0, -0.0, 1.0]), [1.5, 1.5, 3.0]);
        assert!(ranks(&[]).is_empty());
    }

    #[test]
    fn rank_correlations_worked_out_by_hand() {
        let close = |a: &[f32], b: &[f32], want: f64| {
            let got = spearman(a, b).unwrap();
            assert!((got - want).abs() < 1e-12, "{got}, expected {want}");
        };
        // Without ties ρ = 1 - 6 Σ d² / (n (n² - 1)); d = 1, 1, 1, 1, 0: 1 - 24/120.
        close(&[1.0, 2.0, 3.0, 4.0, 5.0], &[2.0, 1.0, 4.0, 3.0, 5.0], 0.8);
        close(&[1.0, 2.0, 3.0, 4.0], &[-1.0, -20.0, -300.0, -4000.0], -1.0);
        // Ranks 1 2.5 2.5 4 and 1 2 3 4, both of mean 2.5: cov 4.5, variances 4.5 and 5.
        close(&[0.0, 7.0, 7.0, 9.0], &[1.0, 2.0, 3.0, 4.0], 4.5 / f64::sqrt(4.5 * 5.0));
        // Only the order counts.
        close(&[0.1, 0.2, 0.3], &[f32::MIN, 0.0, f32::MAX], 1.0);
        assert_eq!(spearman(&[0.0, -0.0], &[1.0, 2.0]), None);
    }

    #[test]
    fn structural_similarities_worked_out_by_hand() {
        let ramp: Vec<f32> = (0..100).map(|i| (i % 10) as f32).collect();
        assert!((ssim(&ramp, &ramp, [10, 10]) - 1.0).abs() < 1e-12);
        // Divided by its largest magnitude: a factor changes nothing.
        let tripled: Vec<f32> = ramp.iter().map(|v| 3.0 * v).collect();
        assert!((ssim(&ramp, &tripled, [10, 10]) - 1.0).abs() < 1e-6);
        // One window [1, 0] against [1, -1]: means 1/2 and 0, variances 1/4 and 1, covariance 1/2.
        let want = C1 * (1.0 + C2) / ((0.25 + C1) * (1.25 + C2));
        assert!((ssim(&[1.0, 0.0], &[1.0, -1.0], [1, 2]) - want).abs() < 1e-12);
        // Against nothing: means 1 and 0, no variance at all.
        assert!((ssim(&[2.0; 9], &[0.0; 9], [3, 3]) - C1 / (1.0 + C1)).abs() < 1e-12);
    }

    #[test]
    fn entropies_worked_out_by_hand() {
        assert_eq!(entropy(&[4.0; 50]), 0.0);
        assert_eq!(entropy(&[0.0, 1.0, 0.0, 1.0]), 1.0);
        let spread: Vec<f32> = (0..100).map(|i| i as f32 + 0.5).collect();
        assert!((entropy(&spread) - 100.0_f64.log2()).abs() < 1e-9, "one value a bin: {}", entropy(&spread));
        assert_eq!(entropy(&[]), 0.0);
    }
}
