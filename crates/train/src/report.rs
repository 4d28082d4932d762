//! The results of a run and of a search for a learning rate, as data.

use std::path::{Path, PathBuf};

use serde::Serialize;
use striate_data::Dataset;
use striate_report::text::grouped;
use striate_report::{Report, ReportError};

use crate::find_lr::RateSearch;
use crate::folder::BEST_MODEL;
use crate::job::Trained;
use crate::run_splits::{ChosenBy, Counts};

/// The result of a finished run, as `striate train --json` prints it; made by [`Trained::report`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrainedReport {
    /// The folder of the run; `None` for a run in memory.
    pub run_dir: Option<PathBuf>,
    /// The model file; `None` for a run in memory.
    pub model_path: Option<PathBuf>,
    /// The name of the network, such as `resnet18`.
    pub model: String,
    /// The name of the data set.
    pub data: String,
    /// The number of epochs that were trained.
    pub epochs: usize,
    /// The epoch whose network was kept, from 1.
    pub best_epoch: usize,
    /// The images that selected the best epoch.
    pub chosen_by: ChosenBy,
    /// The number of these images.
    pub val_images: usize,
    /// The number of training images.
    pub train_images: usize,
    /// The images behind the metrics: see [`Counts::judged_by`].
    pub judged_by: &'static str,
    /// Whether the run ended early, by patience or by the time limit.
    pub stopped_early: bool,
    /// The time of all epochs in seconds, including their evaluation.
    pub train_s: f64,
    /// Training images per second, over all epochs.
    pub images_per_s: f64,
    /// The mean cross entropy on the images behind the metrics.
    pub loss: f64,
    /// The metrics of the best epoch's network.
    #[serde(flatten)]
    pub report: Report,
}

/// The result of a search for a learning rate, as `striate train --find-lr --json` prints it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RateReport {
    /// The rate at which the loss fell fastest; `None` when it never fell.
    pub learning_rate: Option<f32>,
    /// The learning rates that were tried, rising.
    pub rates: Vec<f32>,
    /// The smoothed loss at each rate, in the order of `rates`.
    pub losses: Vec<f64>,
    /// The path of the chart of the losses; `None` where none was drawn.
    pub plot: Option<PathBuf>,
}

impl Counts {
    /// The images that the best epoch is evaluated on: `test`, or `val` where there are no test images.
    pub fn judged_by(&self) -> &'static str {
        match (self.test, self.chosen_by) {
            (None, ChosenBy::Val) => "val",
            _ => "test",
        }
    }

    /// A description of the images that selected the epoch.
    ///
    /// # Example
    /// ```
    /// use striate_train::{ChosenBy, Counts};
    ///
    /// let counts = Counts { train: 10_800, val: 1200, test: Some(2000), chosen_by: ChosenBy::HeldOut };
    /// assert_eq!(counts.chosen_on(), "1,200 images held out of the training set");
    /// ```
    pub fn chosen_on(&self) -> String {
        let images = grouped(self.val as u64);
        match self.chosen_by {
            ChosenBy::HeldOut => format!("{images} images held out of the training set"),
            ChosenBy::Val => format!("the {images} validation images"),
            ChosenBy::Test => format!("the {images} test images"),
        }
    }
}

impl Trained {
    /// Collects the result of a run on `data` as numbers. `run_dir` is the folder of the run, if it has one.
    ///
    /// # Errors
    /// [`ReportError::ClassNames`] if `data` is not the data set of the run.
    pub fn report(&self, data: &Dataset, run_dir: Option<&Path>) -> Result<TrainedReport, ReportError> {
        let train_s: f64 = self.rows.iter().map(|row| row.epoch_s).sum();
        let images = self.counts.train * self.rows.len();
        Ok(TrainedReport {
            run_dir: run_dir.map(Path::to_path_buf),
            model_path: self.model_path.clone().or_else(|| Some(run_dir?.join(BEST_MODEL))),
            model: self.model.provenance.model.clone(),
            data: data.name.clone(),
            epochs: self.rows.len(),
            best_epoch: self.best_epoch,
            chosen_by: self.counts.chosen_by,
            val_images: self.counts.val,
            train_images: self.counts.train,
            judged_by: self.counts.judged_by(),
            stopped_early: self.stopped_early,
            train_s,
            images_per_s: images as f64 / train_s,
            loss: self.evaluation.loss,
            report: self.evaluation.metrics(&data.classes)?,
        })
    }
}

impl RateSearch {
    /// Converts the search into data. `plot` is the path of its chart, if one was drawn.
    pub fn report(self, plot: Option<PathBuf>) -> RateReport {
        RateReport { learning_rate: self.suggestion, rates: self.rates, losses: self.losses, plot }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_that_found_nothing_has_null() {
        let found = RateSearch { rates: vec![0.5], losses: vec![2.0], suggestion: None };
        let text = |plot| serde_json::to_string(&found.clone().report(plot)).unwrap();
        let drawn = r#"{"learning_rate":null,"rates":[0.5],"losses":[2.0],"plot":"find_lr.png"}"#;
        assert_eq!(text(Some("find_lr.png".into())), drawn);
        assert!(text(None).ends_with(r#""plot":null}"#));
    }

    #[test]
    fn a_run_is_judged_by_its_test_images_or_by_those_that_selected_the_epoch() {
        let judged = |test, chosen_by| Counts { train: 9, val: 3, test, chosen_by }.judged_by();
        assert_eq!(judged(Some(5), ChosenBy::HeldOut), "test");
        assert_eq!(judged(Some(5), ChosenBy::Val), "test");
        assert_eq!(judged(None, ChosenBy::Test), "test");
        assert_eq!(judged(None, ChosenBy::Val), "val");
    }
}
