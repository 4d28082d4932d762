//! The comparison of a value computed by hand with that of the engine.

use serde::Serialize;

/// The comparison of one value computed by hand with that of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Proof {
    /// The value computed by hand, in f32, in the engine's summation order.
    pub by_hand: f32,
    /// The value of the engine.
    pub engine: f32,
    /// The distance between them in f32 steps (ulps); `None` where exactly one of them is NaN.
    pub ulps: Option<u32>,
    /// The value in f64, whose rounding errors are smaller by a factor of 2²⁹.
    pub exact: f64,
    /// The error bound of `engine` for any summation order: `n · ε · Σ |terms|` for a sum of n terms, ε = 2⁻²³.
    pub bound: f64,
}

impl Proof {
    /// `terms` are how many were added, and the sum of their magnitudes.
    pub(super) fn new(by_hand: f32, engine: f32, exact: f64, (count, magnitude): (usize, f64)) -> Self {
        let bound = count as f64 * f64::from(f32::EPSILON) * magnitude;
        Self { by_hand, engine, ulps: ulps(by_hand, engine), exact, bound }
    }

    /// Of something that is not rounded: a maximum, an activation.
    pub(super) fn unrounded(by_hand: f32, engine: f32) -> Self {
        Self::new(by_hand, engine, by_hand.into(), (0, 0.0))
    }

    /// Whether both are the same, bit for bit, or both are NaN.
    pub fn is_equal(&self) -> bool {
        self.by_hand.to_bits() == self.engine.to_bits() || (self.by_hand.is_nan() && self.engine.is_nan())
    }

    /// Whether the engine's value is within the bound of the exact one.
    pub fn is_within_bound(&self) -> bool {
        // Below the smallest normal value the error is no share of anything.
        (f64::from(self.engine) - self.exact).abs() <= self.bound + f64::from(f32::MIN_POSITIVE)
    }

    /// The difference in words: `difference 0`, or `2 ulp apart`.
    pub fn verdict(&self) -> String {
        match self.ulps {
            _ if self.is_equal() => "difference 0".into(),
            Some(0) => "difference 0, except for the sign of zero".into(),
            Some(ulps) => format!("{ulps} ulp apart"),
            None => "one of them is NaN".into(),
        }
    }
}

/// Steps from one f32 to the other; 0 and -0 are none apart.
fn ulps(a: f32, b: f32) -> Option<u32> {
    // Magnitudes in order of value on both sides of zero.
    let place = |v: f32| {
        let magnitude = i64::from(v.to_bits() & 0x7fff_ffff);
        if v.is_sign_negative() { -magnitude } else { magnitude }
    };
    match (a.is_nan(), b.is_nan()) {
        (true, true) => Some(0),
        (false, false) => u32::try_from((place(a) - place(b)).abs()).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_between_values() {
        let up = |v: f32| f32::from_bits(v.to_bits() + 1);
        for (a, b, want) in [
            (1.0, 1.0, Some(0)),
            (1.0, up(1.0), Some(1)),
            (-1.0, -up(1.0), Some(1)),
            (0.0, -0.0, Some(0)),
            (f32::from_bits(1), -f32::from_bits(1), Some(2)),
            (f32::MAX, f32::INFINITY, Some(1)),
            (f32::NAN, f32::NAN, Some(0)),
            (f32::NAN, 1.0, None),
        ] {
            assert_eq!((ulps(a, b), ulps(b, a)), (want, want), "{a} and {b}");
        }
    }

    #[test]
    fn equal_means_every_bit() {
        let proof = |a, b| Proof::unrounded(a, b);
        assert!(proof(0.5, 0.5).is_equal() && proof(f32::NAN, -f32::NAN).is_equal());
        assert!(!proof(0.0, -0.0).is_equal());
        assert_eq!(proof(0.0, -0.0).verdict(), "difference 0, except for the sign of zero");
        assert_eq!(proof(1.0, 1.000_000_2).verdict(), "2 ulp apart");
        assert_eq!(proof(1.0, f32::NAN).verdict(), "one of them is NaN");
        assert_eq!(proof(2.0, 2.0).verdict(), "difference 0");
    }

    #[test]
    fn the_bound_is_that_of_the_sum() {
        let off = 3.0 * f64::from(f32::EPSILON) * 2.0;
        assert!(Proof::new(1.0, 1.0, 1.0 + 0.99 * off, (3, 2.0)).is_within_bound());
        assert!(!Proof::new(1.0, 1.0, 1.0 + 1.01 * off, (3, 2.0)).is_within_bound());
    }
}
