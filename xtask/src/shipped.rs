//! Retrains the included networks: each must reproduce the committed file, except for the command
//! that the file records.
//!
//! They are older than the validation split that `striate train` holds out, so they are trained with `--val-split 0`,
//! and their files record a command without it.

use crate::cargo::{plain_cargo, root};
use crate::workspace::target;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

const FOLDER: &str = "crates/models/assets/shipped";

/// Trains each network of [`FOLDER`] on MNIST, found in `data` or where the environment names it, and compares.
pub(crate) fn run(data: Option<&str>) -> Result<()> {
    let names = names(&root().join(FOLDER))?;
    let target = target()?;
    let mut cargo = plain_cargo();
    cargo.args(["build", "--release", "--locked", "-p", "striate-cli"]);
    ensure!(cargo.status().context("cannot start cargo build")?.success(), "the binary does not build");
    let runs = target.join("shipped");
    let mut differ = Vec::new();
    for name in &names {
        let mut striate = Command::new(target.join("release").join("striate"));
        striate.args(["train", "mnist", "--model", name, "--name", name, "--exist-ok", "--quiet"]);
        striate.args(["--val-split", "0"]);
        striate.arg("--project").arg(&runs);
        if let Some(data) = data {
            striate.env("STRIATE_DATA", data);
        }
        let status = striate.status().with_context(|| format!("{name}: cannot start striate train"))?;
        ensure!(status.success(), "{name}: striate train mnist --model {name}: {status}");
        let new = runs.join(name).join("model.safetensors");
        let committed = root().join(FOLDER).join(format!("{name}.safetensors"));
        let plain = |path: &Path| without_command(&read(path)?).with_context(|| path.display().to_string());
        let said = compare(&plain(&committed)?, &plain(&new)?);
        println!("{name}: {}", said.as_deref().unwrap_or("identical to the committed file"));
        if said.is_some() {
            differ.push(new.display().to_string());
        }
    }
    if !differ.is_empty() {
        bail!(
            "{} of {} differ. A file contains the version of the program, and a machine without fused multiply-add rounds \
             differently. If the change is intended, copy the new files to {FOLDER} and their SHA-256 to \
             crates/models/src/shipped.rs:\n  {}",
            differ.len(),
            names.len(),
            differ.join("\n  ")
        );
    }
    Ok(())
}

/// The names of the networks, from their file names, sorted.
fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("{}: cannot list", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if let (Some("safetensors"), Some(stem)) =
            (path.extension().and_then(|e| e.to_str()), path.file_stem().and_then(|s| s.to_str()))
        {
            names.push(stem.to_string());
        }
    }
    ensure!(!names.is_empty(), "{}: it contains no model file", folder.display());
    names.sort();
    Ok(names)
}

/// A model file without the command in its header, and without the hash that covers it. The file is an eight-byte length, JSON of
/// that length, and the arrays.
fn without_command(file: &[u8]) -> Result<Vec<u8>> {
    let (length, rest) =
        file.split_first_chunk::<8>().context("the model file is shorter than its header")?;
    let length = usize::try_from(u64::from_le_bytes(*length))?;
    let (header, arrays) = rest.split_at_checked(length).context("the header is longer than the file")?;
    let mut header: Value = serde_json::from_slice(header).context("the header of a model file")?;
    let metadata = header["__metadata__"].as_object_mut().context("the model file has no metadata")?;
    metadata.remove("striate.sha256").context("the model file has no hash")?;
    let provenance = metadata.get_mut("striate.provenance").context("the model file has no provenance")?;
    let mut said: Value = serde_json::from_str(provenance.as_str().unwrap_or_default())?;
    said.as_object_mut().and_then(|said| said.remove("command")).context("the provenance has no command")?;
    *provenance = said.to_string().into();
    Ok([header.to_string().as_bytes(), arrays].concat())
}

/// Describes the difference, if there is one.
fn compare(committed: &[u8], new: &[u8]) -> Option<String> {
    let first = committed.iter().zip(new).position(|(a, b)| a != b);
    match first {
        None if committed.len() == new.len() => None,
        Some(at) => {
            let count = committed.iter().zip(new).filter(|(a, b)| a != b).count();
            let (a, b) = (committed.len(), new.len());
            Some(format!("DIFFERS from byte {at} on, in {count} bytes; {a} bytes committed, {b} made"))
        }
        None => Some(format!("DIFFERS in length: {} bytes committed, {} made", committed.len(), new.len())),
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{}: cannot read", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_differ_in_bytes_or_in_length() {
        assert_eq!(compare(b"abcd", b"abcd"), None);
        let said = |a: &[u8], b: &[u8]| compare(a, b).unwrap();
        assert!(said(b"abcd", b"abXX").contains("byte 2 on, in 2 bytes"));
        assert!(said(b"abcd", b"abcde").contains("length: 4 bytes committed, 5 made"));
    }

    #[test]
    fn files_may_differ_in_the_command_and_in_nothing_else() {
        let file = |command: &str, seed: u64, array: &[u8]| {
            let provenance = format!("{{\\\"seed\\\":{seed},\\\"command\\\":\\\"{command}\\\"}}");
            let header = format!(
                "{{\"__metadata__\":{{\"striate.provenance\":\"{provenance}\",\"striate.sha256\":\"{}\"}}}}",
                command.len()
            );
            [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), array].concat()
        };
        let plain = |file: Vec<u8>| without_command(&file).unwrap();
        let committed = plain(file("train", 0, b"1234"));
        assert_eq!(committed, plain(file("train --val-split 0", 0, b"1234")));
        assert_ne!(committed, plain(file("train", 1, b"1234")));
        assert_ne!(committed, plain(file("train", 0, b"1235")));
        assert!(without_command(b"short").is_err());
        for name in names(&root().join(FOLDER)).unwrap() {
            let file = read(&root().join(FOLDER).join(format!("{name}.safetensors"))).unwrap();
            let text = String::from_utf8_lossy(&plain(file)).into_owned();
            assert!(text.contains("data_sha256") && !text.contains("striate train"), "{name}");
        }
    }

    #[test]
    fn every_committed_file_is_in_the_list_that_programs_see() {
        let source = fs::read_to_string(root().join("crates/models/src/shipped.rs")).unwrap();
        let names = names(&root().join(FOLDER)).unwrap();
        assert_eq!(
            source.matches("shipped!(\n").count() + source.matches("shipped!(\"").count(),
            names.len()
        );
        for name in names {
            assert!(source.contains(&format!("\"{name}\"")), "{name}");
        }
    }
}
