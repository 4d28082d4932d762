//! All that this program writes to standard output and to standard error, and nothing here panics: whoever reads may leave
//! before we are done, and a disk may be full.
//!
//! What cannot be written to standard output is an error, since it is the answer; `striate models | head -1` is none. What
//! cannot be written to standard error is given up: it tells about the work, and must not end it.

use std::io::{self, Write};

use serde::Serialize;
use striate::inspect::wrap_columns;
use terminal_size::{Width, terminal_size_of};

/// Standard output could not be written.
#[derive(Debug)]
pub(crate) struct OutError(io::Error);

impl OutError {
    /// Nobody reads any more.
    pub(crate) fn reader_left(&self) -> bool {
        self.0.kind() == io::ErrorKind::BrokenPipe
    }
}

impl std::fmt::Display for OutError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "standard output: cannot write: {}", self.0)
    }
}
impl std::error::Error for OutError {}

/// Where a text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    Output,
    Error,
}

/// The text as it is, or on a terminal with its lines broken between words.
fn wrapped(text: &str, stream: Stream) -> String {
    let size = match stream {
        Stream::Output => terminal_size_of(io::stdout()),
        Stream::Error => terminal_size_of(io::stderr()),
    };
    match size {
        Some((Width(columns @ 20..), _)) => wrap_columns(text, columns.into()),
        _ => text.to_owned(),
    }
}

/// Tells people something on standard error, [`wrapped`], and ends the line. Does nothing where nobody can be told.
pub(crate) fn tell(text: impl AsRef<str>) {
    tell_as_is(&wrapped(text.as_ref(), Stream::Error));
}

/// [`tell`] without breaking lines: for commands, which are copied.
pub(crate) fn tell_as_is(text: &str) {
    // In one piece, so that the lines of two threads do not mix.
    let _ = io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}

/// Writes sentences for people, [`wrapped`].
pub(crate) fn say(text: &str) -> Result<(), OutError> {
    print(&wrapped(text, Stream::Output))
}

/// Writes `text` as it is, and sees that it has left this process.
pub(crate) fn print(text: &str) -> Result<(), OutError> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(OutError)
}

/// Prints help or the version, in colours where the terminal has some: on standard error where it was not asked for.
pub(crate) fn help(text: &clap::Error) -> Result<(), OutError> {
    match text.print().and_then(|()| io::stdout().flush()) {
        Err(error) if !text.use_stderr() => Err(OutError(error)),
        _ => Ok(()),
    }
}

/// Writes one JSON document.
pub(crate) fn json(document: &impl Serialize) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    Ok(print(&text)?)
}
