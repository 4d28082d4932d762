//! The part of a page that every evaluation has.

use super::mistakes::mistakes;
use crate::error::FitError;
use crate::evaluate::Evaluation;
use striate_data::Split;
use striate_report::page::Page;

/// The note where the evaluated images are those that selected the epoch.
pub(super) const CHOSEN_BY_THE_SAME: &str = "This epoch was selected using these images, so its figures are slightly optimistic; those of \
                                  the last epoch are not.";

impl Evaluation {
    /// The page of this evaluation on `images`: the numbers and the worst mistakes, without curves and provenance.
    pub(super) fn page<'a>(
        &'a self,
        title: &'a str,
        classes: &'a [String],
        images: &Split,
    ) -> Result<Page<'a>, FitError> {
        let mut page = Page::new(title, classes, &self.confusion);
        page.top5_hits = Some(self.top5_hits);
        page.calibration = Some(&self.calibration);
        page.mistakes = mistakes(&self.answers, |i| (images, i))?;
        Ok(page)
    }
}
