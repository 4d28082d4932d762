//! All that CI runs, ordered by how quickly each step finds a mistake.

use crate::cargo::plain_cargo;
use crate::{book, tidy};
use anyhow::{Context, Result, bail};
use std::process::Command;
use std::time::Instant;

/// Each step as it would be typed.
const STEPS: [(&str, &[&str]); 5] = [
    ("format", &["fmt", "--all", "--check"]),
    ("lints", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
    ("deps", &["deny", "--locked", "check", "licenses", "bans", "sources"]),
    ("docs", &["doc", "--workspace", "--no-deps", "--locked"]),
    ("tests", &["test", "--workspace", "--locked"]),
];

/// Runs every step and prints the seconds of each; stops at the first failure.
pub(crate) fn run() -> Result<()> {
    let start = Instant::now();
    let mut seconds = Vec::new();
    for (name, args) in STEPS {
        let typed = typed(name, args);
        println!("\n── {name}: {typed}");
        let start = Instant::now();
        let status = cargo(name, args).status().with_context(|| format!("{name}: cannot start {typed}"))?;
        let took = start.elapsed().as_secs_f64();
        if !status.success() {
            bail!("{name} FAILED after {took:.1} s ({status}); to run only this step: {typed}");
        }
        println!("── {name}: passed in {took:.1} s");
        seconds.push((name, took));
    }
    println!("\n── book: cargo xtask book --check --debug --quick");
    let book_start = Instant::now();
    let asked = book::Asked { check: true, debug: true, quick: true, ..book::Asked::default() };
    book::run(&asked)
        .context("book FAILED; to run only this step: cargo xtask book --check --debug --quick")?;
    seconds.push(("book", book_start.elapsed().as_secs_f64()));

    println!("\n── tidy: cargo xtask tidy");
    let tidy_start = Instant::now();
    tidy::run().context("tidy FAILED; to run only this step: cargo xtask tidy")?;
    seconds.push(("tidy", tidy_start.elapsed().as_secs_f64()));

    println!("\n── everything passed in {:.1} s", start.elapsed().as_secs_f64());
    for (name, took) in seconds {
        println!("   {name:<8}{took:>8.1} s");
    }
    Ok(())
}

fn typed(name: &str, args: &[&str]) -> String {
    let warnings = if name == "docs" { "RUSTDOCFLAGS='-D warnings' " } else { "" };
    format!("{warnings}cargo {}", args.join(" "))
}

fn cargo(name: &str, args: &[&str]) -> Command {
    let mut command = plain_cargo();
    command.args(args);
    if name == "docs" {
        command.env("RUSTDOCFLAGS", "-D warnings");
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_that_builds_is_locked() {
        for (name, args) in STEPS {
            assert!(name == "format" || args.contains(&"--locked"), "{name}");
        }
    }
}
