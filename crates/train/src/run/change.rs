//! Changes of settings when a run is resumed.

use super::{Run, loader_of};
use crate::config::FitConfig;
use crate::error::{Difference, FitError};
use crate::job::Job;
use crate::progress::Progress;

impl Run<'_> {
    /// Makes sure that a run may go on with other settings, and counts its updates on.
    pub(super) fn change(
        &self,
        progress: &mut Progress,
        saved: &FitConfig,
        changes: &[Difference],
    ) -> Result<(), FitError> {
        let is = |what: &str| changes.iter().any(|change| change.what == what);
        let asked = self.job.config;
        let refuse = |what, expected: String, got: String| Err(FitError::Setting { what, expected, got });
        let done = progress.epoch + usize::from(progress.step > 0);
        if progress.fitted.is_some() && (is("epochs") || is("batch_size")) {
            let what = if is("epochs") { "epochs" } else { "batch_size" };
            let expected = "no change, since the run was fitted to its budget of time".to_string();
            return refuse(what, expected, "another".into());
        }
        if asked.epochs < done {
            return refuse(
                "epochs",
                format!("at least the {done} that the run has begun"),
                asked.epochs.to_string(),
            );
        }
        if is("batch_size") {
            if progress.step > 0 {
                let expected = format!(
                    "{} until epoch {done} is over, since the run was stopped within it; resume without this change first",
                    saved.batch_size
                );
                return refuse("batch_size", expected, asked.batch_size.to_string());
            }
            let before = Job { config: saved, setup: self.job.setup.clone(), ..*self.job };
            progress.change_steps(loader_of(&before, self.splits, &self.train)?.batches_per_epoch());
        }
        Ok(())
    }
}
