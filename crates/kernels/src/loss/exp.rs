//! The exponential of f32, from additions and multiplications alone, with the same bits on every machine, which a system's math
//! library does not guarantee.

/// `exp(x)`, relative error below 2e-7; 0 where the result would be subnormal, +∞ above the largest f32, NaN for NaN.
///
/// `x = n·ln 2 + r` with integer `n` and `|r| ≤ ½ ln 2`; then `2ⁿ` by its bits times the Taylor polynomial of degree 7 of
/// `exp(r)`, whose remainder is below 6e-9. There are no branches, so a loop over it is vectorized.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    /// Adding and subtracting 1.5 · 2²³ rounds to an integer.
    const ROUND: f32 = 12_582_912.0;
    /// `ln 2` in two parts, the first of nine bits: its multiples by `n` are exact.
    const LN_2_HIGH: f32 = 355.0 / 512.0;
    const LN_2_LOW: f32 = (std::f64::consts::LN_2 - 355.0 / 512.0) as f32;
    /// Logarithms of the smallest normal number and of the largest.
    const LOWEST: f32 = -87.336_54;
    const HIGHEST: f32 = 88.722_83;

    let inside = x.clamp(LOWEST, HIGHEST);
    let n = (inside * std::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = (inside - n * LN_2_HIGH) - n * LN_2_LOW;
    let mut p = 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    // 1 + (r + r²·p), the small terms first.
    let value = 1.0 + (r + r * r * p);
    // In two steps: 2¹²⁸, which a result just below the largest f32 needs, is not an f32.
    let n = n as i32;
    let power = |n: i32| f32::from_bits(((n + 127) as u32) << 23);
    let value = value * power(n >> 1) * power(n - (n >> 1));
    let value = if x < LOWEST { 0.0 } else { value };
    if x > HIGHEST { f32::INFINITY } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Isa, Simd, Task};

    #[test]
    fn exp_is_within_two_parts_in_ten_million() {
        let mut worst = 0.0_f64;
        let mut x = -87.33_f32;
        while x < 88.72 {
            let want = f64::from(x).exp();
            worst = worst.max((f64::from(exp(x)) / want - 1.0).abs());
            x += 1.0e-3 + x.abs() * 1e-5;
        }
        for x in [0.0, -0.0, 1e-30, -1e-9, 0.346_573_6, -0.346_573_6, 1.0, 88.722_83, -87.336_54] {
            worst = worst.max((f64::from(exp(x)) / f64::from(x).exp() - 1.0).abs());
        }
        assert!(worst < 2e-7, "{worst:e}");
        assert_eq!((exp(0.0), exp(-100.0), exp(f32::NEG_INFINITY)), (1.0, 0.0, 0.0));
        assert_eq!((exp(88.8), exp(f32::INFINITY)), (f32::INFINITY, f32::INFINITY));
        assert!(exp(f32::NAN).is_nan() && exp(88.722_83).is_finite());
    }

    #[test]
    fn exp_is_the_same_as_a_vector() {
        struct Row<'a>(&'a [f32], &'a mut Vec<Vec<u32>>);
        impl Task for Row<'_> {
            #[inline(always)]
            fn run<V: Simd>(self) {
                self.1.push(self.0.iter().map(|&x| exp(x).to_bits()).collect());
            }
        }
        let x: Vec<f32> = (0..5000).map(|i| (i as f32 - 2500.0) * 0.0361).collect();
        let mut all = Vec::new();
        Isa::available().into_iter().for_each(|isa| isa.dispatch(Row(&x, &mut all)));
        assert!(all.windows(2).all(|w| w[0] == w[1]));
    }
}
