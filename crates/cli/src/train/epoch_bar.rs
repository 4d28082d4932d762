//! The progress of a run: a bar on a terminal, plain lines in a log; both on standard error.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use striate::report::text::{bytes, counted, duration, grouped, percent};
use striate::train::{EpochRow, Event, FitError, Observer, Stop};

use crate::out;
use crate::working::Lines;

/// The redraw interval of the bar: a step can take less time than drawing it.
const REDRAW: Duration = Duration::from_millis(60);

/// Shows what happens in a run.
pub(crate) struct EpochBar {
    bar: ProgressBar,
    /// The log where there is no terminal.
    log: Option<Lines>,
    is_quiet: bool,
    last: Instant,
    epochs: usize,
    /// The training images of each epoch.
    images: usize,
}

impl EpochBar {
    pub(crate) fn new(is_quiet: bool) -> Self {
        let bar = if is_quiet { ProgressBar::hidden() } else { ProgressBar::no_length() };
        let template = "{prefix}  {bar:24.cyan}  {msg}";
        let style = ProgressStyle::with_template(template).expect("a template without faults");
        bar.set_style(style.progress_chars("━╸─"));
        let log = (!is_quiet && bar.is_hidden()).then(Lines::start);
        Self { bar, log, is_quiet, last: Instant::now(), epochs: 0, images: 0 }
    }

    fn say(&self, line: &str) {
        if !self.is_quiet {
            self.print(line);
        }
    }

    fn print(&self, line: &str) {
        self.bar.suspend(|| out::tell(line));
    }

    fn row(&self, row: &EpochRow, best: bool) {
        let of = self.epochs.to_string();
        self.say(&format!(
            "epoch {:>width$}/{of}  loss {:.4}  accuracy {}  val {}{}  {} images/s  {}",
            row.epoch,
            row.train_loss,
            percent(Some(row.train_accuracy)),
            percent(Some(row.val_accuracy)),
            if best { " *" } else { "  " },
            grouped(row.images_per_s as u64),
            duration(row.epoch_s),
            width = of.len(),
        ));
    }
}

impl Observer for EpochBar {
    fn on(&mut self, event: &Event<'_>) -> Result<(), FitError> {
        match *event {
            Event::Started {
                model,
                data,
                parameters,
                multiply_adds,
                train_images,
                val_images,
                test_images,
                threads,
                memory_bytes,
                epochs,
                changes,
                resumed,
                rows,
                ..
            } => {
                (self.epochs, self.images) = (epochs, train_images);
                self.say(&format!(
                    "{model} on {data}: {} parameters, {} multiply-adds per image; {} training images, {} to select the epoch{}; {}, {} of memory planned",
                    grouped(parameters as u64),
                    grouped(multiply_adds),
                    grouped(train_images as u64),
                    grouped(val_images as u64),
                    test_images.map_or(String::new(), |n| format!(", {} for testing", grouped(n as u64))),
                    counted(threads, "thread"),
                    bytes(memory_bytes as u64),
                ));
                rows.iter().for_each(|row| self.row(row, false));
                if let Some((epoch, step)) = resumed {
                    self.say(&format!("resuming in epoch {epoch} after step {step}"));
                }
                if !changes.is_empty() {
                    let said =
                        changes.iter().map(|c| format!("{} {} instead of {}", c.what, c.asked, c.saved));
                    self.say(&format!(
                        "with {}; the epochs above stay as they are, and the schedule now spans {epochs} epochs",
                        said.collect::<Vec<_>>().join(", ")
                    ));
                }
            }
            Event::Step { epoch, step, steps, loss, accuracy, images_per_s, .. } => {
                // The last step is always shown: the evaluation that follows has no line of its own.
                let is_due = self.last.elapsed() >= REDRAW || step == steps;
                if self.is_quiet || !is_due {
                    return Ok(());
                }
                self.last = Instant::now();
                let message = |left_s: f64| {
                    let (accuracy, rate) = (percent(Some(accuracy)), grouped(images_per_s as u64));
                    format!("loss {loss:.4}  accuracy {accuracy}  {rate} images/s  {} left", duration(left_s))
                };
                let epochs_left = (self.epochs - epoch) as f64 + (steps - step) as f64 / steps as f64;
                let left_s = epochs_left * self.images as f64 / images_per_s;
                if let Some(log) = &self.log {
                    log.set(format!(
                        "epoch {epoch}/{}  step {step}/{steps}  {}",
                        self.epochs,
                        message(left_s)
                    ));
                } else {
                    self.bar.set_length(steps as u64);
                    self.bar.set_prefix(format!("epoch {epoch}/{}", self.epochs));
                    self.bar.set_position(step as u64);
                    self.bar.set_message(message(left_s));
                }
            }
            Event::EpochEnd { row, best, .. } => {
                self.row(row, best);
                self.last = Instant::now();
                if let Some(log) = &self.log {
                    log.clear();
                }
            }
            Event::Stopped { why: Stop::Patience { patience, best_epoch, metric } } => {
                let metric = metric.name();
                self.say(&format!(
                    "{metric} has not improved for {patience} epochs since epoch {best_epoch}; stopping"
                ));
            }
            Event::Stopped { why: Stop::Budget { budget_s, steps, planned } } => {
                let budget = duration(budget_s);
                self.say(&format!(
                    "the budget of {budget} is used up after {steps} of {planned} steps; stopping"
                ));
            }
            Event::Finished { .. } | Event::Stopped { .. } => {
                self.bar.finish_and_clear();
                self.log = None;
            }
            Event::Warning { warning } => self.print(&format!("warning: {warning}")),
            Event::Checkpoint { .. } | Event::Stage { .. } => {}
        }
        Ok(())
    }
}
