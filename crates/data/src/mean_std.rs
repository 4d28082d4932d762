//! The mean and standard deviation of the pixels of a data set, which are used to normalize images.

use crate::images::Images;

/// Computes the mean and standard deviation of each channel, of pixels scaled to 0..1.
///
/// The deviation is that of the population, `sqrt(E[x^2] - E[x]^2)`; a channel with a single value has deviation 1, so that
/// normalizing by it is defined. Both are computed from integer sums, so they do not depend on the order of the images.
pub fn mean_std(images: &Images) -> (Vec<f32>, Vec<f32>) {
    let plane = images.height * images.width;
    let mut counts = vec![[0u64; 256]; images.channels];
    for (i, values) in images.pixels.chunks_exact(plane.max(1)).enumerate() {
        let count = &mut counts[i % images.channels];
        for &value in values {
            count[usize::from(value)] += 1;
        }
    }
    counts.iter().map(mean_std_of).unzip()
}

fn mean_std_of(counts: &[u64; 256]) -> (f32, f32) {
    let (mut total, mut sum, mut squares) = (0u64, 0u64, 0u128);
    for (value, &count) in (0u64..).zip(counts) {
        total += count;
        sum += value * count;
        squares += u128::from(value * value) * u128::from(count);
    }
    if total == 0 {
        return (0.0, 1.0);
    }
    // n^2 variance = n sum(x^2) - sum(x)^2, exactly.
    let scaled_variance = u128::from(total) * squares - u128::from(sum) * u128::from(sum);
    let std = (scaled_variance as f64).sqrt() / (total as f64 * 255.0);
    ((sum as f64 / (total as f64 * 255.0)) as f32, if scaled_variance == 0 { 1.0 } else { std as f32 })
}
