//! The flags that choose weights within a file (`--key`, `--prefix`) and allow a download (`--fetch`), and the progress of a
//! download.

use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use striate::data::fetch::FetchEvent;
use striate::models::weights::LoadOptions;
use striate::report::text::{bytes, printable};

use crate::out;

/// How weights are loaded; flattened into the commands that load some. Without `--fetch` nothing is downloaded.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct LoadFlags {
    /// Key of the weights within a checkpoint, such as model_ema [default: the one that fits best]
    #[arg(long, value_name = "KEY", requires = "weights")]
    key: Option<String>,
    /// Use only arrays whose names start with this prefix, such as backbone. [default: the prefix common to all]
    #[arg(long, value_name = "PREFIX", requires = "weights")]
    prefix: Option<String>,
    /// Download the weights if they are not on this machine
    #[arg(long)]
    fetch: bool,
}

impl LoadFlags {
    /// The flags that choose the weights, as they were typed on the command line.
    pub(crate) fn typed(&self) -> Vec<String> {
        let flags = [("--key", &self.key), ("--prefix", &self.prefix)];
        let typed = flags.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value.clone()?]));
        typed.flatten().collect()
    }

    /// Calls `work` with these options, and shows a progress bar if a download is allowed.
    pub(crate) fn with<T>(&self, work: impl FnOnce(LoadOptions<'_>) -> T) -> T {
        let (key, prefix) = (self.key.as_deref(), self.prefix.as_deref());
        let options = LoadOptions { key, prefix, ..LoadOptions::default() };
        if !self.fetch {
            return work(options);
        }
        let bar = FetchBar::new();
        let mut tell = |event: FetchEvent<'_>| bar.tell(&event);
        let result = work(LoadOptions { fetch: Some(&mut tell), ..options });
        bar.finish();
        result
    }
}

/// Prints on standard error what was left out, changed or assumed when weights were loaded.
pub(crate) fn say(notes: &[String]) {
    notes.iter().for_each(|note| out::tell(format!("note: {note}")));
}

/// The progress of a download: a bar on a terminal, one line per event elsewhere.
pub(crate) struct FetchBar(ProgressBar);

impl FetchBar {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::no_length();
        bar.set_style(style("{bar:30} {bytes:>10} of {total_bytes}  {bytes_per_sec}  {msg}"));
        Self(bar)
    }

    pub(crate) fn tell(&self, event: &FetchEvent<'_>) {
        let bar = &self.0;
        let say = |text: String| bar.suspend(|| out::tell(text));
        match *event {
            FetchEvent::Asking { url, bytes: size } => {
                bar.enable_steady_tick(Duration::from_millis(200));
                bar.set_position(0);
                bar.set_message(printable(url.to_owned()));
                if size > 0 {
                    bar.set_length(size);
                }
                if bar.is_hidden() {
                    let size = if size > 0 { format!(" ({})", bytes(size)) } else { String::new() };
                    out::tell(format!("downloading {url}{size}"));
                }
            }
            FetchEvent::Continuing { bytes: kept } => say(format!("resuming after {}", bytes(kept))),
            FetchEvent::Received { bytes: received, of } => {
                match of {
                    // Without a known length, a spinner is shown.
                    0 => bar.set_style(style("{spinner} {bytes:>10}  {bytes_per_sec}  {msg}")),
                    of => bar.set_length(of),
                }
                bar.set_position(received);
            }
            FetchEvent::Failed { url, why } => say(format!("{url}: {why}")),
            FetchEvent::Stored { path } => say(format!("stored {}", path.display())),
            FetchEvent::Present { path } => say(format!("{} has already been downloaded", path.display())),
            _ => {}
        }
    }

    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("a template without faults")
}
