//! The training loop: load a batch, forward, backward, update, report.

use crate::batch::Batch;
use crate::error::FitError;
use crate::event::{Event, Observer};
use crate::job::{Job, Outcome};
use crate::run::{Run, train_graph};
use crate::run_splits::RunSplits;
use std::sync::atomic::Ordering;
use std::time::Instant;
use striate_formats::{Disk, RealDisk};

/// Checks that a job can start: that the settings, the data and the network fit together. [`fit`] makes the same check; this
/// function is for callers who create a folder first.
///
/// # Errors
/// Those of [`fit`] that do not need the run folder.
pub fn check(job: &Job<'_>) -> Result<(), FitError> {
    train_graph(job)?;
    RunSplits::of(job.setup.data, job.config).map(|_| ())
}

/// Trains a network.
///
/// # Numerics
/// The same job gives the same bits on any number of threads, even if it was stopped or killed and then resumed.
///
/// # Errors
/// When the settings, the data and the network do not fit together, when the run folder is in use by another run, when the
/// training diverges, and when the disk stays full. The last checkpoint is kept.
///
/// # Example
/// See the [crate](crate).
pub fn fit(job: &Job<'_>, observers: &mut [&mut dyn Observer]) -> Result<Outcome, FitError> {
    fit_on(&RealDisk, job, observers)
}

pub(crate) fn fit_on(
    disk: &dyn Disk,
    job: &Job<'_>,
    observers: &mut [&mut dyn Observer],
) -> Result<Outcome, FitError> {
    let mut tell = |event: &Event<'_>| observers.iter_mut().try_for_each(|observer| observer.on(event));
    let splits = RunSplits::of(job.setup.data, job.config)?;
    let mut run = Run::start(job, &splits, disk, &mut tell)?;
    let update_size = job.config.update_size().min(splits.train.len());
    let mut batch = Batch::new(update_size, job.preprocess.sample_len());
    run.fit_to_budget(&mut batch, &mut tell)?;
    tell(&run.started())?;
    while !run.is_finished() {
        let (epoch, order) = (run.progress.epoch, run.loader.order(run.progress.epoch as u32));
        while run.progress.step < run.steps_of_epoch() {
            let began = Instant::now();
            let samples = run.loader.batch_indices(&order, run.progress.step);
            let (images, targets) = batch.fetch(&job.setup.engine, &run.loader, epoch, samples)?;
            let report = run.train.step(images, targets, run.learning_rate());
            run.check_finite(report)?;
            run.progress.add(report, samples.len(), began.elapsed().as_secs_f64());
            tell(&run.stepped())?;
            if job.stop.load(Ordering::Relaxed) {
                return run.interrupt(&mut tell);
            }
            if run.is_over_budget() {
                run.end_here();
            } else if run.is_checkpoint_due() {
                run.save(&mut tell)?;
            }
        }
        run.end_epoch(&mut tell)?;
    }
    run.finish(&mut tell)
}
