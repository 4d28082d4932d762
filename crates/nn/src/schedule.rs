//! Learning-rate schedules: the rate of a step as a pure function of the step.
//!
//! No state is kept between steps: a run that resumes at step 1000 computes the rate of step 1000.

use serde::{Deserialize, Serialize};

/// The learning rate over the steps of a run: a curve, optionally with a warm-up before it.
///
/// The warm-up of `k` steps rises linearly, `rate(s) = curve(k) · (s + 1) / (k + 1)` for `s < k`: the first step has a small
/// rate rather than 0, and the rise reaches the curve without a jump. Curves that count epochs ([`Curve::Step`],
/// [`Curve::MultiStep`]) count from the start of the run, so that the rate drops where an epoch ends; curves over the whole run
/// ([`Curve::Cosine`], [`Curve::OneCycle`]) span the steps after the warm-up.
///
/// # PyTorch
/// The warm-up is `LinearLR(start_factor=1 / (k + 1), total_iters=k)`. With a constant rate, a cosine or one cycle after it,
/// the whole is `SequentialLR([LinearLR(…), …], milestones=[k])`, where `T_max` and `total_steps` count the steps after the
/// warm-up. With [`Curve::Step`] and [`Curve::MultiStep`] it is not: `SequentialLR` counts their epochs from the end of the
/// warm-up, so that every drop comes `k` steps later. Instead it is `ChainedScheduler([LinearLR(…), StepLR(…)])`, with the
/// epochs of the drops given in steps, as long as the warm-up ends before the first drop. A longer warm-up rises in a straight
/// line to the rate after the drops, whereas `ChainedScheduler` drops at each of them.
///
/// # Example
/// ```
/// use striate_nn::Schedule;
///
/// let schedule = Schedule::cosine(0.0).warmup(9);
/// schedule.check()?;
/// let rate = |step| schedule.learning_rate(1.0, step, 109, 10);
/// assert_eq!(rate(0), 0.1);
/// assert_eq!(rate(9), 1.0);
/// assert!((rate(59) - 0.5).abs() < 1e-6); // half-way between the warm-up and the end
/// # Ok::<(), striate_nn::ScheduleError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The number of steps of linear rise before the curve; 0 for none.
    #[serde(default)]
    pub warmup_steps: u64,
    /// The curve after the warm-up.
    #[serde(default)]
    pub curve: Curve,
}

/// The shape of a schedule. In the formulas `t` is the step and `T` the number of steps, both without the warm-up.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum Curve {
    /// The constant rate `base`.
    #[default]
    Constant,
    /// `base · gamma^⌊epoch / step_size⌋`: `StepLR`.
    Step {
        /// The number of epochs from one drop to the next.
        step_size: u64,
        /// The factor of each drop, from 0 to 1.
        gamma: f64,
    },
    /// `base · gamma^(milestones ≤ epoch)`: `MultiStepLR`.
    MultiStep {
        /// The epochs that start with a drop, counted from 0.
        milestones: Vec<u64>,
        /// The factor of each drop, from 0 to 1.
        gamma: f64,
    },
    /// `min + (base − min) · (1 + cos(π·t/T)) / 2` with `min = base · min_lr_ratio`: `CosineAnnealingLR(T_max=T)`, stepped once
    /// per step. As there, the minimum would be reached at step `T`, one past the last.
    ///
    /// Source: Loshchilov and Hutter, "SGDR", 2017, without restarts.
    Cosine {
        /// The lowest rate as a fraction of the highest, from 0 to 1.
        min_lr_ratio: f64,
    },
    /// Rises along half a cosine from `base / div_factor` to `base` in the first `pct_start` of the steps, then falls along
    /// half a cosine to `base / div_factor / final_div_factor`:
    /// `OneCycleLR(anneal_strategy="cos", three_phase=False, max_lr=base)`. Unlike there, momentum is not cycled
    /// (`cycle_momentum=False`).
    ///
    /// Source: Smith and Topin, "Super-Convergence", 2018, in PyTorch's form.
    OneCycle {
        /// The fraction of the steps during which the rate rises, from 0 to 1.
        pct_start: f64,
        /// The highest rate divided by the first, at least 1.
        div_factor: f64,
        /// The first rate divided by the last, at least 1.
        final_div_factor: f64,
    },
}

