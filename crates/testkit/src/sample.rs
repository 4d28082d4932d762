//! A small seeded generator of shapes and values for tests.

use std::ops::RangeInclusive;

/// A stream of random values that depends on its seed alone.
///
/// The state advances by a constant, and each step is mixed to 64 bits (the SplitMix64 generator); floats use the top bits, so
/// they are the same on every machine. For tests only: training must not use it.
///
/// # Source
/// Steele, Lea, Flood: *Fast Splittable Pseudorandom Number Generators*, OOPSLA 2014.
///
/// # Example
/// ```
/// # use striate_testkit::Sample;
/// let mut sample = Sample::new(1);
/// let (h, w) = (sample.usize_in(1..=9), sample.usize_in(1..=9));
/// let image = sample.normal_vec(h * w);
/// assert_eq!(image.len(), h * w);
/// ```
#[derive(Debug, Clone)]
pub struct Sample {
    state: u64,
}

impl Sample {
    /// A stream for this seed; neighboring seeds give unrelated streams.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 uniform bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// An integer in the range, all about equally likely.
    ///
    /// # Panics
    /// If the range is empty.
    pub fn usize_in(&mut self, range: RangeInclusive<usize>) -> usize {
        let (low, high) = (*range.start(), *range.end());
        assert!(low <= high, "Sample::usize_in: the range {low}..={high} is empty");
        // The high half of a 128-bit product maps 64 bits onto the range without division.
        let count = (high - low) as u128 + 1;
        low + ((u128::from(self.bits()) * count) >> 64) as usize
    }

    /// One of the given values, all about equally likely.
    ///
    /// # Panics
    /// If there are none.
    pub fn choose<T: Copy>(&mut self, values: &[T]) -> T {
        assert!(!values.is_empty(), "Sample::choose: nothing to choose from");
        values[self.usize_in(0..=values.len() - 1)]
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        // 53 bits fill the significand of an f64 exactly.
        ((self.bits() >> 11) as f64 / (1u64 << 53) as f64) < probability
    }

    /// A uniformly distributed value in `[low, high]`. `high` itself occurs only by rounding.
    pub fn uniform(&mut self, low: f32, high: f32) -> f32 {
        // 24 bits fill the significand of an f32 exactly.
        let unit = (self.bits() >> 40) as f32 / (1u32 << 24) as f32;
        low + (high - low) * unit
    }

    /// A value with mean 0 and variance 1, approximately normal, within ±6.
    ///
    /// `Σ_{i<12} u_i − 6` with `u_i` uniform on `[0, 1)`: only sums, so that the result does not depend on a machine's `ln` or
    /// `cos`.
    pub fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.uniform(0.0, 1.0)).sum::<f32>() - 6.0
    }

    /// `len` values of [`Sample::uniform`].
    pub fn uniform_vec(&mut self, len: usize, low: f32, high: f32) -> Vec<f32> {
        (0..len).map(|_| self.uniform(low, high)).collect()
    }

    /// `len` values of [`Sample::normal`].
    pub fn normal_vec(&mut self, len: usize) -> Vec<f32> {
        (0..len).map(|_| self.normal()).collect()
    }

    /// `len` values in random order, with distance `gap` between neighboring values and none nearer to 0 than `gap / 2` (up to
    /// f32 rounding).
    ///
    /// The values are `(k + 1/2) · gap` for `len` consecutive integers `k`, about half of them negative. No two tie in a max
    /// pooling and none is on the kink of a ReLU, not even after a finite-difference step much smaller than `gap`.
    pub fn distinct_vec(&mut self, len: usize, gap: f32) -> Vec<f32> {
        let first = -((len / 2) as f32) + 0.5;
        let mut values: Vec<f32> = (0..len).map(|k| (first + k as f32) * gap).collect();
        for last in (1..len).rev() {
            values.swap(last, self.usize_in(0..=last));
        }
        values
    }
}

/// The same values as f64, which a reference needs for a fair comparison with an f32 kernel.
pub fn widen(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_one() {
        // First outputs of SplitMix64 for seed 1234567, as listed with its C reference implementation.
        let mut sample = Sample::new(1_234_567);
        assert_eq!(
            [sample.bits(), sample.bits(), sample.bits()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn integers_reach_both_ends_and_stay_inside() {
        let mut sample = Sample::new(3);
        let mut seen = [0; 5];
        for _ in 0..5000 {
            seen[sample.usize_in(2..=6) - 2] += 1;
        }
        assert!(seen.iter().all(|&count| (850..1150).contains(&count)), "{seen:?}");
        assert_eq!(sample.usize_in(4..=4), 4);
        sample.usize_in(0..=usize::MAX); // the count of this range does not fit a usize
    }

    #[test]
    #[should_panic(expected = "the range 5..=4 is empty")]
    fn an_empty_range_is_refused() {
        #[expect(clippy::reversed_empty_ranges)]
        Sample::new(0).usize_in(5..=4);
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let mut sample = Sample::new(11);
        let moments = |values: &[f32]| {
            let values = widen(values);
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            (mean, values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / values.len() as f64)
        };
        let uniform = sample.uniform_vec(20_000, -1.0, 3.0);
        assert!(uniform.iter().all(|v| (-1.0..=3.0).contains(v)));
        let (mean, variance) = moments(&uniform);
        assert!((mean - 1.0).abs() < 0.03 && (variance - 16.0 / 12.0).abs() < 0.04, "{mean} {variance}");
        let (mean, variance) = moments(&sample.normal_vec(20_000));
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.04, "{mean} {variance}");
        let heads = (0..20_000).filter(|_| sample.chance(0.25)).count();
        assert!((4700..5300).contains(&heads), "{heads}");
        assert!(!sample.chance(0.0) && sample.chance(1.0));
    }

    #[test]
    fn distinct_values_keep_their_distance_and_are_shuffled() {
        for len in [0, 1, 2, 7, 100] {
            let values = Sample::new(len as u64).distinct_vec(len, 0.25);
            assert_eq!(values.len(), len);
            assert!(values.iter().all(|v| v.abs() >= 0.125), "{values:?}");
            let mut sorted = values.clone();
            sorted.sort_by(f32::total_cmp);
            assert!(sorted.windows(2).all(|pair| pair[1] - pair[0] >= 0.25), "{sorted:?}");
            assert!(len < 7 || values != sorted, "not shuffled");
        }
    }

    #[test]
    fn seeds_repeat_and_differ() {
        let draw = |seed| Sample::new(seed).normal_vec(8);
        assert_eq!(draw(5), draw(5));
        assert_ne!(draw(5), draw(6));
        assert!((0..50).map(|seed| Sample::new(seed).choose(&[1, 2, 3])).any(|v| v == 3));
    }
}
