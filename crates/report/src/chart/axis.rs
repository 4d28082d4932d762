//! Round numbers for axes.

use super::font::width_px;

/// An axis that begins and ends on a tick.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    step: f64,
}

impl Axis {
    /// The axis over `low ..= high` whose ticks are 1, 2 or 5 times a power of ten apart, about `ticks` of them.
    ///
    /// A range without extent is widened, so one value lies in the middle. Both ends must be finite.
    pub(super) fn new(low: f64, high: f64, ticks: usize) -> Self {
        let (low, high) = widened(low, high);
        let step = round_step((high - low) / ticks as f64);
        // The slack keeps an end that is a tick up to rounding from gaining another one.
        let slack = 1e-9;
        Self { low: (low / step + slack).floor() * step, high: (high / step - slack).ceil() * step, step }
    }

    /// Cuts the axis at `high` if it goes beyond, as for a fraction that cannot exceed 1.
    pub(super) fn cut_at(mut self, high: f64) -> Self {
        self.high = self.high.min(high);
        self
    }

    /// The ticks with their labels. Each is a whole multiple of the step, so 0.1 + 0.2 never shows.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let first = (self.low / self.step).round() as i64;
        let last = (self.high / self.step + 1e-9).floor() as i64;
        (first..=last).map(|k| k as f64 * self.step).map(|value| (value, self.label(value))).collect()
    }

    /// Where a value lies: 0 at the low end, 1 at the high end.
    pub(super) fn position(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    fn label(&self, value: f64) -> String {
        let largest = self.low.abs().max(self.high.abs());
        if largest >= 1e5 || self.step < 1e-4 {
            let exponent = largest.log10().floor() as i32;
            let digits = (f64::from(exponent) - self.step.log10()).ceil().max(0.0) as usize;
            let mantissa = value / 10f64.powi(exponent);
            return if value == 0.0 { "0".to_owned() } else { format!("{mantissa:.digits$}e{exponent}") };
        }
        let digits = (-self.step.log10()).ceil().max(0.0) as usize;
        format!("{value:.digits$}")
    }
}

/// The font size at which all of these labels fit: `size`, or less where one is wider than `room_px`.
pub(super) fn label_size(ticks: &[(f64, String)], size: f64, room_px: f64) -> f64 {
    let widest = ticks.iter().map(|(_, label)| width_px(label, size)).fold(0.0, f64::max);
    size * (room_px / widest.max(room_px))
}

/// Epoch ticks: whole numbers in `1 ..= epochs`, about `ticks` of them.
pub(super) fn epoch_ticks(epochs: usize, ticks: usize) -> Vec<usize> {
    let step = (round_step(epochs as f64 / ticks as f64).round() as usize).max(1);
    let multiples = (1..=epochs / step).map(|k| k * step);
    // Epoch 1 is where the curve starts; with small steps its label would touch the first multiple.
    let first = (step >= 5 && epochs >= step).then_some(1);
    first.into_iter().chain(multiples).collect()
}

/// The smallest of 1, 2, 5, 10 times a power of ten that is at least `step`.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= step * (1.0 - 1e-9));
    factor.unwrap_or(10.0) * power
}

fn widened(low: f64, high: f64) -> (f64, f64) {
    let size = low.abs().max(high.abs());
    if high - low > size * 1e-6 {
        return (low, high);
    }
    let margin = if size > 0.0 { size * 0.1 } else { 1.0 };
    (low - margin, high + margin)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(low: f64, high: f64) -> String {
        Axis::new(low, high, 5).ticks().into_iter().map(|(_, label)| label).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ticks_are_round() {
        for (low, high, want) in [
            (0.0, 2.3, "0.0 0.5 1.0 1.5 2.0 2.5"),
            (0.0, 0.6, "0.0 0.2 0.4 0.6"),
            (91.3, 98.7, "90 92 94 96 98 100"),
            (0.013, 0.021, "0.012 0.014 0.016 0.018 0.020 0.022"),
            (0.0, 1.2e6, "0 0.5e6 1.0e6 1.5e6"),
            (0.0, 3e-6, "0 1e-6 2e-6 3e-6"),
            (-1.0, 1.0, "-1.0 -0.5 0.0 0.5 1.0"),
        ] {
            assert_eq!(labels(low, high), want, "{low} to {high}");
        }
    }

    #[test]
    fn one_value_lies_within() {
        for value in [0.0, 2.3, -7.0, 1e-12, 1e90] {
            let axis = Axis::new(value, value, 5);
            let position = axis.position(value);
            assert!((0.2..=0.8).contains(&position), "{value}: {axis:?}");
        }
    }

    #[test]
    fn an_accuracy_axis_ends_at_its_limit() {
        let axis = Axis::new(96.0, 100.0, 5).cut_at(100.0);
        assert_eq!(axis.ticks().last().unwrap().1, "100");
        assert_eq!(axis.position(100.0), 1.0);
    }

    #[test]
    fn epochs_are_whole_and_start_at_one() {
        assert_eq!(epoch_ticks(1, 8), [1]);
        assert_eq!(epoch_ticks(5, 8), [1, 2, 3, 4, 5]);
        assert_eq!(epoch_ticks(12, 8), [2, 4, 6, 8, 10, 12]);
        assert_eq!(epoch_ticks(1000, 8), [1, 200, 400, 600, 800, 1000]);
        assert!(epoch_ticks(0, 8).is_empty());
    }

    proptest! {
        #[test]
        fn every_range_is_covered_by_few_distinct_ticks(a in -1e6f64..1e6, span in 0f64..1e6, shrink in 0i32..9) {
            let (low, high) = (a, a + span * 10f64.powi(-shrink));
            let axis = Axis::new(low, high, 5);
            prop_assert!(axis.low <= low + 1e-6 * span && axis.high >= high - 1e-6 * span, "{axis:?}");
            let ticks = axis.ticks();
            prop_assert!((2..=9).contains(&ticks.len()), "{ticks:?}");
            let mut labels: Vec<_> = ticks.iter().map(|(_, label)| label).collect();
            labels.dedup();
            prop_assert_eq!(labels.len(), ticks.len(), "{:?}", ticks);
        }
    }
}
