//! `y = 1 / (1 + e^−x)`.

use super::Function;
use crate::simd::{Arithmetic, math};

/// The logistic function; its derivative is `y · (1 − y)`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sigmoid {}

impl Function for Sigmoid {
    const BY_OUTPUT: bool = true;
    #[inline(always)]
    fn value<V: Arithmetic>(self, x: V) -> V {
        math::sigmoid(x)
    }
    #[inline(always)]
    fn vjp<V: Arithmetic>(self, _: V, y: V, dy: V) -> V {
        dy.mul(y.mul(V::splat(1.0).sub(y)))
    }
    fn value_f64(self, x: f64) -> f64 {
        1.0 / (1.0 + (-x).exp())
    }
    fn slope_f64(self, x: f64) -> f64 {
        let y = self.value_f64(x);
        y * (1.0 - y)
    }
}
