//! The charts in the folder of a run: curves and confusion matrix, as SVG and PNG.

use crate::error::FitError;
use crate::evaluate::Evaluation;
use crate::event::EventFn;
use crate::folder::{CONFUSION_PNG, CONFUSION_SVG, CURVES_PNG, CURVES_SVG, Folder};
use crate::row::EpochRow;
use striate_report::chart::{Curves, confusion, curves};

/// Pixels of the PNG per pixel of the SVG: sharp on high-density screens.
const PNG_SCALE: f64 = 2.0;

impl Folder<'_> {
    /// Draws the curves, with a mark at the epoch whose network is kept.
    pub(crate) fn curves(
        &self,
        title: &str,
        rows: &[EpochRow],
        best: usize,
        tell: EventFn<'_>,
    ) -> Result<(), FitError> {
        let series = |of: fn(&EpochRow) -> f64| rows.iter().map(of).collect::<Vec<_>>();
        let scene = curves(&Curves {
            title,
            train_loss: &series(|r| r.train_loss),
            val_loss: &series(|r| r.val_loss),
            train_accuracy: &series(|r| r.train_accuracy),
            val_accuracy: &series(|r| r.val_accuracy),
            kept: Some(best + 1),
        });
        self.write_if_possible(CURVES_SVG, scene.to_svg().as_bytes(), tell)?;
        self.write_if_possible(CURVES_PNG, &scene.to_png(PNG_SCALE)?, tell)
    }

    pub(crate) fn confusion(
        &self,
        title: &str,
        evaluation: &Evaluation,
        classes: &[String],
        tell: EventFn<'_>,
    ) -> Result<(), FitError> {
        let names: Vec<&str> = classes.iter().map(String::as_str).collect();
        let scene = confusion(title, &evaluation.confusion, &names)?;
        self.write_if_possible(CONFUSION_SVG, scene.to_svg().as_bytes(), tell)?;
        self.write_if_possible(CONFUSION_PNG, &scene.to_png(PNG_SCALE)?, tell)
    }
}
