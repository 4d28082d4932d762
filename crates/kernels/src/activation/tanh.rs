//! `y = tanh x`.

use super::Function;
use crate::simd::{Arithmetic, math};

/// The hyperbolic tangent; its derivative is `1 − y²`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tanh {}

impl Function for Tanh {
    const BY_OUTPUT: bool = true;
    #[inline(always)]
    fn value<V: Arithmetic>(self, x: V) -> V {
        math::tanh(x)
    }
    #[inline(always)]
    fn vjp<V: Arithmetic>(self, _: V, y: V, dy: V) -> V {
        dy.mul(V::splat(1.0).sub(y.mul(y)))
    }
    fn value_f64(self, x: f64) -> f64 {
        x.tanh()
    }
    fn slope_f64(self, x: f64) -> f64 {
        1.0 - x.tanh().powi(2)
    }
}
