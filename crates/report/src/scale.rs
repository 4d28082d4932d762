//! Color scales: one per layer, with zero at a fixed color.

use serde::Serialize;

use crate::color::{Rgb, blue_orange, viridis};

/// The share of a layer's non-zero values that may lie beyond the end of its scale.
const BEYOND: f64 = 0.005;

/// A color table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// [`viridis`], from 0 to the limit: for values that cannot be negative.
    Viridis,
    /// [`blue_orange`], from minus the limit through 0 to the limit: for signed values.
    BlueOrange,
}

/// The color scale of the values of a layer.
///
/// `color(v) = table(v / limit)`, clamped beyond the limit. Zero always has the same color, so a silent map looks silent; maps
/// are not stretched from their own minimum to their own maximum.
///
/// The limit is the largest magnitude, except that 0.5 % of the non-zero values may exceed it, so that a single outlier does not
/// darken a layer; [`largest`](Self::largest) and [`beyond`](Self::beyond) report what was clipped.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Scale {
    /// The color table.
    pub table: Table,
    /// The magnitude at the end of the table; 0 when every value is 0.
    pub limit: f32,
    /// The largest finite magnitude.
    pub largest: f32,
    /// The number of finite values beyond the limit.
    pub beyond: usize,
    /// The number of values that are infinite or NaN.
    pub not_finite: usize,
}

impl Scale {
    /// Computes the scale of these values, which may be negative if `signed`.
    ///
    /// # Example
    /// ```
    /// use striate_report::{color, scale::Scale};
    ///
    /// let scale = Scale::of(&[0.0, -1.0, 4.0], true);
    /// assert_eq!((scale.limit, scale.beyond), (4.0, 0));
    /// assert_eq!(scale.color(-4.0), color::blue_orange(-1.0));
    /// assert_eq!(scale.color(0.0), color::blue_orange(0.0), "zero is neutral, whatever the range");
    /// ```
    pub fn of(values: &[f32], signed: bool) -> Self {
        let table = if signed { Table::BlueOrange } else { Table::Viridis };
        let not_finite = values.iter().filter(|v| !v.is_finite()).count();
        let mut magnitudes: Vec<f32> =
            values.iter().filter(|v| v.is_finite() && **v != 0.0).map(|v| v.abs()).collect();
        let largest = magnitudes.iter().copied().fold(0.0, f32::max);
        let mut limit = largest;
        if !magnitudes.is_empty() {
            let cut = (magnitudes.len() as f64 * BEYOND) as usize;
            let at = magnitudes.len() - 1 - cut;
            limit = *magnitudes.select_nth_unstable_by(at, f32::total_cmp).1;
        }
        let beyond = magnitudes.iter().filter(|&&v| v > limit).count();
        Self { table, limit, largest, beyond, not_finite }
    }

    /// The position of a value in the table: 0 to 1 in viridis, -1 to 1 in blue-orange, clamped; NaN when it is not finite.
    pub fn position(&self, value: f32) -> f64 {
        if !value.is_finite() {
            return f64::NAN;
        }
        let unit = if self.limit > 0.0 { f64::from(value) / f64::from(self.limit) } else { 0.0 };
        match self.table {
            Table::Viridis => unit.clamp(0.0, 1.0),
            Table::BlueOrange => unit.clamp(-1.0, 1.0),
        }
    }

    /// The color of a value; [`Rgb::MISSING`] when it is not finite.
    pub fn color(&self, value: f32) -> Rgb {
        match self.table {
            Table::Viridis => viridis(self.position(value)),
            Table::BlueOrange => blue_orange(self.position(value)),
        }
    }

    /// A note about clipped and missing values; empty when every value is shown.
    pub fn note(&self) -> String {
        let mut parts = Vec::new();
        if self.beyond > 0 {
            parts.push(format!("{} beyond the scale, up to {}", counted(self.beyond), number(self.largest)));
        }
        if self.not_finite > 0 {
            parts.push(format!("{} not finite (gray)", counted(self.not_finite)));
        }
        parts.join("; ")
    }
}

fn counted(values: usize) -> String {
    if values == 1 { "1 value".into() } else { format!("{values} values") }
}

/// A value with three significant digits: `0.831`, `-12.3`, `4.57e-8`.
pub fn number(value: f32) -> String {
    let magnitude = value.abs();
    match magnitude {
        _ if value == 0.0 => "0".into(),
        _ if !value.is_finite() => value.to_string(),
        m if !(0.001..99_999.5).contains(&m) => format!("{value:.2e}"),
        m if m < 0.9995 => format!("{value:.3}"),
        m if m < 9.995 => format!("{value:.2}"),
        m if m < 99.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
    .replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn silence_stays_silent() {
        for signed in [false, true] {
            let scale = Scale::of(&[0.0; 9], signed);
            assert_eq!((scale.limit, scale.beyond, scale.note().as_str()), (0.0, 0, ""));
            let zero = if signed { blue_orange(0.0) } else { viridis(0.0) };
            assert_eq!(scale.color(0.0), zero);
            // A stray value in a loud layer is no louder than it is.
            let loud = Scale::of(&[0.0, 1e-6, 10.0], signed);
            assert_eq!(loud.color(1e-6), zero);
        }
    }

    #[test]
    fn an_outlier_neither_darkens_the_rest_nor_hides() {
        let mut values: Vec<f32> = (1..=1000).map(|i| i as f32 / 1000.0).collect();
        values.push(500.0);
        values.extend([f32::NAN, f32::INFINITY]);
        values.extend([0.0; 5000]);
        let scale = Scale::of(&values, false);
        assert!((0.99..=1.0).contains(&scale.limit), "{scale:?}");
        assert!(scale.beyond <= 5 && scale.largest == 500.0 && scale.not_finite == 2, "{scale:?}");
        assert_eq!(scale.note(), "5 values beyond the scale, up to 500; 2 values not finite (gray)");
        assert_eq!(scale.color(f32::INFINITY), Rgb::MISSING);
    }

    #[test]
    fn numbers_have_three_digits() {
        for (value, want) in [
            (0.0, "0"),
            (-0.0, "0"),
            (0.83142, "0.831"),
            (-12.34, "−12.3"),
            (0.9999, "1.00"),
            (99.97, "100"),
            (1234.0, "1234"),
            (4.567e-8, "4.57e−8"),
            (f32::NAN, "NaN"),
        ] {
            assert_eq!(number(value), want);
        }
    }

    proptest! {
        #[test]
        fn a_larger_value_never_has_a_lower_place(values in prop::collection::vec(-1e3_f32..1e3, 1..300), a in -1e3_f32..1e3, b in -1e3_f32..1e3) {
            for signed in [false, true] {
                let scale = Scale::of(&values, signed);
                prop_assert!(scale.position(a.max(b)) >= scale.position(a.min(b)));
                prop_assert!(scale.beyond as f64 <= BEYOND * values.len() as f64);
                prop_assert_eq!(scale.position(0.0), 0.0);
            }
        }
    }
}
