//! The archive that a release publishes for one system: the binary, its documents, and the digest of the whole.

use crate::cargo::{plain_cargo, root, succeed};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;

/// What lies beside the binary.
const DOCUMENTS: [&str; 4] = ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"];

/// Builds the release binary, packs it as `target/dist/striate-VERSION-SYSTEM.tar.gz`, and writes `….sha256` beside it.
pub(crate) fn run() -> Result<()> {
    let mut build = plain_cargo();
    succeed(build.args(["build", "--release", "--locked", "-p", "striate-cli"]))
        .context("cargo build --release")?;
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |folder| root().join(folder));
    let binary = target.join("release").join(format!("striate{}", std::env::consts::EXE_SUFFIX));
    let version = version(&said(Command::new(&binary).arg("--version"))?)?;
    let system = host(&said(Command::new("rustc").arg("-vV"))?)?;

    let name = format!("striate-{version}-{system}");
    let dist = target.join("dist");
    let folder = dist.join(&name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    copy(&binary, &folder)?;
    for document in DOCUMENTS {
        copy(&root().join(document), &folder)?;
    }

    // Order, owner and time are fixed, so that the same binary makes the same archive.
    let archive = format!("{name}.tar.gz");
    let mut tar = Command::new("tar");
    tar.current_dir(&dist).args([
        "--sort=name",
        "--owner=0",
        "--group=0",
        "--numeric-owner",
        "--mtime=@0",
        "--mode=u+rwX,go+rX",
    ]);
    succeed(tar.args(["--use-compress-program=gzip -9n", "-cf", &archive, &name])).context("GNU tar")?;
    let digest = said(Command::new("sha256sum").current_dir(&dist).arg(&archive))?;
    std::fs::write(dist.join(format!("{archive}.sha256")), &digest).context("the digest")?;
    println!("{}\n{}", dist.join(&archive).display(), digest.trim_end());
    Ok(())
}

fn copy(file: &Path, folder: &Path) -> Result<()> {
    let name = file.file_name().context("a file")?;
    std::fs::copy(file, folder.join(name)).with_context(|| file.display().to_string())?;
    Ok(())
}

fn said(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The version in `striate VERSION`.
fn version(said: &str) -> Result<String> {
    said.split_whitespace()
        .nth(1)
        .map(str::to_string)
        .with_context(|| format!("`striate --version` printed `{said}`"))
}

/// The system for which rustc compiles by default.
fn host(said: &str) -> Result<String> {
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_string).with_context(|| format!("`rustc -vV` printed `{said}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_binary_and_the_compiler() {
        assert_eq!(version("striate 0.1.0 (AVX2)\n").unwrap(), "0.1.0");
        assert!(version("").is_err());
        assert_eq!(
            host("rustc 1.95.0\nhost: x86_64-unknown-linux-gnu\nrelease: 1.95.0\n").unwrap(),
            "x86_64-unknown-linux-gnu"
        );
        assert!(host("rustc 1.95.0\n").is_err());
    }
}
