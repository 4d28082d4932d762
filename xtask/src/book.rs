//! The book runs: every command of `docs/book/` is typed again, its quoted output compared and its pictures remade.
//!
//! Each page starts in an empty folder inside `target/book/`, so that `cargo` finds the workspace from there; a picture
//! is the file that its commands wrote there, under the picture's own path or the one that `<!-- book: from FILE -->` names;
//! a PNG that is too large for the book is kept at half its size.

mod page;
mod quote;
mod shrink;

use crate::ci::plain_cargo;
use crate::workspace::root;
use anyhow::{Context, Result, bail, ensure};
use page::{Block, Page};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const BOOK: &str = "docs/book";
const LARGEST_PICTURE: u64 = 61_440;
/// Pictures that may be larger, each for a reason: here 2,000 images are dots six times over, and 420 are drawn.
const LARGER: [(&str, u64); 1] = [("img/embed.png", 420_000)];
const ALL_PICTURES: u64 = 1_200_000;
const LONGEST_PAGE: usize = 150;

/// What to do, as asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// Run what carries a marker as well.
    pub(crate) all: bool,
    /// Change no picture; one that comes out otherwise is a failure.
    pub(crate) check: bool,
    /// With the binary that the tests build, not the fast one.
    pub(crate) debug: bool,
    /// Beginnings of the names of pages; none: every page.
    pub(crate) pages: Vec<String>,
}

impl Asked {
    /// From the words behind `book`; `None` where one is an unknown flag.
    pub(crate) fn parse(args: &[&str]) -> Option<Self> {
        let mut asked = Self::default();
        for arg in args {
            match *arg {
                "--all" => asked.all = true,
                "--check" => asked.check = true,
                "--debug" => asked.debug = true,
                page if !page.starts_with('-') => asked.pages.push(page.to_string()),
                _ => return None,
            }
        }
        Some(asked)
    }
}

/// Runs the pages asked for, compares, and tells what changed; goes on behind a failure, so that all are told.
pub(crate) fn run(asked: &Asked) -> Result<()> {
    let book = root().join(BOOK);
    let pages = read(&book)?;
    let mut problems = shape(&book, &pages)?;
    let wanted =
        |page: &&Page| asked.pages.is_empty() || asked.pages.iter().any(|p| page.name.starts_with(p));
    let chosen: Vec<&Page> = pages.iter().map(|(page, _)| page).filter(wanted).collect();
    ensure!(!chosen.is_empty(), "no page of {BOOK} begins with {}", asked.pages.join(" or "));
    let path = with_binary(&binary(asked.debug)?)?;
    let (start, mut changed) = (Instant::now(), 0);
    for page in chosen {
        let start = Instant::now();
        let mut turn =
            Turn { page, asked, path: &path, passed_over: 0, changed: Vec::new(), problems: Vec::new() };
        turn.take(&book).with_context(|| page.name.clone())?;
        let over =
            if turn.passed_over > 0 { format!(", {} passed over", turn.passed_over) } else { String::new() };
        println!(
            "{:<36}{:>6.1} s  {} commands{over}",
            page.name,
            start.elapsed().as_secs_f64(),
            page.blocks.len()
        );
        turn.changed.iter().for_each(|picture| println!("    changed: {BOOK}/{picture}"));
        changed += turn.changed.len();
        problems.append(&mut turn.problems);
    }
    println!("{changed} pictures changed, {:.1} s", start.elapsed().as_secs_f64());
    problems.iter().for_each(|problem| println!("\n{problem}"));
    if !problems.is_empty() {
        bail!("{} things in {BOOK} are not as the commands make them", problems.len());
    }
    Ok(())
}

/// Every page with its text, the table of contents too.
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

/// What can be said without running anything: sizes, pictures nobody shows, pages nobody finds.
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
        pages.iter().flat_map(|(page, _)| &page.pictures).map(|picture| picture.path.as_str()).collect();
    let mut sum = 0;
    for path in files_below(book, "img")? {
        let bytes = fs::metadata(book.join(&path))?.len();
        sum += bytes;
        let most = LARGER.iter().find(|(name, _)| *name == path).map_or(LARGEST_PICTURE, |(_, most)| *most);
        if bytes > most {
            problems.push(format!("{path}: {bytes} bytes, at most {most}; show less, or smaller"));
        }
        if !shown.contains(path.as_str()) {
            problems.push(format!("{path}: no page shows it"));
        }
    }
    if sum > ALL_PICTURES {
        problems.push(format!("img: {sum} bytes of pictures, at most {ALL_PICTURES}"));
    }
    Ok(problems)
}

