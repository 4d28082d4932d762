//! Exponential linear units: `y = x` where x is above 0, else `alpha · (e^x − 1)`; SELU is one of them, times a scale.

use super::Function;
use crate::simd::{Arithmetic, math};

/// `max(0, x) + min(0, alpha · (e^x − 1))`.
///
/// # Numerics
/// Below 0 the difference is exact to an ulp of 1, so tiny values keep no more precision than that.
///
/// # Source
/// Clevert 2015.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Elu {
    /// The factor of the exponential: the function tends to `−alpha` far below 0.
    pub alpha: f32,
}

impl Default for Elu {
    fn default() -> Self {
        Self { alpha: 1.0 }
    }
}

impl Function for Elu {
    #[inline(always)]
    fn value<V: Arithmetic>(self, x: V) -> V {
        scaled(x, 1.0, self.alpha)
    }
    #[inline(always)]
    fn vjp<V: Arithmetic>(self, x: V, _: V, dy: V) -> V {
        dy.mul(slope(x, 1.0, self.alpha))
    }
    fn value_f64(self, x: f64) -> f64 {
        if x > 0.0 { x } else { f64::from(self.alpha) * x.exp_m1() }
    }
    fn slope_f64(self, x: f64) -> f64 {
        if x > 0.0 { 1.0 } else { f64::from(self.alpha) * x.exp() }
    }
}

/// `scale · elu(x)`, with the two constants that keep mean 0 and variance 1.
///
/// # Source
/// Klambauer 2017.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Selu {}

const ALPHA: f64 = 1.673_263_242_354_377_2;
const SCALE: f64 = 1.050_700_987_355_480_5;

impl Function for Selu {
    #[inline(always)]
    fn value<V: Arithmetic>(self, x: V) -> V {
        scaled(x, SCALE as f32, (SCALE * ALPHA) as f32)
    }
    #[inline(always)]
    fn vjp<V: Arithmetic>(self, x: V, _: V, dy: V) -> V {
        dy.mul(slope(x, SCALE as f32, (SCALE * ALPHA) as f32))
    }
    fn value_f64(self, x: f64) -> f64 {
        SCALE * if x > 0.0 { x } else { ALPHA * x.exp_m1() }
    }
    fn slope_f64(self, x: f64) -> f64 {
        SCALE * if x > 0.0 { 1.0 } else { ALPHA * x.exp() }
    }
}

/// `above · x`, or `below · (e^x − 1)`.
#[inline(always)]
fn scaled<V: Arithmetic>(x: V, above: f32, below: f32) -> V {
    let curve = math::exp(V::zero().min(x)).sub(V::splat(1.0)).mul(V::splat(below));
    V::select(x.gt(V::zero()), x.mul(V::splat(above)), curve)
}

#[inline(always)]
fn slope<V: Arithmetic>(x: V, above: f32, below: f32) -> V {
    V::select(x.gt(V::zero()), V::splat(above), math::exp(V::zero().min(x)).mul(V::splat(below)))
}
