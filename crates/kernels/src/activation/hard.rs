//! Piecewise linear sigmoid, and SiLU with it: `min(6, max(0, x + 3)) / 6`, and x times that.

use super::Function;
use crate::simd::Arithmetic;

/// `min(6, max(0, x + 3)) / 6`; the derivative at −3 and 3 is 0.
///
/// # Source
/// Howard 2019.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HardSigmoid {}

/// 1/6, rounded.
const SIXTH: f32 = 1.0 / 6.0;

#[inline(always)]
fn gate<V: Arithmetic>(x: V) -> V {
    V::splat(6.0).min(V::zero().max(x.add(V::splat(3.0)))).mul(V::splat(SIXTH))
}

/// Where the gate has a derivative other than 0: between −3 and 3, exclusive; also for NaN.
#[inline(always)]
fn moves<V: Arithmetic>(x: V) -> V::Mask {
    V::and(x.not_le(V::splat(-3.0)), V::splat(3.0).not_le(x))
}

impl Function for HardSigmoid {
    #[inline(always)]
    fn value<V: Arithmetic>(self, x: V) -> V {
        gate(x)
    }
    #[inline(always)]
    fn vjp<V: Arithmetic>(self, x: V, _: V, dy: V) -> V {
        V::select(moves(x), dy.mul(V::splat(SIXTH)), V::zero())
    }
    fn value_f64(self, x: f64) -> f64 {
        (x + 3.0).clamp(0.0, 6.0) / 6.0
    }
    fn slope_f64(self, x: f64) -> f64 {
        if x <= -3.0 || x >= 3.0 { 0.0 } else { 1.0 / 6.0 }
    }
}

/// `x · hardsigmoid(x)`; the derivative at −3 is 0, at 3 it is 1.
///
/// # Source
/// Howard 2019.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HardSwish {}

impl Function for HardSwish {
    #[inline(always)]
    fn value<V: Arithmetic>(self, x: V) -> V {
        x.mul(gate(x))
    }
    #[inline(always)]
    fn vjp<V: Arithmetic>(self, x: V, _: V, dy: V) -> V {
        let slope = V::splat(0.5).fma(x, V::splat(1.0 / 3.0));
        let slope = V::select(moves(x), slope, V::select(x.gt(V::zero()), V::splat(1.0), V::zero()));
        dy.mul(slope)
    }
    fn value_f64(self, x: f64) -> f64 {
        x * HardSigmoid {}.value_f64(x)
    }
    fn slope_f64(self, x: f64) -> f64 {
        if x <= -3.0 {
            0.0
        } else if x >= 3.0 {
            1.0
        } else {
            x / 3.0 + 0.5
        }
    }
}
