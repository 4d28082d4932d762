//! Gaussian error linear units: `y = x · Φ(x)`, with `Φ(x) = erfc(−x / √2) / 2`, and its approximation by tanh.

use super::Function;
use crate::simd::Arithmetic;
use crate::simd::math::{Tail, sigmoid};
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, PI};

/// `x · Φ(x)`; its derivative is `Φ(x) + x · φ(x)`, with `φ(x) = e^(−x²/2) / √(2π)`.
///
/// # Source
/// Hendrycks and Gimpel 2016.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gelu {}

impl Function for Gelu {
    #[inline(always)]
    fn value<V: Arithmetic>(self, x: V) -> V {
        // For both signs: max(0, x) − |x| · Φ(−|x|).
        let at = Tail::new(x);
        V::zero().max(x).fma(V::zero().sub(at.distance), at.beyond)
    }
    #[inline(always)]
    fn vjp<V: Arithmetic>(self, x: V, _: V, dy: V) -> V {
        // The derivatives at x and at −x add up to 1.
        let at = Tail::new(x);
        let below = at.beyond.fma(V::zero().sub(at.distance), at.density);
        dy.mul(V::select(x.gt(V::zero()), V::splat(1.0).sub(below), below))
    }
    fn value_f64(self, x: f64) -> f64 {
        x * 0.5 * erfc_f64(-x * FRAC_1_SQRT_2)
    }
    fn slope_f64(self, x: f64) -> f64 {
        0.5 * erfc_f64(-x * FRAC_1_SQRT_2) + x * (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
    }
}

/// `x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))`.
///
/// # Source
/// Hendrycks and Gimpel 2016.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GeluTanh {}

const INNER: f64 = FRAC_2_SQRT_PI * FRAC_1_SQRT_2;
const CUBIC: f64 = 0.044715;

/// `(1 + tanh u) / 2` is `sigmoid(2u)`, which loses no digits below 0.
#[inline(always)]
fn gate<V: Arithmetic>(x: V) -> V {
    let twice = V::splat((2.0 * INNER) as f32).fma(x.mul(x), V::splat((2.0 * INNER * CUBIC) as f32));
    sigmoid(x.mul(twice))
}

impl Function for GeluTanh {
    #[inline(always)]
    fn value<V: Arithmetic>(self, x: V) -> V {
        x.mul(gate(x))
    }
    #[inline(always)]
    fn vjp<V: Arithmetic>(self, x: V, _: V, dy: V) -> V {
        let s = gate(x);
        let inner = V::splat((2.0 * INNER) as f32).fma(x.mul(x), V::splat((6.0 * INNER * CUBIC) as f32));
        let curve = x.mul(s).mul(V::splat(1.0).sub(s));
        dy.mul(s.fma(curve, inner))
    }
    fn value_f64(self, x: f64) -> f64 {
        0.5 * x * (1.0 + (INNER * (x + CUBIC * x.powi(3))).tanh())
    }
    fn slope_f64(self, x: f64) -> f64 {
        let t = (INNER * (x + CUBIC * x.powi(3))).tanh();
        0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * INNER * (1.0 + 3.0 * CUBIC * x * x)
    }
}

/// `erfc x` in f64: the Maclaurin series of erf below 2, a continued fraction above; accurate to about 13 digits.
///
/// # Source
/// Abramowitz and Stegun, 7.1.6 and 7.1.14.
pub fn erfc_f64(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    let size = x.abs();
    let of_size = if size < 2.0 {
        // e^(−x²) · Σ 2^n x^(2n+1) / (1 · 3 · … · (2n+1)): every term positive.
        let (mut term, mut sum, mut odd) = (size, size, 1.0);
        while term > 1e-18 * sum {
            odd += 2.0;
            term *= 2.0 * size * size / odd;
            sum += term;
        }
        1.0 - FRAC_2_SQRT_PI * (-size * size).exp() * sum
    } else if size > 28.0 {
        0.0
    } else {
        // 1 / (x + (1/2) / (x + 1 / (x + (3/2) / …))).
        let fraction = (1..=120).rev().fold(size, |below, k| size + 0.5 * f64::from(k) / below);
        (-size * size).exp() / (fraction * PI.sqrt())
    };
    if x < 0.0 { 2.0 - of_size } else { of_size }
}
