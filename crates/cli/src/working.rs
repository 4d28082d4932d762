//! The progress of long work: a bar on a terminal, a line every ten seconds elsewhere; both on standard error.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use striate::report::text::{duration, grouped, printable};
use striate::train::{Event, FitError, Observer};

use crate::out;

/// The interval between two lines where there is no terminal.
const LOG: Duration = Duration::from_secs(10);
/// The redraw interval of a bar without progress: its clock keeps running.
const TICK: Duration = Duration::from_millis(200);
/// Work that took longer than this is reported when it is done.
const WORTH_SAYING: Duration = Duration::from_secs(2);

/// Shows progress.
pub(crate) struct Working {
    bar: ProgressBar,
    log: Option<Lines>,
    is_quiet: bool,
    start: Instant,
    stage: Mutex<Option<Stage>>,
}

/// One stage of the work.
struct Stage {
    what: String,
    since: Instant,
    /// The count when the stage began, and the highest count since.
    first: usize,
    most: usize,
}

impl Stage {
    fn begin(what: &str, done: usize) -> Self {
        Self { what: what.to_owned(), since: Instant::now(), first: done, most: done }
    }
}

impl Working {
    pub(crate) fn new(is_quiet: bool) -> Self {
        let bar = if is_quiet { ProgressBar::hidden() } else { ProgressBar::no_length() };
        let log = (!is_quiet && bar.is_hidden()).then(Lines::start);
        Self { bar, log, is_quiet, start: Instant::now(), stage: Mutex::new(None) }
    }

    /// Reports `done` of `total`; may be called from any thread. A new `what` begins a new bar, which ends at `total`.
    pub(crate) fn count(&self, what: &str, done: usize, total: usize) {
        let mut stage = lock(&self.stage);
        if done >= total {
            // Where there was nothing to do, there is nothing to report.
            if let Some(ended) = stage.take() {
                self.bar.finish_and_clear();
                self.ended(&ended, (ended.what == what).then_some(total));
            }
            return;
        }
        if stage.as_ref().is_none_or(|stage| stage.what != what) {
            *stage = Some(Stage::begin(what, done));
            self.show(what, counted(), Some(total));
        }
        let Some(Stage { since, first, most, .. }) = stage.as_mut() else { return };
        if done < *most {
            // Threads may report out of order.
            return;
        }
        *most = done;
        let left = left(since.elapsed(), done - *first, total - done);
        let left = left.map_or(String::new(), |left| format!(", {left} left"));
        self.bar.set_position(done as u64);
        if let Some(log) = &self.log {
            let so_far = format!("{what}: {} of {}", grouped(done as u64), grouped(total as u64));
            log.set(format!("{so_far}{left}"));
        }
        self.bar.set_prefix(left);
    }

    /// Begins work of unknown length; it ends with the next report, or when this value is dropped.
    pub(crate) fn begin(&self, what: &str) {
        let mut stage = lock(&self.stage);
        *stage = Some(Stage::begin(what, 0));
        self.show(what, uncounted(), None);
        if let Some(log) = &self.log {
            log.set(what.to_owned());
        }
    }

    pub(crate) fn say(&self, line: &str) {
        if !self.is_quiet {
            self.bar.suspend(|| out::tell(line));
        }
    }

    /// The time since this value was created.
    pub(crate) fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    fn show(&self, what: &str, style: ProgressStyle, total: Option<usize>) {
        self.bar.reset();
        self.bar.set_style(style);
        match total {
            Some(total) => self.bar.set_length(total as u64),
            None => self.bar.unset_length(),
        }
        self.bar.set_message(printable(what.to_owned()));
        self.bar.set_prefix("");
        self.bar.enable_steady_tick(TICK);
    }

