//! `y = ln(1 + e^x)`: a ReLU without the kink.

use super::{Function, Sigmoid};
use crate::simd::{Arithmetic, math};

/// `ln(1 + e^x)`, computed as `max(0, x) + ln(1 + e^−|x|)`; its derivative is `sigmoid(x)`. This is PyTorch's with `beta=1`,
/// without its switch to `y = x` at 20, where both agree in f32.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Softplus {}

impl Function for Softplus {
    #[inline(always)]
    fn value<V: Arithmetic>(self, x: V) -> V {
        let below = V::select(x.gt(V::zero()), V::zero().sub(x), x);
        V::zero().max(x).add(math::log1p_unit(math::exp(below)))
    }
    #[inline(always)]
    fn vjp<V: Arithmetic>(self, x: V, _: V, dy: V) -> V {
        dy.mul(math::sigmoid(x))
    }
    fn value_f64(self, x: f64) -> f64 {
        if x.is_nan() { x } else { x.max(0.0) + (-x.abs()).exp().ln_1p() }
    }
    fn slope_f64(self, x: f64) -> f64 {
        Sigmoid {}.value_f64(x)
    }
}
