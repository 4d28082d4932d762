//! The charts in the folder of a run: curves and confusion matrix, as SVG and PNG.

use crate::error::FitError;
use crate::evaluate::Evaluation;
use crate::event::EventFn;
use crate::folder::{CONFUSION_PNG, CONFUSION_SVG, CURVES_PNG, CURVES_SVG, Folder};
use crate::row::EpochRow;
use crate::series::Series;
use striate_report::chart::{confusion, curves};

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
        let series = Series::new(title, rows, best + 1);
        let Some(of_the_run) = series.curves() else { return Ok(()) };
        let scene = curves(&of_the_run);
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
