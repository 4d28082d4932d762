//! Several runs at a time.

use super::error::FlattenError;
use super::log::Log;
use super::run::{Finished, Run, Source};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use striate_kernels::Pool;

/// The progress of the experiment, reported after each run.
#[derive(Debug, Clone, Copy)]
pub struct StudyProgress<'a> {
    /// The run that was just finished.
    pub finished: &'a Finished,
    /// The number of finished runs.
    pub done: usize,
    /// The number of runs of the whole experiment; tuning may add some.
    pub planned: usize,
}

/// A function that is called with the progress after each run.
pub(crate) type StudyProgressFn<'t> = &'t mut (dyn FnMut(StudyProgress<'_>) + Send);

/// Those who make the runs.
pub(crate) struct Team<'a, 'd> {
    pub(crate) sources: &'a [Source<'d>],
    pub(super) log: &'a mut Log,
    pub(super) workers: usize,
    pub(super) stop: &'a AtomicBool,
    pub(super) tell: StudyProgressFn<'a>,
    /// Runs of tuning, once that is over.
    pub(super) before: usize,
    pub(super) done: usize,
    /// Of the whole experiment.
    pub(crate) planned: usize,
}

impl Team<'_, '_> {
    /// Makes those runs that the log does not have, in their order, and gives all.
    pub(crate) fn complete(&mut self, runs: &[Run]) -> Result<Vec<Finished>, FlattenError> {
        let missing: Vec<&Run> = runs.iter().filter(|run| self.log.find(run).is_none()).collect();
        self.done = self.before + runs.len() - missing.len();
        let (sources, stop, workers) = (self.sources, self.stop, self.workers);
        let next = AtomicUsize::new(0);
        let shared = Mutex::new((&mut *self, None));
        let work = || {
            while let Some(run) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                let source = sources.iter().find(|source| source.name == run.data);
                let source = source.expect("runs are of the data sets at hand");
                let result = if stop.load(Ordering::Relaxed) {
                    Err(FlattenError::Stopped { finished: 0, planned: 0 })
                } else {
                    run.execute(source, stop)
                };
                let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
                let (team, failed) = &mut *shared;
                if let Err(error) = result.and_then(|finished| team.keep(finished)) {
                    failed.get_or_insert(error);
                }
                if failed.is_some() {
                    return;
                }
            }
        };
        Pool::new(workers.max(1)).run(|_| work());
        let (_, failed) = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (finished, planned) = (self.done, self.planned);
        match failed {
            Some(FlattenError::Stopped { .. }) => Err(FlattenError::Stopped { finished, planned }),
            Some(error) => Err(error),
            None => {
                Ok(runs.iter().map(|run| self.log.find(run).expect("every run was made").clone()).collect())
            }
        }
    }

    fn keep(&mut self, finished: Finished) -> Result<(), FlattenError> {
        self.log.add(finished)?;
        self.done += 1;
        let finished = self.log.finished().last().expect("one was added just now");
        (self.tell)(StudyProgress { finished, done: self.done, planned: self.planned });
        Ok(())
    }
}
