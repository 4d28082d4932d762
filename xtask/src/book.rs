//! Runs the book: every command of `docs/book/` is executed again, its quoted output is compared, and its images are remade.
//!
//! A command that is never run is never compared, and its output goes stale unnoticed. So a command may be skipped only if it
//! *needs* something from outside the repository, such as data or photos, and its marker names it; a long run time is no reason.
//!
//! Start reading at `turn.rs`, which runs one page.

mod asked;
mod files;
mod page;
mod quote;
mod shrink;
mod turn;

pub(crate) use asked::Asked;

use crate::cargo::{plain_cargo, root};
use anyhow::{Context, Result, bail, ensure};
use files::{BOOK, LARGEST_IMAGE, files_below};
use page::Page;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;
use turn::Turn;

/// Images that may be larger, with their limit in bytes: this one shows 2,000 dots six times, and draws 420 digits.
const LARGER: [(&str, u64); 1] = [("img/embed.png", 420_000)];
const ALL_IMAGES: u64 = 1_200_000;
const LONGEST_PAGE: usize = 150;
/// Prefixes of the names of pages that train networks for minutes: CI skips them.
const LONG: [&str; 2] = ["04", "07"];

/// Runs the requested pages, compares, and prints what changed; continues after a failure, so that all failures are printed.
pub(crate) fn run(asked: &Asked) -> Result<()> {
    let book = root().join(BOOK);
    let pages = read(&book)?;
    let mut problems = shape(&book, &pages)?;
    let wanted =
        |page: &&Page| asked.pages.is_empty() || asked.pages.iter().any(|p| page.name.starts_with(p));
    let (long, chosen): (Vec<&Page>, Vec<&Page>) = pages
        .iter()
        .map(|(page, _)| page)
        .filter(wanted)
        .partition(|page| asked.quick && LONG.iter().any(|name| page.name.starts_with(name)));
    long.iter().for_each(|page| {
        println!("{:<36}NOT RUN: this page trains for minutes; drop --quick to run it", page.name)
    });
    ensure!(!chosen.is_empty(), "no page of {BOOK} begins with {}", asked.pages.join(" or "));
    let path = with_binary(&binary(asked)?)?;
    let (start, mut changed) = (Instant::now(), 0);
    for page in chosen {
        let start = Instant::now();
        let mut turn = Turn::new(page, asked, &path);
        turn.take(&book).with_context(|| page.name.clone())?;
        let over =
            if turn.passed_over > 0 { format!(", {} skipped", turn.passed_over) } else { String::new() };
        println!(
            "{:<36}{:>6.1} s  {} commands{over}",
            page.name,
            start.elapsed().as_secs_f64(),
            page.blocks.len()
        );
        turn.changed.iter().for_each(|changed| println!("    changed: {BOOK}/{changed}"));
        changed += turn.changed.len();
        problems.append(&mut turn.problems);
    }
    println!("{changed} changed, {:.1} s", start.elapsed().as_secs_f64());
    problems.iter().for_each(|problem| println!("\n{problem}"));
    if !problems.is_empty() {
        bail!("{BOOK} differs from the output of its commands; differences: {}", problems.len());
    }
    Ok(())
}

/// Every page with its text, including the table of contents.
fn read(book: &Path) -> Result<Vec<(Page, String)>> {
    let mut files: Vec<PathBuf> = fs::read_dir(book)
        .with_context(|| book.display().to_string())?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|e| e == "md"));
    files.sort();
    let page = |file: PathBuf| {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        Ok((Page::parse(&name, &text)?, text))
    };
    files.into_iter().map(page).collect()
}

/// The checks that need no run: sizes, images that no page shows, pages that the contents do not list.
fn shape(book: &Path, pages: &[(Page, String)]) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let contents = pages.iter().find(|(page, _)| page.name == "README").map_or("", |(_, text)| text.as_str());
    for (page, text) in pages {
        let lines = text.lines().count();
        if lines > LONGEST_PAGE {
            problems.push(format!("{}.md: {lines} lines, at most {LONGEST_PAGE}", page.name));
        }
        if page.name != "README" && !contents.contains(&format!("]({}.md)", page.name)) {
            problems.push(format!("README.md: no link to {}.md", page.name));
        }
    }
    let shown: BTreeSet<&str> =
        pages.iter().flat_map(|(page, _)| &page.images).map(|image| image.path.as_str()).collect();
    let mut sum = 0;
    for path in files_below(book, "img")? {
        let bytes = fs::metadata(book.join(&path))?.len();
        sum += bytes;
        let most = LARGER.iter().find(|(name, _)| *name == path).map_or(LARGEST_IMAGE, |(_, most)| *most);
        if bytes > most {
            problems.push(format!("{path}: {bytes} bytes, at most {most}; show less, or smaller"));
        }
        if !shown.contains(path.as_str()) {
            problems.push(format!("{path}: no page shows it"));
        }
    }
    if sum > ALL_IMAGES {
        problems.push(format!("img: {sum} bytes of images, at most {ALL_IMAGES}"));
    }
    Ok(problems)
}

/// Builds the binary and returns its path.
fn binary(asked: &Asked) -> Result<PathBuf> {
    let mut build = plain_cargo();
    match asked.tested {
        true => build.args(["test", "--workspace", "--no-run"]),
        false => build.args(["build", "--bin", "striate"]),
    };
    build.args(["--locked", "--message-format", "json-render-diagnostics"]);
    build.args((!asked.debug).then_some("--release")).stderr(std::process::Stdio::inherit());
    let output = build.output().context("cannot start cargo")?;
    ensure!(output.status.success(), "{build:?}: {}", output.status);
    let messages = String::from_utf8_lossy(&output.stdout);
    messages.lines().rev().find_map(executable).context("cargo reported no executable called striate")
}

/// The path of the binary, if it is what a message of cargo is about, and not one of its tests.
fn executable(message: &str) -> Option<PathBuf> {
    let message = serde_json::from_str::<serde_json::Value>(message).ok()?;
    let is_binary = message["target"]["name"] == "striate" && message["target"]["kind"][0] == "bin";
    if !is_binary || message["profile"]["test"] != false {
        return None;
    }
    message["executable"].as_str().map(PathBuf::from)
}

/// `PATH` with the folder of the binary in front.
fn with_binary(binary: &Path) -> Result<OsString> {
    let folder = binary.parent().context("a binary without a folder")?.to_path_buf();
    let others = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths([folder].into_iter().chain(std::env::split_paths(&others)))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked() {
        let asked = Asked::parse(&["--all", "02", "--check"]).unwrap();
        assert!(asked.all && asked.check && !asked.debug);
        assert_eq!(asked.pages, ["02"]);
        assert!(Asked::parse(&["--fast"]).is_none());
    }

    /// The committed book parses, keeps its size limits, and every image is shown.
    #[test]
    fn the_book_is_in_shape() {
        let book = root().join(BOOK);
        let pages = read(&book).unwrap();
        assert!(pages.iter().any(|(page, _)| page.name == "README"));
        assert_eq!(shape(&book, &pages).unwrap(), Vec::<String>::new());
        for (page, _) in &pages {
            for image in &page.images {
                assert!(book.join(&image.path).is_file(), "{}.md:{}", page.name, image.line);
            }
        }
    }
}
