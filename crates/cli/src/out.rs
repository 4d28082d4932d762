//! Standard output, whose reader may leave before we are done: `striate models | head -1` is not an error.

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
pub(crate) enum Stream {
    Output,
    Error,
}

/// The text as it is, or on a terminal with its lines broken between words.
pub(crate) fn wrapped(text: &str, stream: Stream) -> String {
    let size = match stream {
        Stream::Output => terminal_size_of(io::stdout()),
        Stream::Error => terminal_size_of(io::stderr()),
    };
    match size {
        Some((Width(columns @ 20..), _)) => wrap_columns(text, columns.into()),
        _ => text.to_owned(),
    }
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

/// Writes one JSON document.
pub(crate) fn json(document: &impl Serialize) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    Ok(print(&text)?)
}
