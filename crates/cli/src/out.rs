//! Everything that this program writes to standard output and standard error. Nothing here panics: the reader of a pipe may leave
//! early, and a disk may be full.
//!
//! A failed write to standard output is an error, since it is the result, unless the reader of a pipe has left, as in
//! `striate models | head -1`. A failed write to standard error is ignored: it is only about the work, and must not end it.
//!
//! The names of files, classes and layers come from other people. Here, where they leave the program, every character that would
//! control a terminal is escaped.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;
use striate::report::text::{drives_terminal, printable_lines};
use striate::report::wrap_columns;
use terminal_size::{Width, terminal_size_of};

/// Standard output could not be written.
#[derive(Debug)]
pub(crate) struct OutError(io::Error);

impl OutError {
    /// Whether the reader of the pipe has closed it.
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

/// The text with its lines broken between words on a terminal, and unchanged elsewhere.
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

/// Prints a message on standard error, [`wrapped`], and ends the line. Ignores errors.
pub(crate) fn tell(text: impl AsRef<str>) {
    tell_as_is(&wrapped(text.as_ref(), Stream::Error));
}

/// [`tell`] without breaking lines: for commands, which people copy.
pub(crate) fn tell_as_is(text: &str) {
    // In one write, so that the lines of two threads do not mix.
    let _ = io::stderr().lock().write_all((printable_lines(text.to_owned()) + "\n").as_bytes());
}

/// Writes prose to standard output, [`wrapped`].
pub(crate) fn say(text: &str) -> Result<(), OutError> {
    print(&wrapped(text, Stream::Output))
}

/// Writes `text` to standard output without breaking its lines.
pub(crate) fn print(text: &str) -> Result<(), OutError> {
    paint(&printable_lines(text.to_owned()))
}

/// Writes and flushes `text` with its color escapes: only for text without foreign names.
pub(crate) fn paint(text: &str) -> Result<(), OutError> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(OutError)
}

/// Prints help or the version, in color where the terminal supports it; on standard error if it was not asked for.
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
    Ok(print(&json_escaped(text))?)
}

/// The same JSON document with every character escaped that would control a terminal: JSON allows DEL, C1 and bidi overrides in
/// strings unescaped.
pub(crate) fn json_escaped(document: String) -> String {
    let is_raw = |c: char| drives_terminal(c) && c != '\n';
    if !document.contains(is_raw) {
        return document;
    }
    let mut out = String::with_capacity(document.len() + 16);
    for c in document.chars() {
        match is_raw(c) {
            // All of these characters are below U+10000.
            true => write!(out, "\\u{:04x}", u32::from(c)).expect("strings grow"),
            false => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::json_escaped;

    #[test]
    fn json_drives_no_terminal_and_means_the_same() {
        let hostile =
            "C0 \x1b[31m DEL \x7f C1 \u{9b}2J bidi \u{202e} \u{2066} quote \" backslash \\ line\nend";
        let document = serde_json::to_string_pretty(&[hostile, "plain"]).unwrap();
        let escaped = json_escaped(document.clone());
        assert_ne!(escaped, document);
        assert!(
            !escaped.contains(|c: char| c.is_control() && c != '\n' || "\u{202e}\u{2066}".contains(c)),
            "{escaped}"
        );
        assert_eq!(serde_json::from_str::<Vec<String>>(&escaped).unwrap(), [hostile, "plain"]);
    }
}
