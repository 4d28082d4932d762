//! The progress of a run.

use crate::config::FitConfig;
use crate::evaluate::Evaluation;
use crate::metric::Metric;
use crate::patience;
use crate::row::EpochRow;
use serde::{Deserialize, Serialize};
use striate_graph::StepReport;

/// The progress of a run. In the checkpoint, every float is stored bit for bit.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "Exact", into = "Exact")]
pub(crate) struct Progress {
    /// Epochs done.
    pub(crate) epoch: usize,
    /// Steps done in the epoch after them.
    pub(crate) step: usize,
    /// Of that epoch so far.
    sums: Sums,
    /// Of the epochs done.
    pub(crate) rows: Vec<EpochRow>,
    /// How long the run is, where its budget of time decides that.
    pub(crate) fitted: Option<Fitted>,
    /// Seconds that the run took so far, all of it.
    pub(crate) spent_s: f64,
    /// Where the steps of an epoch last changed: epochs and updates done then, both 0 unless the batch size was changed.
    changed: Changed,
}

/// The updates of the epochs that had another batch size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Changed {
    epoch: usize,
    updates: u64,
}

/// The length of a run that was fitted to a budget of time: decided once, and part of the checkpoint, so that a run that is
/// resumed goes on as it would have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fitted {
    /// Epochs, of which the last may be cut short.
    pub(crate) epochs: usize,
    /// Steps of the last.
    pub(crate) last_steps: usize,
    /// Steps for which the schedule was made; more than there will be when the time was up before.
    pub(crate) schedule_steps: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Sums {
    loss: f64,
    correct: u64,
    images: u64,
    train_s: f64,
}

impl Progress {
    /// Adds a step on `images` images that took `seconds`.
    pub(crate) fn add(&mut self, report: StepReport, images: usize, seconds: f64) {
        self.step += 1;
        self.sums.loss += f64::from(report.loss) * images as f64;
        self.sums.correct += report.correct as u64;
        self.sums.images += images as u64;
        self.sums.train_s += seconds;
    }

    /// Mean loss of the epoch so far.
    pub(crate) fn loss(&self) -> f64 {
        self.sums.loss / self.sums.images.max(1) as f64
    }

    /// Accuracy of the epoch so far.
    pub(crate) fn accuracy(&self) -> f64 {
        self.sums.correct as f64 / self.sums.images.max(1) as f64
    }

    /// Training images a second in the epoch so far.
    pub(crate) fn images_per_s(&self) -> f64 {
        self.sums.images as f64 / self.sums.train_s.max(1e-9)
    }

    /// Closes the epoch.
    pub(crate) fn end_epoch(&mut self, evaluation: &Evaluation, learning_rate: f32) {
        self.epoch += 1;
        self.rows.push(EpochRow {
            epoch: self.epoch,
            train_loss: self.loss(),
            train_accuracy: self.accuracy(),
            val_loss: evaluation.loss,
            val_accuracy: evaluation.accuracy(),
            val_f1_macro: evaluation.f1_macro(),
            learning_rate: learning_rate.into(),
            images_per_s: self.images_per_s(),
            epoch_s: self.sums.train_s,
        });
        (self.step, self.sums) = (0, Sums::default());
    }

    /// Index of the best epoch.
    pub(crate) fn best(&self, metric: Metric) -> Option<usize> {
        patience::best(&self.rows, metric)
    }

    /// Epochs of the whole run.
    pub(crate) fn epochs(&self, config: &FitConfig) -> usize {
        self.fitted.map_or(config.epochs, |fitted| fitted.epochs)
    }

    /// Steps of the epoch at hand, of which a whole one has `steps`.
    pub(crate) fn steps_of_epoch(&self, steps: usize) -> usize {
        let is_last = |fitted: &Fitted| self.epoch + 1 >= fitted.epochs;
        self.fitted.filter(is_last).map_or(steps, |fitted| fitted.last_steps)
    }

    /// Steps done since the run began.
    pub(crate) fn steps_done(&self, steps: usize) -> u64 {
        let missing = self.fitted.filter(|f| self.epoch == f.epochs).map_or(0, |f| steps - f.last_steps);
        self.changed.updates + ((self.epoch - self.changed.epoch) * steps + self.step - missing) as u64
    }

    /// From here on an epoch has another number of steps; until now it had `steps`.
    ///
    /// # Panics
    /// Within an epoch.
    pub(crate) fn change_steps(&mut self, steps: usize) {
        assert_eq!(self.step, 0, "the batch size can only change between two epochs");
        self.changed = Changed { updates: self.steps_done(steps), epoch: self.epoch };
    }

    /// Whether patience ran out.
    pub(crate) fn is_exhausted(&self, config: &FitConfig) -> bool {
        patience::is_exhausted(&self.rows, config.patience, config.metric)
    }

    /// Whether there is nothing left to do.
    pub(crate) fn is_finished(&self, config: &FitConfig) -> bool {
        self.epoch >= self.epochs(config) || self.is_exhausted(config)
    }
}

