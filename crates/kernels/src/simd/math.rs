//! Functions that no instruction set has, built from operations that all have: the same bits on every target with a fused
//! multiply-add, whatever the number of lanes.
//!
//! | function | largest error in f32 ulp, over the whole range |
//! | --- | ---: |
//! | [`exp`] | 1.1 |
//! | [`tanh`] | 1.5 |
//! | [`Tail`] | 4 |
//! | [`log1p_unit`] | 2 |
//!
//! The test below checks these figures.
//!
//! # Source
//! Polynomials through Chebyshev nodes, and for [`Tail`] a quotient of two polynomials by Lawson's weights, fitted in 40
//! digits; the reduction of `exp` by ln 2 = 355/512 − 0.000212… is Cody and Waite's.

use super::Arithmetic;

/// The polynomial with these coefficients, the highest degree first.
#[inline(always)]
fn polynomial<V: Arithmetic, const N: usize>(x: V, coefficients: [f32; N]) -> V {
    let mut sum = V::splat(coefficients[0]);
    for i in 1..N {
        sum = V::splat(coefficients[i]).fma(sum, x);
    }
    sum
}

/// The integer nearest to `x · factor`.
#[inline(always)]
fn whole<V: Arithmetic>(x: V, factor: f32) -> V {
    // Adding 1.5 · 2^23 rounds to an integer.
    let magic = V::splat(12_582_912.0);
    magic.fma(x, V::splat(factor)).sub(magic)
}

/// ln 2 with so few bits that its multiples are exact, and the remainder.
const LN_2: [f32; 2] = [355.0 / 512.0, -2.121_944_4e-4];

/// `e^r − 1` for `r` up to ln 2 / 2 on either side of 0.
#[inline(always)]
fn exp_m1_of_rest<V: Arithmetic>(r: V) -> V {
    let p = polynomial(r, [1.989_108e-4, 1.393_373_1e-3, 8.333_311e-3, 4.166_646_5e-2, 0.166_666_67, 0.5]);
    r.fma(r.mul(r), p)
}

/// `e^x`: 0 below −104, infinite above 88.73, including all subnormal values in between.
#[inline(always)]
pub(crate) fn exp<V: Arithmetic>(x: V) -> V {
    exp_of_sum(x, V::zero())
}

/// `e^(x + rest)` for a `rest` that is far smaller than `x`.
#[inline(always)]
pub(crate) fn exp_of_sum<V: Arithmetic>(x: V, rest: V) -> V {
    // Beyond these the result is 0 or infinite anyway; a NaN stays NaN.
    let x = V::splat(-110.0).max(V::splat(90.0).min(x));
    let n = whole(x, std::f32::consts::LOG2_E);
    let r = x.fma(n, V::splat(-LN_2[0])).fma(n, V::splat(-LN_2[1])).add(rest);
    // In two steps, each with a power that a float can represent.
    let half = whole(n, 0.5);
    V::splat(1.0).add(exp_m1_of_rest(r)).mul(half.pow2()).mul(n.sub(half).pow2())
}

/// `tanh x`.
#[inline(always)]
pub(crate) fn tanh<V: Arithmetic>(x: V) -> V {
    let z = x.mul(x);
    let p = polynomial(z, [-5.541_806e-3, 2.048_394_4e-2, -5.368_749_3e-2, 0.133_307_07, -0.333_332_42]);
    let small = x.fma(x.mul(z), p);
    // 1 − 2 / (e^2|x| + 1), with the sign of x.
    let negative = V::zero().gt(x);
    let size = V::select(negative, V::zero().sub(x), x);
    let e = exp(size.add(size));
    let large = V::splat(1.0).sub(V::splat(2.0).div(e.add(V::splat(1.0))));
    let large = V::select(negative, V::zero().sub(large), large);
    V::select(size.gt(V::splat(0.625)), large, small)
}

