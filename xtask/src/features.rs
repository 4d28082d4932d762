//! Each feature of the facade compiles alone, and a program that only predicts stays small.

use crate::cargo::{plain_cargo, succeed};
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;

/// The features of the crate `striate`; the first is none at all.
const FEATURES: [&str; 9] =
    ["", "decode", "decode-all", "train", "explain", "hub", "digits", "shipped", "lab"];

/// How many crates, those of Striate and the macros included, a program gets with `striate` without default features. What only their
/// build scripts use does not count.
const MOST_CRATES: usize = 30;
/// Crates that would bring a C compiler or TLS.
const UNWANTED: [&str; 4] = ["ring", "cc", "rustls", "openssl-sys"];

/// Checks both.
pub(crate) fn run() -> Result<()> {
    let crates = dependencies("normal")?;
    println!("striate without features: {} crates", crates.len());
    if crates.len() > MOST_CRATES {
        bail!("{} crates, {MOST_CRATES} at most: {crates:?}", crates.len());
    }
    if let Some(found) = dependencies("normal,build")?.iter().find(|name| UNWANTED.contains(&name.as_str())) {
        bail!("striate without features depends on `{found}`");
    }
    for feature in FEATURES {
        println!("clippy -p striate --no-default-features --features '{feature}'");
        let mut command = plain_cargo();
        command.args(["clippy", "-p", "striate", "--lib", "--no-default-features", "--locked", "--quiet"]);
        command.args(["--features", feature, "--", "-D", "warnings"]);
        succeed(&mut command).with_context(|| format!("striate with `{feature}` alone"))?;
    }
    Ok(())
}

/// The names of all crates behind `striate` without features, its own included, along dependencies of these kinds.
fn dependencies(edges: &str) -> Result<BTreeSet<String>> {
    let mut command = plain_cargo();
    command.args([
        "tree",
        "-p",
        "striate",
        "--no-default-features",
        "--edges",
        edges,
        "--prefix",
        "none",
        "--locked",
    ]);
    let output = command.output().context("cannot start cargo tree")?;
    if !output.status.success() {
        bail!("cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(names(&String::from_utf8_lossy(&output.stdout)))
}

/// `NAME vVERSION (*)` a line.
fn names(tree: &str) -> BTreeSet<String> {
    tree.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_counts_once() {
        let tree = "striate v0.1.0 (/here)\nserde v1.0.229\nitoa v1.0.19\nserde v1.0.229 (*)\n";
        assert_eq!(names(tree).into_iter().collect::<Vec<_>>(), ["itoa", "serde", "striate"]);
    }
}
