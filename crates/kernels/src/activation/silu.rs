//! `y = x / (1 + e^−x)`, also called swish.

use super::{Function, Sigmoid};
use crate::simd::{Arithmetic, math};

/// `x · sigmoid(x)`; its derivative is `s + y · (1 − s)` with `s = sigmoid(x)`.
///
/// # Source
/// Elfwing 2018; Ramachandran 2017.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Silu {}

impl Function for Silu {
    #[inline(always)]
    fn value<V: Arithmetic>(self, x: V) -> V {
        x.div(math::logistic_divisor(x))
    }
    #[inline(always)]
    fn vjp<V: Arithmetic>(self, x: V, y: V, dy: V) -> V {
        let s = math::sigmoid(x);
        dy.mul(s.fma(y, V::splat(1.0).sub(s)))
    }
    fn value_f64(self, x: f64) -> f64 {
        x * Sigmoid {}.value_f64(x)
    }
    fn slope_f64(self, x: f64) -> f64 {
        let s = Sigmoid {}.value_f64(x);
        s + x * s * (1.0 - s)
    }
}
