//! How far a long piece of work is: a bar on a terminal, a line in a log; both on standard error.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

/// Tells people how far it is.
pub(crate) struct Working {
    bar: ProgressBar,
    is_quiet: bool,
    start: Instant,
}

impl Working {
    pub(crate) fn new(is_quiet: bool) -> Self {
        let bar = if is_quiet { ProgressBar::hidden() } else { ProgressBar::no_length() };
        let style = ProgressStyle::with_template("{msg:28}  {bar:24.cyan}  {pos} of {len}  {eta} left")
            .expect("a template without faults");
        bar.set_style(style.progress_chars("━╸─"));
        Self { bar, is_quiet, start: Instant::now() }
    }

    /// So many of so many are done.
    pub(crate) fn count(&self, what: &'static str, done: usize, total: usize) {
        self.bar.set_length(total as u64);
        self.bar.set_message(what);
        self.bar.set_position(done as u64);
        if done == total {
            self.bar.finish_and_clear();
        }
    }

    pub(crate) fn say(&self, line: &str) {
        if !self.is_quiet {
            self.bar.suspend(|| eprintln!("{line}"));
        }
    }

    /// Since it was made.
    pub(crate) fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }
}
