//! `y = x · tanh(ln(1 + e^x))`.

use super::{Function, Sigmoid, Softplus};
use crate::simd::{Arithmetic, math};

/// `x · tanh(softplus(x))`. With `w = e^x` the tanh is `t = (w² + 2w) / (w² + 2w + 2)`, and the derivative is
/// `t + x · (1 − t²) · sigmoid(x)`.
///
/// # Source
/// Misra 2019.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mish {}

#[inline(always)]
fn gate<V: Arithmetic>(x: V) -> V {
    // From 20 on, t is 1, and w² would overflow at 44.
    let w = math::exp(V::splat(20.0).min(x));
    let n = w.mul(w.add(V::splat(2.0)));
    n.div(n.add(V::splat(2.0)))
}

impl Function for Mish {
    #[inline(always)]
    fn value<V: Arithmetic>(self, x: V) -> V {
        x.mul(gate(x))
    }
    #[inline(always)]
    fn vjp<V: Arithmetic>(self, x: V, _: V, dy: V) -> V {
        let t = gate(x);
        let curve = x.mul(V::splat(1.0).sub(t.mul(t)));
        dy.mul(t.fma(curve, math::sigmoid(x)))
    }
    fn value_f64(self, x: f64) -> f64 {
        x * Softplus {}.value_f64(x).tanh()
    }
    fn slope_f64(self, x: f64) -> f64 {
        let t = Softplus {}.value_f64(x).tanh();
        t + x * (1.0 - t * t) * Sigmoid {}.value_f64(x)
    }
}