/// Files below `dir` of `base`, as paths from `base` with forward slashes; none where there is no such folder.
fn files_below(base: &Path, dir: &str) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let Ok(entries) = fs::read_dir(base.join(dir)) else { return Ok(files) };
    for entry in entries {
        let entry = entry?;
        let path = format!("{dir}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            files.append(&mut files_below(base, &path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Builds the binary, and says where it is.
fn binary(debug: bool) -> Result<PathBuf> {
    let mut build = plain_cargo();
    build.args(["build", "--locked", "--bin", "striate", "--message-format", "json-render-diagnostics"]);
    build.args((!debug).then_some("--release")).stderr(std::process::Stdio::inherit());
    let output = build.output().context("cannot start cargo build")?;
    ensure!(output.status.success(), "cargo build: {}", output.status);
    let messages = String::from_utf8_lossy(&output.stdout);
    let executable = |line: &str| {
        serde_json::from_str::<serde_json::Value>(line).ok()?["executable"].as_str().map(PathBuf::from)
    };
    messages.lines().rev().find_map(executable).context("cargo build names no executable")
}

/// `PATH` with the folder of the binary in front.
fn with_binary(binary: &Path) -> Result<OsString> {
    let folder = binary.parent().context("a binary without a folder")?.to_path_buf();
    let others = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths([folder].into_iter().chain(std::env::split_paths(&others)))?)
}

/// One page being run.
struct Turn<'a> {
    page: &'a Page,
    asked: &'a Asked,
    path: &'a OsString,
    passed_over: usize,
    changed: Vec<String>,
    problems: Vec<String>,
}

impl Turn<'_> {
    fn take(&mut self, book: &Path) -> Result<()> {
        let folder = root().join("target/book").join(&self.page.name);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
        }
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        copy_tools(&folder)?;
        for block in &self.page.blocks {
            if block.reason.is_some() && !self.asked.all {
                self.passed_over += 1;
            } else {
                self.block(block, &folder)?;
            }
        }
        self.pictures(book, &folder)
    }

    fn problem(&mut self, line: usize, what: &str) {
        self.problems.push(format!("{BOOK}/{}.md:{line}: {what}", self.page.name));
    }

    /// All commands of a block by one shell, both streams in their order.
    fn block(&mut self, block: &Block, folder: &Path) -> Result<()> {
        let mut shell = Command::new("sh");
        shell.args(["-eu", "-c", &format!("exec 2>&1\n{}", block.commands)]);
        shell.current_dir(folder).env("PATH", self.path).env_remove("CARGO_MANIFEST_DIR");
        let output = shell.output().context("cannot start sh")?;
        let printed = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            let what = format!("{}\n{}\n{}", output.status, block.commands, indented(&printed));
            self.problem(block.line, &what);
        } else if let Some(quoted) = &block.quoted
            && let Err(departure) = quote::compare(&quoted.lines, &printed)
        {
            let line = quoted.lines.get(departure.quoted).map_or("(nothing more)", |line| line);
            let got = departure.printed.unwrap_or_else(|| "(nothing more)".to_string());
            let all = indented(&printed);
            let what =
                format!("is not what was printed\n  quoted:  {line}\n  printed: {got}\nall of it:\n{all}");
            self.problem(quoted.line + departure.quoted, &what);
        }
        Ok(())
    }

    /// Compares each picture of the page with what its commands left.
    fn pictures(&mut self, book: &Path, folder: &Path) -> Result<()> {
        for picture in &self.page.pictures {
            let (kept, made) = (book.join(&picture.path), folder.join(&picture.from));
            let Ok(bytes) = fs::read(&made) else {
                if self.passed_over == 0 {
                    self.problem(picture.line, &format!("no command of the page makes {}", picture.from));
                } else if !kept.is_file() {
                    self.problem(picture.line, &format!("{} is not there; make it with --all", picture.path));
                }
                continue;
            };
            let is_large = bytes.len() as u64 > LARGEST_PICTURE && picture.path.ends_with(".png");
            let bytes = if is_large { shrink::half(&bytes)? } else { bytes };
            if fs::read(&kept).is_ok_and(|old| old == bytes) {
                continue;
            }
            if self.asked.check {
                self.problem(picture.line, &format!("{} comes out otherwise", picture.path));
                continue;
            }
            self.changed.push(picture.path.clone());
            fs::create_dir_all(kept.parent().unwrap_or(book))?;
            fs::write(&kept, bytes).with_context(|| kept.display().to_string())?;
        }
        Ok(())
    }
}

