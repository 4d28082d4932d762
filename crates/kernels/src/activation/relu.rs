//! Rectified linear units: `y = max(0, x)` and `y = min(6, max(0, x))`.
//!
//! The gradient depends on the *output*: `y > 0`, and for ReLU6 also `y < 6`, determines the derivative as well as the input
//! does. The derivative at the kinks is 0, and a NaN passes the gradient on, as in [`crate::reference`].

use super::Function;
use crate::simd::Arithmetic;

/// `max(0, x)`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Relu {}

impl Function for Relu {
    const BY_OUTPUT: bool = true;
    #[inline(always)]
    fn value<V: Arithmetic>(self, x: V) -> V {
        V::zero().max(x)
    }
    #[inline(always)]
    fn vjp<V: Arithmetic>(self, _: V, y: V, dy: V) -> V {
        // This comparison also holds for NaN.
        V::select(y.not_le(V::zero()), dy, V::zero())
    }
    fn value_f64(self, x: f64) -> f64 {
        if x < 0.0 { 0.0 } else { x }
    }
    fn slope_f64(self, x: f64) -> f64 {
        if x <= 0.0 { 0.0 } else { 1.0 }
    }
}

/// `min(6, max(0, x))`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Relu6 {}

impl Function for Relu6 {
    const BY_OUTPUT: bool = true;
    #[inline(always)]
    fn value<V: Arithmetic>(self, x: V) -> V {
        V::splat(6.0).min(V::zero().max(x))
    }
    #[inline(always)]
    fn vjp<V: Arithmetic>(self, _: V, y: V, dy: V) -> V {
        V::select(V::and(y.not_le(V::zero()), V::splat(6.0).not_le(y)), dy, V::zero())
    }
    fn value_f64(self, x: f64) -> f64 {
        x.clamp(0.0, 6.0)
    }
    fn slope_f64(self, x: f64) -> f64 {
        if x <= 0.0 || x >= 6.0 { 0.0 } else { 1.0 }
    }
}
