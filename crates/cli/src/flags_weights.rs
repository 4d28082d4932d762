//! `--fetch`: downloads that were asked for, and how they are getting on.

use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use striate::data::fetch::FetchEvent;
use striate::inspect::text::bytes;

/// Whether weights may be downloaded; flattened into the commands that load some. Without it no network is touched.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct FetchFlag {
    /// Download the weights if they are not on this machine
    #[arg(long)]
    fetch: bool,
}

/// Who hears of a download: nobody, and there is none.
pub(crate) type Listener<'a> = Option<&'a mut dyn FnMut(FetchEvent<'_>)>;

impl FetchFlag {
    /// Does `work` with a listener that shows a bar, if downloads are allowed.
    pub(crate) fn with<T>(self, work: impl FnOnce(Listener<'_>) -> T) -> T {
        if !self.fetch {
            return work(None);
        }
        let bar = FetchBar::new();
        let result = work(Some(&mut |event: FetchEvent<'_>| bar.tell(&event)));
        bar.finish();
        result
    }
}

/// How a download is getting on: a bar on a terminal, a line an event elsewhere.
pub(crate) struct FetchBar(ProgressBar);

impl FetchBar {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::no_length();
        bar.set_style(style("{bar:30} {bytes:>10} of {total_bytes}  {bytes_per_sec}  {msg}"));
        Self(bar)
    }

    pub(crate) fn tell(&self, event: &FetchEvent<'_>) {
        let bar = &self.0;
        let say = |text: String| bar.suspend(|| eprintln!("{text}"));
        match *event {
            FetchEvent::Asking { url, bytes: size } => {
                bar.enable_steady_tick(Duration::from_millis(200));
                bar.set_position(0);
                bar.set_message(url.to_owned());
                if size > 0 {
                    bar.set_length(size);
                }
                if bar.is_hidden() {
                    let size = if size > 0 { format!(" for {}", bytes(size)) } else { String::new() };
                    eprintln!("asking {url}{size}");
                }
            }
            FetchEvent::Continuing { bytes: kept } => say(format!("going on after {}", bytes(kept))),
            FetchEvent::Received { bytes: received, of } => {
                match of {
                    // A bar without an end moves to and fro.
                    0 => bar.set_style(style("{spinner} {bytes:>10}  {bytes_per_sec}  {msg}")),
                    of => bar.set_length(of),
                }
                bar.set_position(received);
            }
            FetchEvent::Failed { url, why } => say(format!("{url}: {why}")),
            FetchEvent::Stored { path } => say(format!("stored {}", path.display())),
            FetchEvent::Present { path } => say(format!("{} is here already", path.display())),
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