/// A schedule setting that is out of range.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("schedule {curve}: {setting} = {got}; expected {expected}; a usual value is {usual}")]
pub struct ScheduleError {
    /// The name of the curve, such as `one_cycle`.
    pub curve: &'static str,
    /// The name of the setting, such as `pct_start`.
    pub setting: &'static str,
    /// The value that was given.
    pub got: f64,
    /// The range of allowed values.
    pub expected: &'static str,
    /// A usual value, as a suggestion.
    pub usual: f64,
}

impl Default for Schedule {
    fn default() -> Self {
        Self::constant()
    }
}

impl From<Curve> for Schedule {
    fn from(curve: Curve) -> Self {
        Self { warmup_steps: 0, curve }
    }
}

impl Schedule {
    /// Creates a schedule with the same rate throughout.
    pub fn constant() -> Self {
        Curve::Constant.into()
    }

    /// Creates a schedule that multiplies the rate by `gamma` every `step_size` epochs.
    pub fn step(step_size: u64, gamma: f64) -> Self {
        Curve::Step { step_size, gamma }.into()
    }

    /// Creates a schedule that multiplies the rate by `gamma` at the start of each of these epochs, counted from 0.
    pub fn multi_step(milestones: impl Into<Vec<u64>>, gamma: f64) -> Self {
        Curve::MultiStep { milestones: milestones.into(), gamma }.into()
    }

    /// Creates a schedule that lowers the rate to `min_lr_ratio` of its start along half a cosine.
    pub fn cosine(min_lr_ratio: f64) -> Self {
        Curve::Cosine { min_lr_ratio }.into()
    }

    /// Creates a schedule that raises the rate and lowers it again, with PyTorch's defaults: 0.3, 25 and 1e4.
    pub fn one_cycle() -> Self {
        Curve::OneCycle { pct_start: 0.3, div_factor: 25.0, final_div_factor: 1e4 }.into()
    }

