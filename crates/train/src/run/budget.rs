//! Fits the number of steps of a run to a time limit.
//!
//! Before the first step the run measures the time of a step and of an evaluation, on a network that is restored afterwards,
//! and decides how many steps fit. The decision is part of the checkpoint: from there on the run is a pure function of the step
//! like any other, with a schedule for this number of steps, and a run that is stopped and resumed ends in the same bits. If
//! the machine turns out to be slower than measured, the run ends when its time is up, and this is recorded as well.

use super::Run;
use crate::batch::Batch;
use crate::error::FitError;
use crate::event::EventFn;
use crate::progress::Fitted;
use std::time::Instant;
use striate_graph::Session;

/// Share of the budget that is planned with: measuring is never exact, and the last files are to be written too.
const SAFE: f64 = 0.95;

/// What was measured, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cost {
    /// Of one step, fetching its batch included.
    step_s: f64,
    /// Of evaluating and saving at the end of an epoch.
    epoch_end_s: f64,
    /// Of judging the best epoch at the end of the run.
    test_s: f64,
}

/// The longest run that fits into `left_s` seconds, of one step at least and `most_epochs` at most.
fn fit(left_s: f64, steps: usize, cost: Cost, most_epochs: usize) -> Fitted {
    let left_s = (left_s * SAFE - cost.test_s).max(0.0);
    let epoch_s = steps as f64 * cost.step_s + cost.epoch_end_s;
    let whole = (left_s / epoch_s).floor().min(most_epochs as f64) as usize;
    let rest_s = left_s - whole as f64 * epoch_s - cost.epoch_end_s;
    let more = if whole < most_epochs { (rest_s / cost.step_s).max(0.0) as usize } else { 0 };
    let (epochs, last_steps) = match (whole, more.min(steps)) {
        (0, more) => (1, more.max(1)),
        (whole, 0) => (whole, steps),
        (whole, more) => (whole + 1, more),
    };
    Fitted { epochs, last_steps, schedule_steps: ((epochs - 1) * steps + last_steps) as u64 }
}

impl Run<'_> {
    /// Decides how long the run is, where a budget of time does: once, before the first step.
    pub(crate) fn fit_to_budget(&mut self, batch: &mut Batch, tell: EventFn<'_>) -> Result<(), FitError> {
        let Some(budget_s) = self.job.config.budget_s else { return Ok(()) };
        if self.progress.fitted.is_some() {
            return Ok(());
        }
        let cost = self.measure(batch, budget_s)?;
        let left_s = budget_s - self.spent_s();
        self.end_s = cost.epoch_end_s + cost.test_s;
        self.progress.fitted = Some(fit(left_s, self.steps, cost, self.job.config.epochs));
        self.save(tell)
    }

    /// What a step and the end of an epoch take. Everything is put back as it was.
    fn measure(&mut self, batch: &mut Batch, budget_s: f64) -> Result<Cost, FitError> {
        let job = self.job;
        let (params, state) = (self.train.params(), self.train.optimizer_state());
        let order = self.loader.order(0);
        let samples = self.loader.batch_indices(&order, 0);
        let (mut steps, mut began, mut fetch_s) = (0, Instant::now(), 0.0);
        while steps < 4 || (began.elapsed().as_secs_f64() < 0.02 * budget_s && steps < 40) {
            let before = Instant::now();
            let (images, targets) = batch.fetch(&job.setup.engine, &self.loader, 0, samples)?;
            fetch_s = before.elapsed().as_secs_f64();
            self.train.step(images, targets, 0.0);
            steps += 1;
            if steps == 1 {
                // The first one meets memory that was never touched.
                began = Instant::now();
            }
        }
        let step_s = began.elapsed().as_secs_f64() / (steps - 1) as f64;
        let mut session =
            Session::with_engine(self.eval_graph.clone(), self.current(), job.setup.engine.clone())?;
        let (images, targets) = batch.fetch(&job.setup.engine, &self.loader, 0, samples)?;
        session.run_slice(images, targets.len())?;
        let before = Instant::now();
        session.run_slice(images, targets.len())?;
        let image_s = (before.elapsed().as_secs_f64() + fetch_s) / targets.len() as f64;
        let before = Instant::now();
        if self.folder.is_some() {
            // What is saved at the end of an epoch, but for the writing.
            self.model(self.current(), 0)?.to_bytes()?;
        }
        let save_s = 3.0 * before.elapsed().as_secs_f64();
        self.train.restore(&params, &state, 0).expect("its own parameters");
        let counts = self.splits.counts();
        let test_s = counts.test.unwrap_or(0) as f64 * image_s;
        Ok(Cost { step_s, epoch_end_s: counts.val as f64 * image_s + save_s, test_s })
    }

    /// Whether the time is up, but for what the end of the run takes.
    pub(crate) fn is_over_budget(&self) -> bool {
        self.progress.fitted.is_some()
            && self.job.config.budget_s.is_some_and(|s| self.spent_s() + self.end_s >= s)
    }

    /// Makes the step just done the last one.
    pub(crate) fn end_here(&mut self) {
        let (epochs, last_steps) = (self.progress.epoch + 1, self.progress.step);
        self.progress.fitted = self.progress.fitted.map(|fitted| Fitted { epochs, last_steps, ..fitted });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_steps_as_fit() {
        let cost = Cost { step_s: 0.01, epoch_end_s: 0.5, test_s: 0.0 };
        let fitted = |left_s: f64| {
            let fitted = fit(left_s / SAFE, 100, cost, 1000);
            assert_eq!(fitted.schedule_steps as usize, (fitted.epochs - 1) * 100 + fitted.last_steps);
            (fitted.epochs, fitted.last_steps)
        };
        assert_eq!(fitted(15.005), (10, 100), "ten epochs of 1.5 s");
        assert_eq!(fitted(15.4), (10, 100), "no time left to evaluate another");
        assert_eq!(fitted(15.755), (11, 25), "and a quarter");
        assert_eq!(fitted(0.955), (1, 45), "less than an epoch");
        assert_eq!(fitted(0.1), (1, 1), "a step at least");
        assert_eq!(fitted(-3.0), (1, 1));
        assert_eq!(fitted(1e9), (1000, 100), "no more than asked for");
        let tested = fit(17.005 / SAFE, 100, Cost { test_s: 2.0, ..cost }, 1000);
        assert_eq!((tested.epochs, tested.last_steps), (10, 100), "and two seconds to judge it");
    }
}
