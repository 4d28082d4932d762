//! How far a run has come.

use crate::event::EpochRow;
use crate::patience;
use serde::{Deserialize, Serialize};
use striate_graph::StepReport;

/// How far a run has come. Its form in the checkpoint keeps every float to the bit, whatever it is.
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
    pub(crate) fn end_epoch(&mut self, val_loss: f64, val_accuracy: f64, learning_rate: f32) {
        self.epoch += 1;
        self.rows.push(EpochRow {
            epoch: self.epoch,
            train_loss: self.loss(),
            train_accuracy: self.accuracy(),
            val_loss,
            val_accuracy,
            learning_rate: learning_rate.into(),
            images_per_s: self.images_per_s(),
            epoch_s: self.sums.train_s,
        });
        (self.step, self.sums) = (0, Sums::default());
    }

    /// Index of the best epoch.
    pub(crate) fn best(&self) -> Option<usize> {
        patience::best(&self.rows)
    }

    /// Whether there is nothing left to do.
    pub(crate) fn is_finished(&self, epochs: usize, patience: Option<usize>) -> bool {
        self.epoch >= epochs || patience::is_exhausted(&self.rows, patience)
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
    row_bits: Vec<[u64; 7]>,
}

impl From<Progress> for Exact {
    fn from(p: Progress) -> Self {
        let bits = |r: &EpochRow| {
            let floats = [
                r.train_loss,
                r.train_accuracy,
                r.val_loss,
                r.val_accuracy,
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
        }
    }
}

impl From<Exact> for Progress {
    fn from(e: Exact) -> Self {
        let row = |(index, bits): (usize, &[u64; 7])| {
            let floats = bits.map(f64::from_bits);
            let [train_loss, train_accuracy, val_loss, val_accuracy, learning_rate, images_per_s, epoch_s] =
                floats;
            EpochRow {
                epoch: index + 1,
                train_loss,
                train_accuracy,
                val_loss,
                val_accuracy,
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
        Self { epoch: e.epoch, step: e.step, sums, rows: e.row_bits.iter().enumerate().map(row).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_keeps_every_bit() {
        let mut progress = Progress::default();
        progress.add(StepReport { loss: 0.1, correct: 3 }, 7, 0.3);
        progress.end_epoch(f64::NAN, 1.0 / 3.0, 1e-3);
        progress.add(StepReport { loss: 0.7, correct: 2 }, 5, 1e-300);
        let text = serde_json::to_string(&progress).unwrap();
        let again: Progress = serde_json::from_str(&text).unwrap();
        assert_eq!(text, serde_json::to_string(&again).unwrap());
        assert_eq!((again.epoch, again.step, again.sums), (1, 1, progress.sums));
        assert!(again.rows[0].val_loss.is_nan());
        assert_eq!(again.rows[0].val_accuracy.to_bits(), (1.0_f64 / 3.0).to_bits());
    }
}
