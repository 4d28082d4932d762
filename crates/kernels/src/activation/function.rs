//! What a function of one value says of itself.

use crate::simd::Arithmetic;

/// A function of one value.
pub(crate) trait Function: Copy {
    /// `f(x)`; NaN stays NaN. `#[inline(always)]`.
    fn value<V: Arithmetic>(self, x: V) -> V;
    /// `dy · f'(x)`, where `y = f(x)`. `#[inline(always)]`.
    fn vjp<V: Arithmetic>(self, x: V, y: V, dy: V) -> V;
    /// `f(x)`, as plainly as it can be said.
    fn value_f64(self, x: f64) -> f64;
    /// `f'(x)`.
    fn slope_f64(self, x: f64) -> f64;
    /// Whether `vjp` looks at `y` alone, so that `x` need not be kept.
    const BY_OUTPUT: bool = false;
}