    fn ended(&self, stage: &Stage, total: Option<usize>) {
        let Some(log) = &self.log else { return };
        log.clear();
        if let Some(total) = total
            && stage.since.elapsed() >= WORTH_SAYING
        {
            let took = duration(stage.since.elapsed().as_secs_f64());
            out::tell(format!("{}: {}, {took}", stage.what, grouped(total as u64)));
        }
    }
}

/// Shows the stages of fine-tuning; a [`EpochBar`](crate::train::epoch_bar::EpochBar) shows the training.
impl Observer for Working {
    fn on(&mut self, event: &Event<'_>) -> Result<(), FitError> {
        match *event {
            Event::Stage { stage, done, total: Some(total) } => self.count(stage.name(), done, total),
            Event::Stage { stage, total: None, .. } => self.begin(stage.name()),
            _ => {}
        }
        Ok(())
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A line of fewer than 80 columns, so that it is not wrapped.
fn counted() -> ProgressStyle {
    style("{msg:26}  {bar:16.cyan}  {pos} of {len}{prefix}")
}

fn uncounted() -> ProgressStyle {
    style("{msg:26}  {spinner}  {elapsed}")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("a template without faults").progress_chars("━╸─")
}

/// An estimate of the remaining time, in words; `None` before anything is done, or when less than a second is left.
fn left(elapsed: Duration, done: usize, rest: usize) -> Option<String> {
    let guess = elapsed.as_secs_f64() / done as f64 * rest as f64;
    (done > 0 && guess >= 1.0).then(|| duration(guess))
}

/// Prints the newest line every now and then, even if it has not changed: a program that prints nothing looks stuck.
pub(crate) struct Lines {
    shared: Arc<(Mutex<Said>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Said {
    line: Option<String>,
    /// When the line was set.
    since: Option<Instant>,
    is_new: bool,
    is_over: bool,
}

impl Lines {
    /// Prints on standard error every ten seconds, as long as there is a line.
    pub(crate) fn start() -> Self {
        Self::every(LOG, out::tell)
    }

    fn every(every: Duration, say: impl Fn(String) + Send + 'static) -> Self {
        let shared = Arc::new((Mutex::new(Said::default()), Condvar::new()));
        let of_thread = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let (said, changed) = &*of_thread;
            let mut due = Instant::now() + every;
            let mut said = lock(said);
            while !said.is_over {
                let wait = due.saturating_duration_since(Instant::now());
                said = changed.wait_timeout(said, wait).unwrap_or_else(PoisonError::into_inner).0;
                if Instant::now() < due || said.is_over {
                    continue;
                }
                due = Instant::now() + every;
                if let (Some(line), Some(since)) = (&said.line, said.since) {
                    let since = duration(since.elapsed().as_secs_f64());
                    say(if said.is_new { line.clone() } else { format!("{line}, for {since}") });
                    said.is_new = false;
                }
            }
        });
        Self { shared, thread: Some(thread) }
    }

    /// Sets the line to print.
    pub(crate) fn set(&self, line: String) {
        let mut said = lock(&self.shared.0);
        (said.line, said.since, said.is_new) = (Some(line), Some(Instant::now()), true);
    }

    /// Clears the line, so that nothing is printed.
    pub(crate) fn clear(&self) {
        lock(&self.shared.0).line = None;
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        lock(&self.shared.0).is_over = true;
        self.shared.1.notify_all();
        if let Some(thread) = self.thread.take() {
            // If the thread panicked, the panic hook has reported it.
            let _ = thread.join();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// A terminal of 80 columns, and what was written to it.
    #[derive(Debug, Default, Clone)]
    struct Terminal(Arc<Mutex<String>>);

    impl Terminal {
        /// The line that the bar has drawn, without its colors.
        fn line(&self, working: &Working) -> String {
            working.bar.disable_steady_tick();
            working.bar.tick();
            let drawn = lock(&self.0).trim_end().to_owned();
            let mut parts = drawn.split('\u{1b}');
            let first = parts.next().unwrap_or_default().to_owned();
            first + &parts.filter_map(|part| Some(part.split_once('m')?.1)).collect::<String>()
        }
    }

    impl indicatif::TermLike for Terminal {
        fn width(&self) -> u16 {
            80
        }
        fn move_cursor_up(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> std::io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> std::io::Result<()> {
            self.write_str(&format!("{text}\n"))
        }
        fn write_str(&self, text: &str) -> std::io::Result<()> {
            lock(&self.0).push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> std::io::Result<()> {
            lock(&self.0).clear();
            Ok(())
        }
        fn flush(&self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// On a terminal.
    fn shown() -> (Working, Terminal) {
        let terminal = Terminal::default();
        let target = indicatif::ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let bar = ProgressBar::with_draw_target(None, target);
        let working =
            Working { bar, log: None, is_quiet: false, start: Instant::now(), stage: Mutex::new(None) };
        (working, terminal)
    }

    #[test]
    fn nothing_is_said_of_the_time_before_anything_is_done() {
        let (working, terminal) = shown();
        working.count("processing training images", 0, 167);
        let line = terminal.line(&working);
        assert!(line.contains("0 of 167") && !line.contains("left"), "{line}");
    }

    #[test]
    fn a_line_fits_a_terminal_and_goes_when_all_is_done() {
        let (working, terminal) = shown();
        working.count("processing training images", 0, 20_000);
        lock(&working.stage).as_mut().unwrap().since -= Duration::from_secs(3600);
        working.count("processing training images", 10_000, 20_000);
        let line = terminal.line(&working);
        assert!(line.contains("10000 of 20000, 1 h 00 min left"), "{line}");
        assert!(line.chars().count() < 80, "{line}");
        working.count("processing training images", 20_000, 20_000);
        assert_eq!(lock(&terminal.0).trim_end(), "");
    }

    #[test]
    fn the_name_of_a_layer_cannot_drive_the_terminal() {
        let (working, terminal) = shown();
        working.count("conv\x07\u{9b}2J", 0, 10);
        let line = terminal.line(&working);
        assert!(line.starts_with(r"conv\u{7}\u{9b}2J"), "{line:?}");
    }

    #[test]
    fn what_is_left_is_a_guess_from_what_is_done() {
        assert_eq!(left(Duration::from_secs(10), 5, 10), Some(duration(20.0)));
        assert_eq!(left(Duration::from_secs(10), 0, 10), None, "nobody knows");
        assert_eq!(left(Duration::from_secs(10), 100, 1), None, "now");
    }

    #[test]
    fn a_log_goes_on_when_nothing_does() {
        let (to, from) = mpsc::channel();
        let log = Lines::every(Duration::from_millis(5), move |line| to.send(line).unwrap());
        log.set("first".into());
        assert_eq!(from.recv().unwrap(), "first");
        assert!(from.recv().unwrap().starts_with("first, for "), "the same line again, with its age");
        log.set("second".into());
        // One more of the first may be on its way.
        assert!(from.iter().take(2).any(|line| line == "second"));
        log.clear();
        drop(log);
        let rest: Vec<String> = from.iter().collect();
        assert!(rest.len() <= 2, "it ends: {rest:?}");
    }

    #[test]
    fn a_stage_ends_and_another_begins() {
        let working = Working::new(true);
        working.count("nothing", 0, 0);
        assert!(lock(&working.stage).is_none());
        working.count("first", 3, 10);
        assert_eq!(
            lock(&working.stage).as_ref().map(|stage| (stage.what.as_str(), stage.first)),
            Some(("first", 3))
        );
        working.count("first", 5, 10);
        working.count("first", 4, 10);
        assert_eq!(working.bar.position(), 5);
        working.count("first", 10, 10);
        assert!(working.bar.is_finished() && lock(&working.stage).is_none());
        working.count("second", 1, 4);
        assert!(!working.bar.is_finished());
        assert_eq!((working.bar.position(), working.bar.length()), (1, Some(4)));
    }
}
