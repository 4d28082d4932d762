//! A histogram that is filled in one pass over values of unknown range.

/// A histogram with 256 bins of equal width, a power of two, which cover all finite values other than 0.
///
/// When a value does not fit, the width is doubled and pairs of bins are merged. So one pass is enough, no value is cut off,
/// and the result is the same as with a range known in advance, whatever the order of the values. The largest magnitude is in
/// the outer half of the bins.
///
/// # Numerics
/// Bin `i` counts `first + i·width <= v < first + (i + 1)·width`. Both are exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    /// One count a bin.
    counts: Vec<u64>,
    /// `width = 2^exponent`; `None` before the first value.
    exponent: Option<i32>,
    is_signed: bool,
}

/// The number of bins.
pub const BINS: usize = 256;

impl Histogram {
    /// Creates an empty histogram, for values that may be negative if `is_signed`.
    pub fn new(is_signed: bool) -> Self {
        Self { counts: vec![0; BINS], exponent: None, is_signed }
    }

    /// From what a file holds; `None` when it makes no sense.
    pub(super) fn from_parts(is_signed: bool, exponent: i32, counts: Vec<u64>) -> Option<Self> {
        let is_empty = counts.iter().all(|&count| count == 0);
        let exponent = (!is_empty).then_some(exponent);
        let is_whole = counts.len() == BINS && exponent.is_none_or(|e| (-160..=128).contains(&e));
        is_whole.then_some(Self { counts, exponent, is_signed })
    }

    /// The counts of the bins, from the smallest values to the largest.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The width of a bin; 0 when the histogram is empty.
    pub fn width(&self) -> f64 {
        self.exponent.map_or(0.0, |exponent| 2.0_f64.powi(exponent))
    }

    pub(super) fn exponent(&self) -> i32 {
        self.exponent.unwrap_or(0)
    }

    /// The lower edge of bin `i`.
    pub fn edge(&self, i: usize) -> f64 {
        (i as f64 - self.middle() as f64) * self.width()
    }

    /// The bin that begins at 0.
    fn middle(&self) -> i64 {
        if self.is_signed { BINS as i64 / 2 } else { 0 }
    }

    /// Makes room for values of this magnitude, finite and above 0.
    pub(super) fn reach(&mut self, magnitude: f32) {
        // The exponent of an f64 is exact for every f32, also for the smallest.
        let log2 = ((f64::from(magnitude).to_bits() >> 52) & 0x7ff) as i32 - 1023;
        let needed = log2 + 1 - if self.is_signed { 7 } else { 8 };
        let Some(exponent) = self.exponent else {
            self.exponent = Some(needed);
            return;
        };
        if needed <= exponent {
            return;
        }
        let (middle, shift) = (self.middle(), (needed - exponent).min(62));
        let mut merged = vec![0; BINS];
        for (i, count) in self.counts.iter().enumerate() {
            merged[(((i as i64 - middle) >> shift) + middle) as usize] += count;
        }
        (self.counts, self.exponent) = (merged, Some(needed));
    }

    /// Counts finite values other than 0, for which there is room.
    pub(super) fn count(&mut self, values: impl Iterator<Item = f32>) {
        let (middle, per_width) = (self.middle(), 1.0 / self.width());
        for value in values {
            let bin = (f64::from(value) * per_width).floor() as i64 + middle;
            self.counts[bin as usize] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(values: &[f32], is_signed: bool) -> Histogram {
        let mut histogram = Histogram::new(is_signed);
        for &value in values {
            histogram.reach(value.abs());
            histogram.count(std::iter::once(value));
        }
        histogram
    }

    /// Reach the largest first: the range is known.
    fn known(values: &[f32], is_signed: bool) -> Histogram {
        let mut histogram = Histogram::new(is_signed);
        histogram.reach(values.iter().fold(0.0, |a, v| a.max(v.abs())));
        histogram.count(values.iter().copied());
        histogram
    }

    #[test]
    fn one_pass_is_as_good_as_knowing_the_range_in_any_order() {
        let values: Vec<f32> =
            (1..5000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 9) as f32 * 1e-9 * i as f32).collect();
        let signed: Vec<f32> =
            values.iter().enumerate().map(|(i, &v)| if i % 3 == 0 { -v } else { v }).collect();
        for (values, is_signed) in [(&values, false), (&signed, true)] {
            let want = known(values, is_signed);
            assert_eq!(filled(values, is_signed), want);
            let backwards: Vec<f32> = values.iter().rev().copied().collect();
            assert_eq!(filled(&backwards, is_signed), want);
            assert_eq!(want.counts().iter().sum::<u64>(), values.len() as u64);
            // By the definition of a bin.
            for (i, &count) in want.counts().iter().enumerate() {
                let (low, high) = (want.edge(i), want.edge(i + 1));
                let inside = values.iter().filter(|&&v| (low..high).contains(&f64::from(v))).count();
                assert_eq!(inside as u64, count, "bin {i}");
            }
            let reached = if is_signed { 64 } else { 128 } as f64 * want.width();
            assert!(values.iter().any(|v| f64::from(v.abs()) >= reached), "bins are not wasted");
        }
    }

    #[test]
    fn the_smallest_and_the_largest_numbers_have_a_bin() {
        let tiny = f32::from_bits(1);
        for is_signed in [false, true] {
            let both = filled(&[tiny, f32::MAX], is_signed);
            assert_eq!(both.counts().iter().sum::<u64>(), 2);
            assert_eq!(filled(&[f32::MAX, tiny], is_signed), both);
        }
        assert_eq!(filled(&[-f32::MAX, f32::MAX, -tiny], true).counts()[127], 1);
        assert_eq!(Histogram::new(false).width(), 0.0);
    }
}
