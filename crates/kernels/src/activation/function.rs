//! The interface of functions of one value.

use crate::simd::Arithmetic;

/// A function of one value.
pub(crate) trait Function: Copy {
    /// `f(x)`; NaN stays NaN. Must be `#[inline(always)]`.
    fn value<V: Arithmetic>(self, x: V) -> V;
    /// `dy · f'(x)`, where `y = f(x)`. Must be `#[inline(always)]`.
    fn vjp<V: Arithmetic>(self, x: V, y: V, dy: V) -> V;
    /// `f(x)`, written as plainly as possible.
    fn value_f64(self, x: f64) -> f64;
    /// `f'(x)`.
    fn slope_f64(self, x: f64) -> f64;
    /// Whether `vjp` depends on `y` alone, so that `x` need not be kept.
    const BY_OUTPUT: bool = false;
}
