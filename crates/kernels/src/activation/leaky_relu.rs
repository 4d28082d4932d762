//! `y = x` where x is above 0, else `negative_slope · x`.

use super::Function;
use crate::simd::Arithmetic;

/// `max(0, x) + negative_slope · min(0, x)`; the derivative at 0 is `negative_slope`.
///
/// # Source
/// Maas 2013.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeakyRelu {
    /// The factor for values below 0.
    pub negative_slope: f32,
}

impl Default for LeakyRelu {
    fn default() -> Self {
        Self { negative_slope: 0.01 }
    }
}

impl Function for LeakyRelu {
    #[inline(always)]
    fn value<V: Arithmetic>(self, x: V) -> V {
        V::select(x.gt(V::zero()), x, x.mul(V::splat(self.negative_slope)))
    }
    #[inline(always)]
    fn vjp<V: Arithmetic>(self, x: V, _: V, dy: V) -> V {
        V::select(x.gt(V::zero()), dy, dy.mul(V::splat(self.negative_slope)))
    }
    fn value_f64(self, x: f64) -> f64 {
        if x > 0.0 { x } else { f64::from(self.negative_slope) * x }
    }
    fn slope_f64(self, x: f64) -> f64 {
        if x > 0.0 { 1.0 } else { self.negative_slope.into() }
    }
}
