//! All that CI runs, ordered by how quickly each step finds a mistake.

use crate::cargo::{plain_cargo, root, succeed};
use crate::{book, features, msrv, tidy};
use anyhow::{Context, Result, bail};
use std::process::Command;
use std::time::Instant;

/// The steps that call cargo, each as it would be typed.
const CARGO: [(&str, &[&str]); 6] = [
    ("format", &["fmt", "--all", "--check"]),
    ("lints", &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
    ("deps", &["deny", "--locked", "check", "licenses", "bans", "sources"]),
    ("docs", &["doc", "--workspace", "--no-deps", "--locked"]),
    (
        "package",
        &[
            "package",
            "--workspace",
            "--exclude=striate-testkit",
            "--exclude=xtask",
            "--no-verify",
            "--allow-dirty",
            "--locked",
        ],
    ),
    ("tests", &["test", "--workspace", "--no-fail-fast", "--locked"]),
];

/// The exit code of a script that could not run because this machine lacks what it needs.
const NOT_RUN: i32 = 3;

/// Runs every step and prints the seconds of each; stops at the first failure.
pub(crate) fn run() -> Result<()> {
    let mut steps = Steps::default();
    for (name, args) in CARGO {
        steps.run(name, &typed(name, args), || succeed(&mut cargo(name, args)))?;
    }
    steps.run("features", "cargo xtask features", features::run)?;
    steps.run("msrv", "cargo xtask msrv", msrv::run)?;
    steps.run("book", "cargo xtask book --check --debug --quick", || {
        book::run(&book::Asked {
            check: true,
            debug: true,
            quick: true,
            tested: true,
            ..book::Asked::default()
        })
    })?;
    steps.run("wasm", "tools/wasm/run.sh --check", || {
        let mut script = Command::new("tools/wasm/run.sh");
        let status = script.arg("--check").current_dir(root()).status().context("cannot start it")?;
        if !status.success() && status.code() != Some(NOT_RUN) {
            bail!("{status}");
        }
        Ok(())
    })?;
    steps.run("tidy", "cargo xtask tidy", tidy::run)?;

    println!("\n── everything passed in {:.1} s", steps.seconds.iter().map(|(_, took)| took).sum::<f64>());
    for (name, took) in steps.seconds {
        println!("   {name:<8}{took:>8.1} s");
    }
    Ok(())
}

/// The steps that have passed, with the seconds that each took.
#[derive(Default)]
struct Steps {
    seconds: Vec<(&'static str, f64)>,
}

impl Steps {
    fn run(&mut self, name: &'static str, typed: &str, step: impl FnOnce() -> Result<()>) -> Result<()> {
        println!("\n── {name}: {typed}");
        let start = Instant::now();
        let done = step();
        let took = start.elapsed().as_secs_f64();
        done.with_context(|| format!("{name} FAILED after {took:.1} s; to run only this step: {typed}"))?;
        println!("── {name}: passed in {took:.1} s");
        self.seconds.push((name, took));
        Ok(())
    }
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
        for (name, args) in CARGO {
            assert!(name == "format" || args.contains(&"--locked"), "{name}");
        }
    }

    #[test]
    fn a_step_that_fails_says_how_to_repeat_it() {
        let error = Steps::default().run("docs", "cargo doc", || bail!("exit status: 1")).unwrap_err();
        let message = format!("{error:#}");
        assert!(message.starts_with("docs FAILED after"), "{message}");
        assert!(message.ends_with("to run only this step: cargo doc: exit status: 1"), "{message}");
    }
}
