//! The report of a panic, which is always a bug in Striate, whatever the command.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::env::consts::{ARCH, OS};
use std::panic::{self, PanicHookInfo};

use crate::out;
use crate::train::command::join;

/// Installs a panic hook that prints [`text`]. The program then ends with 101, the exit code of every Rust program that panics.
pub(crate) fn listen() {
    panic::set_hook(Box::new(|info| {
        let words: Vec<String> =
            std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
        out::tell_as_is(&text(info, &words));
    }));
}

/// What to report: the message, the place, the version and the command. `RUST_BACKTRACE=1` adds a backtrace.
fn text(info: &PanicHookInfo<'_>, words: &[String]) -> String {
    let message = info.payload_as_str().unwrap_or("a panic without a message");
    let place = info.location().map_or("an unknown place".into(), ToString::to_string);
    let mut text = format!(
        "error: this is a bug in Striate, not your mistake: {message}\n  at {place}, Striate {}, {OS} on {ARCH}\n  \
         command: {}\nPlease report these lines. Files that were saved before are intact; train --resume continues a run.",
        env!("CARGO_PKG_VERSION"),
        join(words),
    );
    let trace = Backtrace::capture();
    if trace.status() == BacktraceStatus::Captured {
        text += &format!("\n{trace}");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    /// Not a test, but the child process of the test below, which may change its panic hook.
    #[test]
    #[ignore = "panics on purpose"]
    fn panics() {
        super::listen();
        let drawn = [1, 2].map(|n| n / 2);
        assert!(drawn[0] > 0, "a kernel of\x1b[2J 0 rows");
    }

    #[test]
    fn a_panic_says_what_to_report() {
        let ran = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "fault::tests::panics", "--nocapture"])
            .env_remove("RUST_BACKTRACE")
            .output()
            .unwrap();
        let said = String::from_utf8(ran.stderr).unwrap();
        let (_, said) = said.split_once("error: ").unwrap_or_else(|| panic!("{said}"));
        let lines: Vec<&str> = said.lines().collect();
        let what = r"this is a bug in Striate, not your mistake: a kernel of\u{1b}[2J 0 rows";
        assert_eq!(lines[0], what);
        assert!(lines[1].starts_with("  at crates/cli/src/fault.rs:"), "{said}");
        assert!(lines[1].contains(concat!("Striate ", env!("CARGO_PKG_VERSION"))), "{said}");
        assert!(lines[2].starts_with("  command: ") && lines[2].contains("fault::tests::panics"), "{said}");
        assert!(lines[3].starts_with("Please report these lines."), "{said}");
        assert_eq!(ran.status.code(), Some(101));
    }
}