    /// Adds this number of steps of linear rise before the curve.
    #[must_use]
    pub fn warmup(self, warmup_steps: u64) -> Self {
        Self { warmup_steps, ..self }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// The first setting that is out of its range or not a number.
    pub fn check(&self) -> Result<(), ScheduleError> {
        let check = |fits: bool, curve, setting, got, expected, usual| {
            if fits { Ok(()) } else { Err(ScheduleError { curve, setting, got, expected, usual }) }
        };
        let ratio = |v: f64| (0.0..=1.0).contains(&v);
        let factor = |v: f64| v.is_finite() && v >= 1.0;
        match self.curve {
            Curve::Constant => Ok(()),
            Curve::Step { step_size, gamma } => {
                check(step_size > 0, "step", "step_size", step_size as f64, "at least 1 epoch", 10.0)?;
                check(ratio(gamma), "step", "gamma", gamma, "from 0 to 1", 0.1)
            }
            Curve::MultiStep { gamma, .. } => {
                check(ratio(gamma), "multi_step", "gamma", gamma, "from 0 to 1", 0.1)
            }
            Curve::Cosine { min_lr_ratio: r } => {
                check(ratio(r), "cosine", "min_lr_ratio", r, "from 0 to 1", 0.0)
            }
            Curve::OneCycle { pct_start, div_factor: div, final_div_factor: last } => {
                check(ratio(pct_start), "one_cycle", "pct_start", pct_start, "from 0 to 1", 0.3)?;
                check(factor(div), "one_cycle", "div_factor", div, "at least 1", 25.0)?;
                check(factor(last), "one_cycle", "final_div_factor", last, "at least 1", 1e4)
            }
        }
    }

    /// Returns the learning rate of a step, counted from 0, in a run of `total_steps`. Steps past the end have the rate of the
    /// last step.
    ///
    /// # Numerics
    /// The rate is computed in f64 and rounded once.
    pub fn learning_rate(&self, base_lr: f32, step: u64, total_steps: u64, steps_per_epoch: u64) -> f32 {
        let warmup = self.warmup_steps;
        let epoch = step.max(warmup) / steps_per_epoch.max(1);
        let total = total_steps.saturating_sub(warmup).max(1);
        let rate = self.curve.rate(base_lr.into(), step.saturating_sub(warmup).min(total - 1), total, epoch);
        let rise = if step < warmup { (step as f64 + 1.0) / (warmup as f64 + 1.0) } else { 1.0 };
        (rate * rise) as f32
    }
}

impl Curve {
    /// The rate at `step < total`, in epoch `epoch` of the run.
    fn rate(&self, base: f64, step: u64, total: u64, epoch: u64) -> f64 {
        let (t, total) = (step as f64, total as f64);
        match self {
            Self::Constant => base,
            Self::Step { step_size, gamma } => base * gamma.powf((epoch / (*step_size).max(1)) as f64),
            Self::MultiStep { milestones, gamma } => {
                base * gamma.powf(milestones.iter().filter(|&&m| m <= epoch).count() as f64)
            }
            Self::Cosine { min_lr_ratio } => half_cosine(base, base * min_lr_ratio, t / total),
            Self::OneCycle { pct_start, div_factor, final_div_factor } => {
                let (first, peak) = (base / div_factor, pct_start * total - 1.0);
                if t < peak {
                    half_cosine(first, base, t / peak)
                } else if t == peak {
                    base // also if there are no steps to rise, or none to fall
                } else {
                    half_cosine(base, first / final_div_factor, (t - peak) / (total - 1.0 - peak))
                }
            }
        }
    }
}

/// From `start` at 0 to `end` at 1.
fn half_cosine(start: f64, end: f64, part: f64) -> f64 {
    end + (start - end) * (1.0 + (std::f64::consts::PI * part).cos()) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    /// The rates of all steps of a run.
    fn rates(schedule: &Schedule, base: f32, total: u64, steps_per_epoch: u64) -> Vec<f32> {
        schedule.check().expect("good settings");
        (0..total).map(|step| schedule.learning_rate(base, step, total, steps_per_epoch)).collect()
    }

    fn close(got: &[f32], expected: &[f64]) {
        assert_eq!(got.len(), expected.len());
        for (step, (&got, expected)) in got.iter().zip(expected).enumerate() {
            assert!(
                (f64::from(got) - expected).abs() <= 1e-6 * expected,
                "step {step}: {got}, not {expected}"
            );
        }
    }

    #[test]
    fn constant() {
        close(&rates(&Schedule::constant(), 0.25, 3, 1), &[0.25; 3]);
    }

    #[test]
    fn step_and_multi_step_count_epochs() {
        // Two steps per epoch: epochs 0 0 1 1 2 2 3 3 4 4.
        let expected = [1.0, 1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 0.1, 0.01, 0.01];
        close(&rates(&Schedule::step(2, 0.1), 1.0, 10, 2), &expected);
        let expected = [1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.125, 0.125, 0.125, 0.125];
        // A milestone that is listed twice counts twice, as in PyTorch; their order does not matter.
        close(&rates(&Schedule::multi_step([3, 1, 3], 0.5), 1.0, 10, 2), &expected);
    }

    #[test]
    fn cosine_at_thirds_and_quarters() {
        let half = std::f64::consts::FRAC_1_SQRT_2;
        close(&rates(&Schedule::cosine(0.0), 2.0, 4, 1), &[2.0, 1.0 + half, 1.0, 1.0 - half]);
        // cos 60° = 1/2: from 1 to 0.2.
        close(&rates(&Schedule::cosine(0.2), 1.0, 3, 1), &[1.0, 0.2 + 0.8 * 0.75, 0.2 + 0.8 * 0.25]);
    }

    #[test]
    fn one_cycle_by_hand() {
        // 10 steps, 30 %: up over steps 0, 1, 2 (the peak is at 0.3·10 − 1 = 2), down over 3 … 9.
        let (first, last) = (1.0 / 25.0, 1.0 / 25.0 / 1e4);
        let down = |part: f64| last + (1.0 - last) * (1.0 + (std::f64::consts::PI * part).cos()) / 2.0;
        let expected = [
            first,
            (1.0 + first) / 2.0,
            1.0,
            down(1.0 / 7.0),
            down(2.0 / 7.0),
            down(3.0 / 7.0),
            down(4.0 / 7.0),
            down(5.0 / 7.0),
            down(6.0 / 7.0),
            last,
        ];
        close(&rates(&Schedule::one_cycle(), 1.0, 10, 5), &expected);
    }

    #[test]
    fn one_cycle_without_a_way_up_or_down() {
        let cycle = |pct_start| Curve::OneCycle { pct_start, div_factor: 4.0, final_div_factor: 8.0 }.into();
        // All steps rise: the peak is the last step.
        close(&rates(&cycle(1.0), 1.0, 3, 1), &[0.25, 0.625, 1.0]);
        // No step rises: PyTorch's fall then starts a step before the first.
        let last = 1.0 / 32.0;
        close(&rates(&cycle(0.0), 1.0, 2, 1), &[(1.0 + last) / 2.0, last]);
        // The peak is the first step; this is a division by zero in PyTorch.
        close(&rates(&cycle(0.5), 1.0, 2, 1), &[1.0, last]);
        close(&rates(&cycle(1.0), 1.0, 1, 1), &[1.0]);
        close(&rates(&cycle(0.3), 1.0, 1, 1), &[last]);
    }

    #[test]
    fn warm_up_rises_to_the_first_rate_of_the_curve() {
        close(&rates(&Schedule::constant().warmup(3), 1.0, 5, 1), &[0.25, 0.5, 0.75, 1.0, 1.0]);
        let half = std::f64::consts::FRAC_1_SQRT_2;
        let expected = [1.0, 2.0, 1.0 + half, 1.0, 1.0 - half];
        close(&rates(&Schedule::cosine(0.0).warmup(1), 2.0, 5, 1), &expected);
        let cycle = rates(&Schedule::one_cycle().warmup(1), 1.0, 11, 1);
        close(&cycle[..2], &[0.02, 0.04]);
        // Epochs count from the start of the run: the drop is at step 2, not a step after it.
        close(&rates(&Schedule::step(1, 0.5).warmup(1), 1.0, 4, 2), &[0.5, 1.0, 0.5, 0.5]);
        // A warm-up that ends in a later epoch arrives at that epoch's rate, and one that outlasts the run only rises.
        close(&rates(&Schedule::step(1, 0.5).warmup(3), 1.0, 4, 2), &[0.125, 0.25, 0.375, 0.5]);
        close(&rates(&Schedule::constant().warmup(9), 1.0, 3, 1), &[0.1, 0.2, 0.3]);
    }

    /// The values that PyTorch 2.15 printed, `k = 3`.
    #[test]
    fn warm_up_as_in_pytorch() {
        // SequentialLR([LinearLR(1 / 4, total_iters=3), CosineAnnealingLR(T_max=5)], [3])
        let cosine = [0.25, 0.5, 0.75, 1.0, 0.9045084971874737, 0.6545084971874737, 0.3454915028125263];
        close(&rates(&Schedule::cosine(0.0).warmup(3), 1.0, 8, 1)[..7], &cosine);
        // SequentialLR([…, OneCycleLR(max_lr=1, total_steps=10)], [3])
        let cycle = [0.01, 0.02, 0.03, 0.04, 0.52, 1.0, 0.9504846320134737, 0.8117456539497631];
        close(&rates(&Schedule::one_cycle().warmup(3), 1.0, 13, 1)[..8], &cycle);
        // ChainedScheduler([…, StepLR(4, 0.1)]); SequentialLR would keep the rate of 1 to step 6.
        let step = [0.25, 0.5, 0.75, 1.0, 0.1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.01];
        close(&rates(&Schedule::step(2, 0.1).warmup(3), 1.0, 12, 2), &step);
        close(&rates(&Schedule::multi_step([2, 4], 0.1).warmup(3), 1.0, 12, 2), &step);
        // With a drop within the warm-up, ChainedScheduler begins [0.25, 0.5, 0.075, 0.1, 0.01].
        close(&rates(&Schedule::step(1, 0.1).warmup(3), 1.0, 5, 2), &[0.025, 0.05, 0.075, 0.1, 0.01]);
    }

    #[test]
    fn odd_calls_give_finite_rates() {
        for schedule in [Schedule::step(1, 0.1), Schedule::cosine(0.1), Schedule::one_cycle()] {
            for (step, total, steps_per_epoch) in
                [(0, 0, 0), (5, 0, 0), (u64::MAX, 1, 1), (u64::MAX, u64::MAX, 3)]
            {
                let schedule = schedule.clone().warmup(2);
                let rate = schedule.learning_rate(1.0, step, total, steps_per_epoch);
                assert!((0.0..=1.0).contains(&rate), "{schedule:?} at {step} of {total}: {rate}");
            }
        }
    }

    fn check_error(curve: Curve, expected: &Expect) {
        let error = Schedule::from(curve).check().expect_err("bad settings");
        expected.assert_eq(&format!("{error}\n"));
    }

    #[test]
    fn errors_say_what_to_set() {
        check_error(
            Curve::Step { step_size: 0, gamma: 0.1 },
            &expect![[r#"
            schedule step: step_size = 0; expected at least 1 epoch; a usual value is 10
        "#]],
        );
        check_error(
            Curve::MultiStep { milestones: vec![1], gamma: -1.0 },
            &expect![[r#"
            schedule multi_step: gamma = -1; expected from 0 to 1; a usual value is 0.1
        "#]],
        );
        check_error(
            Curve::Cosine { min_lr_ratio: f64::NAN },
            &expect![[r#"
            schedule cosine: min_lr_ratio = NaN; expected from 0 to 1; a usual value is 0
        "#]],
        );
        let cycle = |pct_start, div_factor| Curve::OneCycle { pct_start, div_factor, final_div_factor: 1e4 };
        check_error(
            cycle(30.0, 25.0),
            &expect![[r#"
            schedule one_cycle: pct_start = 30; expected from 0 to 1; a usual value is 0.3
        "#]],
        );
        check_error(
            cycle(0.3, 0.0),
            &expect![[r#"
            schedule one_cycle: div_factor = 0; expected at least 1; a usual value is 25
        "#]],
        );
    }

    #[test]
    fn reads_back_what_it_writes_and_refuses_the_unknown() {
        for schedule in
            [Schedule::constant(), Schedule::multi_step([2, 4], 0.1), Schedule::one_cycle().warmup(100)]
        {
            let text = serde_json::to_string(&schedule).expect("plain numbers");
            assert_eq!(serde_json::from_str::<Schedule>(&text).expect(&text), schedule);
        }
        expect![[r#"{"warmup_steps":0,"curve":{"name":"step","step_size":3,"gamma":0.5}}"#]]
            .assert_eq(&serde_json::to_string(&Schedule::step(3, 0.5)).expect("plain numbers"));
        let unknown =
            serde_json::from_str::<Schedule>(r#"{"curve": {"name": "step", "step_size": 3, "gama": 0.1}}"#);
        expect!["unknown field `gama`, expected `step_size` or `gamma` at line 1 column 56"]
            .assert_eq(&unknown.expect_err("a misspelled field").to_string());
    }
}
