//! `exp` and `ln`, computed only by sums and products.
//!
//! The functions of the system's math library may differ in the last bit between machines; these do not. Their error is below
//! 1e-14, relative to the true value or to 1.

use std::f64::consts::{LN_2, SQRT_2};

/// Computes e to the power of x; 0 below -700.
pub fn exp(x: f64) -> f64 {
    if x < -700.0 {
        return 0.0;
    }
    let halvings = (x / LN_2).round();
    let rest = x - halvings * LN_2;
    // |rest| is at most 0.35: the next term is below 1e-22.
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 1..18 {
        term *= rest / f64::from(n);
        sum += term;
    }
    sum * power_of_two(halvings as i64)
}

/// Computes the natural logarithm of a positive, normal number; infinity and NaN are returned as they are.
///
/// With `x = m·2^e` and `m` in `√½ .. √2` the result is `e·ln 2 + 2·artanh((m − 1) / (m + 1))`, with an error of a
/// few units in the last place.
#[inline]
pub fn ln(x: f64) -> f64 {
    if !x.is_finite() {
        return x;
    }
    let bits = x.to_bits();
    let mut exponent = (bits >> 52) as i64 - 1023;
    let mut m = f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52);
    if m > SQRT_2 {
        (exponent, m) = (exponent + 1, m / 2.0);
    }
    let z = (m - 1.0) / (m + 1.0);
    let z2 = z * z;
    // |z| < 0.172: the term after z^21 / 21 is below 1e-18.
    let series = (0..=10).rev().fold(0.0, |sum, i| sum * z2 + 1.0 / f64::from(2 * i + 1));
    exponent as f64 * LN_2 + 2.0 * z * series
}

fn power_of_two(exponent: i64) -> f64 {
    f64::from_bits(((exponent + 1023).clamp(0, 2046) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_those_of_the_library() {
        for i in -7000..=700 {
            let x = f64::from(i) / 10.0 + 0.0123;
            let (got, expected) = (exp(x), x.exp());
            assert!((got - expected).abs() <= 1e-13 * expected, "exp {x}: {got}, not {expected}");
        }
        for i in 1..20_000 {
            let i = f64::from(i);
            for x in [i * 0.000_731, i * 0.01, i * 1e3, 1.0 + i * 1e-9, 1.0 / i, i * 1e300, i * 1e-300] {
                let (got, expected) = (ln(x), x.ln());
                let allowed = 1e-15 * expected.abs().max(1.0);
                assert!((got - expected).abs() <= allowed, "ln {x}: {got}, not {expected}");
            }
        }
        assert_eq!((ln(f64::INFINITY), ln(f64::NAN).is_nan()), (f64::INFINITY, true));
        assert_eq!((exp(0.0), ln(1.0), exp(-800.0)), (1.0, 0.0, 0.0));
    }
}
