//! Events for the progress of the stages.

use crate::error::FitError;
use crate::event::{Event, EventFn};
use crate::stage::Stage;

/// Does work that reports `(done, total)`, and passes the counts on as events of a stage. The first error of an observer is returned
/// when the work is done.
pub(super) fn counted<T>(
    stage: Stage,
    tell: EventFn<'_>,
    work: impl FnOnce(&mut dyn FnMut(usize, usize)) -> Result<T, FitError>,
) -> Result<T, FitError> {
    let mut told = Ok(());
    let result = work(&mut |done, total| {
        if told.is_ok() {
            told = tell(&Event::Stage { stage, done, total: Some(total) });
        }
    });
    told.and(result)
}

/// Announces work of unknown length.
pub(super) fn begin(stage: Stage, tell: EventFn<'_>) -> Result<(), FitError> {
    tell(&Event::Stage { stage, done: 0, total: None })
}