/// `1 + e^−x`: infinite below −88.4, where its reciprocal would be subnormal.
#[inline(always)]
pub(crate) fn logistic_divisor<V: Arithmetic>(x: V) -> V {
    // Beyond these it is infinite or 1 anyway; a NaN stays NaN.
    let x = V::splat(-88.0).max(V::splat(89.0).min(V::zero().sub(x)));
    let n = whole(x, std::f32::consts::LOG2_E);
    let r = x.fma(n, V::splat(-LN_2[0])).fma(n, V::splat(-LN_2[1]));
    let e = V::splat(1.0).add(exp_m1_of_rest(r));
    V::splat(1.0).add(e.mul(n.pow2()))
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub(crate) fn sigmoid<V: Arithmetic>(x: V) -> V {
    V::splat(1.0).div(logistic_divisor(x))
}

/// The normal distribution at a distance from its mean, in standard deviations.
pub(crate) struct Tail<V> {
    /// The distance, at most 14.4, from where on the others are 0.
    pub(crate) distance: V,
    /// `φ = e^(−distance²/2) / √(2π)`.
    pub(crate) density: V,
    /// `Φ(−distance)`, the probability of a larger distance on one side.
    pub(crate) beyond: V,
}

impl<V: Arithmetic> Tail<V> {
    /// At the distance `|x|`. `Φ(−s) = e^(−s²/2) · P(s) / Q(s)`, where the quotient falls from ½ like `1 / s`.
    #[inline(always)]
    pub(crate) fn new(x: V) -> Self {
        let s = V::splat(14.4).min(x.max(V::zero().sub(x)));
        let half = s.mul(V::splat(-0.5));
        let n = whole(half.mul(s), std::f32::consts::LOG2_E);
        // The square is never rounded: the multiple of ln 2 is exact, and the sum is rounded once.
        let r = n.mul(V::splat(-LN_2[0])).fma(half, s).fma(n, V::splat(-LN_2[1]));
        let growth = exp_m1_of_rest(r);
        // Too large by 2^24, and the quotient too small by the same factor: 2^n alone may be too small for a power.
        let power = n.add(V::splat(24.0)).pow2();
        let density = V::splat(1.0).add(growth).mul(power).mul(V::splat(0.398_942_3 / SCALE));
        let quotient = quotient(s).mul(power);
        Self { distance: s, density, beyond: quotient.fma(quotient, growth) }
    }
}

/// `P(s) / Q(s) / 2^24`.
#[inline(always)]
fn quotient<V: Arithmetic>(s: V) -> V {
    // Each is `low + s² · high`.
    let square = s.mul(s);
    let (p_low, q_low) =
        (polynomial(s, [0.438_097_72 / SCALE, 0.5 / SCALE]), polynomial(s, [1.674_080_4, 1.0]));
    let p_high = polynomial(s, [4.058_384e-2 / SCALE, 0.183_088_78 / SCALE])
        .fma(square, V::splat(4.108_957_5e-3 / SCALE));
    let q_high = polynomial(s, [0.469_084_17, 1.201_895_8])
        .fma(square, polynomial(s, [1.029_950_75e-2, 0.101_735_12]));
    let inverse = V::splat(1.0).div(q_low.fma(square, q_high));
    let quotient = p_low.fma(square, p_high).mul(inverse);
    // The rounding errors of the last steps of P, of Q and of the quotient.
    let minus = V::zero().sub(quotient);
    let lost = p_low.fma(minus, q_low).fma(square, p_high.fma(minus, q_high));
    quotient.fma(inverse, lost)
}

/// 2^24.
const SCALE: f32 = 16_777_216.0;

/// `ln(1 + x)` for x from 0 to 1.
#[inline(always)]
pub(crate) fn log1p_unit<V: Arithmetic>(x: V) -> V {
    // 2 · artanh(x / (2 + x)).
    let s = x.div(x.add(V::splat(2.0)));
    let z = s.mul(s);
    let p = polynomial(z, [0.121_969_54, 0.106_992_8, 0.143_101_04, 0.199_993_56, 0.333_333_4]);
    let half = s.fma(s.mul(z), p);
    half.add(half)
}

#[cfg(test)]
mod tests {
    use super::super::{Isa, Simd, Task};
    use super::*;
    use crate::activation::erfc_f64;
    use std::f64::consts::FRAC_1_SQRT_2;

    struct All<'a> {
        x: &'a [f32],
        out: &'a mut Vec<[f32; 4]>,
    }

    impl Task for All<'_> {
        #[inline(always)]
        fn run<V: Simd>(self) {
            for x in self.x.chunks_exact(V::LANES) {
                let v = V::load(x);
                let mut lanes = [[0.0; 16]; 4];
                exp(v).store(&mut lanes[0]);
                tanh(v).store(&mut lanes[1]);
                Tail::new(v).beyond.store(&mut lanes[2]);
                log1p_unit(V::splat(1.0).min(V::zero().max(v))).store(&mut lanes[3]);
                self.out.extend((0..V::LANES).map(|i| lanes.map(|of| of[i])));
            }
        }
    }

    /// Distance from the true value in units of its last place.
    fn ulps(got: f32, want: f64) -> f64 {
        let near = want as f32;
        if near == 0.0 && got == 0.0 {
            return 0.0;
        }
        if near.is_infinite() || near.is_nan() {
            return if got.to_bits() == near.to_bits() || (got.is_nan() && near.is_nan()) {
                0.0
            } else {
                1e9
            };
        }
        let ulp = f64::from(f32::from_bits(near.abs().to_bits() + 1)) - f64::from(near.abs());
        (f64::from(got) - want).abs() / ulp
    }

    #[test]
    fn as_near_as_the_table_says_on_every_instruction_set() {
        // Numbers of every magnitude and both signs, with more between −120 and 100.
        let sizes =
            (0..0x7f80_u32).step_by(7).flat_map(|top| [0, 0x5a5a].map(|low| f32::from_bits(top << 16 | low)));
        let dense = (0..400_000).map(|i| -120.0 + i as f32 * 5.5e-4);
        let mut x: Vec<f32> = sizes.flat_map(|v| [v, -v]).chain(dense).collect();
        x.extend([f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 0.0, -0.0]);
        x.resize(x.len().next_multiple_of(16), 0.25);
        let mut runs = Vec::new();
        for isa in Isa::available() {
            let mut out = Vec::new();
            isa.dispatch(All { x: &x, out: &mut out });
            let mut worst = [0.0_f64; 4];
            for (&x, got) in x.iter().zip(&out) {
                let wide = f64::from(x);
                let unit = if wide.is_nan() { wide } else { wide.clamp(0.0, 1.0) };
                let want =
                    [wide.exp(), wide.tanh(), 0.5 * erfc_f64(wide.abs() * FRAC_1_SQRT_2), unit.ln_1p()];
                for i in 0..4 {
                    worst[i] = worst[i].max(ulps(got[i], want[i]));
                }
            }
            println!("{isa:?}: {worst:?}");
            // Two roundings instead of one cost the portable path accuracy.
            let fused = isa != Isa::PORTABLE || cfg!(target_feature = "fma");
            if fused {
                assert!(worst[0] < 1.1 && worst[1] < 1.5 && worst[2] < 4.0 && worst[3] < 2.0, "{worst:?}");
                runs.push(out.iter().flatten().map(|v| v.to_bits()).collect::<Vec<_>>());
            } else {
                assert!(worst[0] < 40.0 && worst[1] < 40.0 && worst[3] < 4.0, "{worst:?}");
            }
        }
        assert!(runs.windows(2).all(|two| two[0] == two[1]), "instruction sets differ");
    }
}