/// [`Progress`] with floats as their bits.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exact {
    epoch: usize,
    step: usize,
    loss_sum_bits: u64,
    correct: u64,
    images: u64,
    train_s_bits: u64,
    /// The floats of a row, in the order of its fields.
    row_bits: Vec<[u64; 8]>,
    fitted: Option<Fitted>,
    spent_s_bits: u64,
    #[serde(default)]
    changed: Changed,
}

impl From<Progress> for Exact {
    fn from(p: Progress) -> Self {
        let bits = |r: &EpochRow| {
            let floats = [
                r.train_loss,
                r.train_accuracy,
                r.val_loss,
                r.val_accuracy,
                r.val_f1_macro,
                r.learning_rate,
                r.images_per_s,
                r.epoch_s,
            ];
            floats.map(f64::to_bits)
        };
        Self {
            epoch: p.epoch,
            step: p.step,
            loss_sum_bits: p.sums.loss.to_bits(),
            correct: p.sums.correct,
            images: p.sums.images,
            train_s_bits: p.sums.train_s.to_bits(),
            row_bits: p.rows.iter().map(bits).collect(),
            fitted: p.fitted,
            spent_s_bits: p.spent_s.to_bits(),
            changed: p.changed,
        }
    }
}

impl From<Exact> for Progress {
    fn from(e: Exact) -> Self {
        let row = |(index, bits): (usize, &[u64; 8])| {
            let floats = bits.map(f64::from_bits);
            let [
                train_loss,
                train_accuracy,
                val_loss,
                val_accuracy,
                val_f1_macro,
                learning_rate,
                images_per_s,
                epoch_s,
            ] = floats;
            EpochRow {
                epoch: index + 1,
                train_loss,
                train_accuracy,
                val_loss,
                val_accuracy,
                val_f1_macro,
                learning_rate,
                images_per_s,
                epoch_s,
            }
        };
        let sums = Sums {
            loss: f64::from_bits(e.loss_sum_bits),
            correct: e.correct,
            images: e.images,
            train_s: f64::from_bits(e.train_s_bits),
        };
        Self {
            epoch: e.epoch,
            step: e.step,
            sums,
            rows: e.row_bits.iter().enumerate().map(row).collect(),
            fitted: e.fitted,
            spent_s: f64::from_bits(e.spent_s_bits),
            changed: e.changed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_keeps_every_bit() {
        let mut progress = Progress::default();
        progress.add(StepReport { loss: 0.1, correct: 3 }, 7, 0.3);
        progress.end_epoch(&Evaluation { loss: f64::NAN, ..Evaluation::of_nothing(2) }, 1e-3);
        progress.spent_s = 0.1;
        progress.fitted = Some(Fitted { epochs: 3, last_steps: 1, schedule_steps: 15 });
        progress.rows[0].val_accuracy = 1.0 / 3.0;
        progress.add(StepReport { loss: 0.7, correct: 2 }, 5, 1e-300);
        let text = serde_json::to_string(&progress).unwrap();
        let again: Progress = serde_json::from_str(&text).unwrap();
        assert_eq!(text, serde_json::to_string(&again).unwrap());
        assert_eq!((again.epoch, again.step, again.sums), (1, 1, progress.sums));
        assert_eq!((again.fitted, again.spent_s), (progress.fitted, 0.1));
        assert!(again.rows[0].val_loss.is_nan());
        assert_eq!(again.rows[0].val_accuracy.to_bits(), (1.0_f64 / 3.0).to_bits());
    }

    #[test]
    fn a_smaller_last_batch_counts_for_less() {
        let mut progress = Progress::default();
        progress.add(StepReport { loss: 0.5, correct: 3 }, 6, 1.0);
        progress.add(StepReport { loss: 2.0, correct: 2 }, 2, 3.0);
        assert_eq!((progress.loss(), progress.accuracy(), progress.images_per_s()), (0.875, 0.625, 2.0));
    }

    #[test]
    fn updates_are_counted_on_when_the_batch_size_changes() {
        let mut progress = Progress { epoch: 2, ..Progress::default() };
        assert_eq!(progress.steps_done(6), 12);
        progress.change_steps(6);
        assert_eq!(progress.steps_done(3), 12);
        (progress.epoch, progress.step) = (4, 1);
        assert_eq!(progress.steps_done(3), 19);
        progress.step = 0;
        progress.change_steps(3);
        assert_eq!(progress.steps_done(9), 18);
        let text = serde_json::to_string(&progress).unwrap();
        assert_eq!(serde_json::from_str::<Progress>(&text).unwrap(), progress);
    }

    #[test]
    fn a_run_that_is_fitted_to_its_time_ends_within_an_epoch() {
        let config = FitConfig { epochs: 9, ..FitConfig::default() };
        let fitted = Some(Fitted { epochs: 3, last_steps: 2, schedule_steps: 12 });
        let at = |epoch, step| Progress { epoch, step, fitted, ..Progress::default() };
        assert_eq!((at(1, 4).steps_of_epoch(5), at(2, 0).steps_of_epoch(5)), (5, 2));
        assert_eq!((at(1, 4).steps_done(5), at(2, 2).steps_done(5), at(3, 0).steps_done(5)), (9, 12, 12));
        assert_eq!((at(2, 2).is_finished(&config), at(3, 0).is_finished(&config)), (false, true));
        assert_eq!(at(0, 0).epochs(&config), 3);
    }
}