/// The scripts that a clone has at hand: pages name them from its root.
fn copy_tools(folder: &Path) -> Result<()> {
    let root = root();
    for path in files_below(&root, "tools/photos")? {
        let to = folder.join(&path);
        fs::create_dir_all(to.parent().unwrap_or(folder))?;
        fs::copy(root.join(&path), &to).with_context(|| to.display().to_string())?;
    }
    Ok(())
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
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

    /// The book as it stands parses, fits its bounds, and every picture has its place.
    #[test]
    fn the_book_is_in_shape() {
        let book = root().join(BOOK);
        let pages = read(&book).unwrap();
        assert!(pages.iter().any(|(page, _)| page.name == "README"));
        assert_eq!(shape(&book, &pages).unwrap(), Vec::<String>::new());
        for (page, _) in &pages {
            for picture in &page.pictures {
                assert!(book.join(&picture.path).is_file(), "{}.md:{}", page.name, picture.line);
            }
        }
    }

    #[test]
    fn a_page_in_all_its_parts() {
        let base = std::env::temp_dir().join(format!("striate-book-{}", std::process::id()));
        let (book, folder) = (base.join("book"), base.join("run"));
        fs::create_dir_all(folder.join("img")).unwrap();
        fs::create_dir_all(book.join("img")).unwrap();
        let text = "# T\n![a](img/a.svg) ![b](img/b.svg)\n```sh\necho one; printf x > img/a.svg\n```\n```text\ntwo\n```\n\
                    ```sh\nfalse\n```\n";
        let page = Page::parse("t", text).unwrap();
        let (asked, path) = (Asked::default(), std::env::var_os("PATH").unwrap());
        let mut turn = Turn {
            page: &page,
            asked: &asked,
            path: &path,
            passed_over: 0,
            changed: vec![],
            problems: vec![],
        };
        page.blocks.iter().for_each(|block| turn.block(block, &folder).unwrap());
        turn.pictures(&book, &folder).unwrap();
        assert_eq!(turn.changed, ["img/a.svg"]);
        assert_eq!(fs::read(book.join("img/a.svg")).unwrap(), b"x");
        let first: Vec<&str> = turn.problems.iter().map(|p| p.lines().next().unwrap()).collect();
        assert_eq!(first.len(), 3, "{first:?}");
        assert_eq!(first[0], "docs/book/t.md:7: is not what was printed");
        assert!(turn.problems[0].contains("quoted:  two\n  printed: one"), "{}", turn.problems[0]);
        assert!(first[1].starts_with("docs/book/t.md:10: exit status"), "{}", first[1]);
        assert_eq!(first[2], "docs/book/t.md:2: no command of the page makes img/b.svg");

        fs::write(folder.join("img/a.svg"), "y").unwrap();
        let asked = Asked { check: true, ..Asked::default() };
        let mut turn = Turn {
            page: &page,
            asked: &asked,
            path: &path,
            passed_over: 1,
            changed: vec![],
            problems: vec![],
        };
        turn.pictures(&book, &folder).unwrap();
        assert_eq!(turn.problems[0], "docs/book/t.md:2: img/a.svg comes out otherwise");
        assert_eq!(fs::read(book.join("img/a.svg")).unwrap(), b"x", "--check writes nothing");
        fs::remove_dir_all(&base).unwrap();
    }
}
