//! All that CI runs, in order of how fast each step tells of a mistake.

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
            bail!("{name} FAILED after {took:.1} s ({status}); to try this step alone: {typed}");
        }
        println!("── {name}: passed in {took:.1} s");
        seconds.push((name, took));
    }
    println!("\n── book: cargo xtask book --check --debug --quick");
    let book_start = Instant::now();
    let asked = book::Asked { check: true, debug: true, quick: true, ..book::Asked::default() };
    book::run(&asked)
        .context("book FAILED; to try this step alone: cargo xtask book --check --debug --quick")?;
    seconds.push(("book", book_start.elapsed().as_secs_f64()));

    println!("\n── tidy: cargo xtask tidy");
    let tidy_start = Instant::now();
    tidy::run().context("tidy FAILED; to try this step alone: cargo xtask tidy")?;
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

/// The cargo that runs this program, in the root of the workspace. What `cargo run` told *us* about our own package is
/// taken away: some build scripts ask to run again when those variables change, and would do so at every turn.
pub(crate) fn plain_cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(crate::workspace::root());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_about_this_package) {
            command.env_remove(name);
        }
    }
    command
}

fn is_about_this_package(name: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_CRATE_NAME", "CARGO_BIN_NAME"].contains(&name)
        || name == "CARGO_PRIMARY_PACKAGE"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_settings_stay() {
        assert!(is_about_this_package("CARGO_PKG_NAME"));
        for kept in ["CARGO_TARGET_DIR", "CARGO_HOME", "CARGO_NET_OFFLINE", "CARGO_BUILD_JOBS", "RUSTFLAGS"] {
            assert!(!is_about_this_package(kept), "{kept}");
        }
    }

    #[test]
    fn every_step_that_builds_is_locked() {
        for (name, args) in STEPS {
            assert!(name == "format" || args.contains(&"--locked"), "{name}");
        }
    }
}
