//! The oldest Rust that the manifests promise (`rust-version`) compiles the workspace.

use crate::cargo::{root, succeed};
use anyhow::{Context, Result};
use std::process::Command;

/// Compiles with that version, if this machine has it and has not done so in every other step.
pub(crate) fn run() -> Result<()> {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).context("Cargo.toml")?;
    let promised = promised(&manifest).context("Cargo.toml: no rust-version in [workspace.package]")?;
    let rustc =
        Command::new("rustc").current_dir(root()).arg("--version").output().context("cannot start rustc")?;
    let used = String::from_utf8_lossy(&rustc.stdout).trim().to_string();
    if is_version(&used, promised) {
        println!("every step ran with {used}, the oldest Rust that the manifests promise");
        return Ok(());
    }
    let mut probe = Command::new("rustup");
    if !probe
        .args(["run", promised, "rustc", "--version"])
        .output()
        .is_ok_and(|output| output.status.success())
    {
        println!(
            "NOT RUN: {used} is here, and Rust {promised} is not: rustup toolchain install {promised} --profile minimal"
        );
        return Ok(());
    }
    let mut check = Command::new("rustup");
    check.args([
        "run",
        promised,
        "cargo",
        "check",
        "--workspace",
        "--all-targets",
        "--locked",
        "--target-dir",
        "target/msrv",
    ]);
    succeed(check.current_dir(root()))
        .with_context(|| format!("Rust {promised} does not compile the workspace"))
}

/// The version in `rust-version = "VERSION"`.
fn promised(manifest: &str) -> Option<&str> {
    manifest.lines().find_map(|line| line.strip_prefix("rust-version = \"")?.strip_suffix('"'))
}

/// Whether `rustc 1.95.0 (…)` is version `1.95`.
fn is_version(used: &str, promised: &str) -> bool {
    let number = used.split_whitespace().nth(1).unwrap_or_default();
    number.strip_prefix(promised).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_number_by_number() {
        assert!(is_version("rustc 1.95.0 (f2d3ce0bd 2026-03-21)", "1.95"));
        assert!(is_version("rustc 1.95.0", "1.95.0"));
        assert!(!is_version("rustc 1.950.0", "1.95"));
        assert!(!is_version("rustc 1.96.0 (ac68faa20 2026-05-25)", "1.95"));
        assert_eq!(promised("edition = \"2024\"\nrust-version = \"1.95\"\n"), Some("1.95"));
        assert_eq!(promised("edition = \"2024\"\n"), None);
    }
}
