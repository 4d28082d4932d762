//! Runs one page.
//!
//! The commands run in an empty folder inside `target/book/`, where `cargo` finds the workspace. An image is the file that the
//! commands wrote there, under the image's own path or under the one that `<!-- book: from FILE -->` names; a PNG that is too
//! large for the book is reduced to half its size. The output of each block of commands is kept in `target/book/printed/`.

use super::asked::Asked;
use super::files::{BOOK, LARGEST_IMAGE, files_below};
use super::page::{Block, Image, Page, Quoted};
use super::{quote, shrink};
use crate::cargo::root;
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How many lines of output are shown for a command that failed.
const LAST_LINES: usize = 20;
/// How many characters of a line of an image are shown, and how many of these come before the first difference.
const LINE: usize = 100;
const BEFORE: usize = 40;

/// The run of one page, and its results.
pub(super) struct Turn<'a> {
    page: &'a Page,
    asked: &'a Asked,
    path: &'a OsString,
    /// The folder for the printed output.
    printed: PathBuf,
    pub(super) passed_over: usize,
    /// Images and quoted lines that were remade.
    pub(super) changed: Vec<String>,
    pub(super) problems: Vec<String>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(page: &'a Page, asked: &'a Asked, path: &'a OsString) -> Self {
        let printed = root().join("target/book/printed");
        Self { page, asked, path, printed, passed_over: 0, changed: Vec::new(), problems: Vec::new() }
    }

    /// Runs all blocks, then compares all images.
    pub(super) fn take(&mut self, book: &Path) -> Result<()> {
        let folder = root().join("target/book").join(&self.page.name);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
        }
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        copy_tools(&folder)?;
        let page = self.page;
        for block in &page.blocks {
            if block.needs.is_some() && !self.asked.all {
                self.passed_over += 1;
            } else {
                self.block(block, book, &folder)?;
            }
        }
        self.images(book, &folder)
    }

    fn problem(&mut self, line: usize, what: &str) {
        self.problems.push(format!("{BOOK}/{}.md:{line}: {what}", self.page.name));
    }

    /// Runs all commands of a block in one shell, with both output streams interleaved as written.
    fn block(&mut self, block: &Block, book: &Path, folder: &Path) -> Result<()> {
        let commands = match self.asked.debug {
            true => block.commands.replace("cargo run --release", "cargo run"),
            false => block.commands.clone(),
        };
        let mut shell = Command::new("sh");
        shell.args(["-eu", "-c", &format!("exec 2>&1\n{commands}")]);
        shell.current_dir(folder).env("PATH", self.path).env_remove("CARGO_MANIFEST_DIR");
        let output = shell.output().context("cannot start sh")?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let file = self.printed.join(format!("{}-{}.txt", self.page.name, block.line));
        fs::create_dir_all(&self.printed).with_context(|| self.printed.display().to_string())?;
        fs::write(&file, printed.as_bytes()).with_context(|| file.display().to_string())?;
        if !output.status.success() {
            let lines: Vec<&str> = printed.lines().collect();
            let last: String = lines[lines.len().saturating_sub(LAST_LINES)..]
                .iter()
                .map(|line| format!("\n    {line}"))
                .collect();
            self.problem(block.line, &format!("{}\n{commands}{last}", output.status));
        } else if let Some(quoted) = &block.quoted {
            self.quotation(block, quoted, &printed, book, &file)?;
        }
        Ok(())
    }

    /// Compares the quotation, and corrects the lines whose correction is unambiguous.
    fn quotation(
        &mut self,
        block: &Block,
        quoted: &Quoted,
        printed: &str,
        book: &Path,
        file: &Path,
    ) -> Result<()> {
        let mut departures = quote::compare(&quoted.lines, printed);
        if !self.asked.check {
            let path = book.join(format!("{}.md", self.page.name));
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let mut lines: Vec<&str> = text.lines().collect();
            let mut changed = Vec::new();
            for (at, line) in departures.iter().filter_map(|d| quote::mended(d, &quoted.lines)) {
                // Lines are corrected in place, so that all other line numbers stay valid.
                lines[quoted.line + at - 1] = line;
                changed.push(format!("{}.md:{}: {line}", self.page.name, quoted.line + at));
            }
            if !changed.is_empty() {
                fs::write(&path, lines.join("\n") + "\n").with_context(|| path.display().to_string())?;
                departures.retain(|departure| quote::mended(departure, &quoted.lines).is_none());
                self.changed.append(&mut changed);
            }
        }
        if !departures.is_empty() {
            let command = block.commands.lines().last().unwrap_or_default();
            let mut what = format!("`{command}` prints something else\n  all of it: {}", file.display());
            for departure in &departures {
                let [quoted_line, printed, marks] = departure.told(&quoted.lines);
                let at = quoted.line + departure.at();
                what += &format!("\n  line {at:<4} quoted:  {quoted_line}\n            printed: {printed}");
                if !marks.is_empty() {
                    what += &format!("\n                     {marks}");
                }
            }
            self.problem(quoted.line + departures[0].at(), &what);
        }
        Ok(())
    }

    /// Compares each image of the page with the file that its commands wrote.
    fn images(&mut self, book: &Path, folder: &Path) -> Result<()> {
        let page = self.page;
        for image in &page.images {
            let (kept, made) = (book.join(&image.path), folder.join(&image.from));
            let Ok(bytes) = fs::read(&made) else {
                if self.passed_over == 0 {
                    self.problem(image.line, &format!("no command of the page makes {}", image.from));
                } else if !kept.is_file() {
                    self.problem(image.line, &format!("{} does not exist; make it with --all", image.path));
                }
                continue;
            };
            let is_large = bytes.len() as u64 > LARGEST_IMAGE && image.path.ends_with(".png");
            let bytes = if is_large { shrink::half(&bytes)? } else { bytes };
            let old = fs::read(&kept).unwrap_or_default();
            if old == bytes || is_same_drawing(&old, &bytes) {
                continue;
            }
            if self.asked.check {
                self.problem(image.line, &otherwise(image, &old, &bytes, &made));
                continue;
            }
            self.changed.push(image.path.clone());
            fs::create_dir_all(kept.parent().unwrap_or(book))?;
            fs::write(&kept, bytes).with_context(|| kept.display().to_string())?;
        }
        Ok(())
    }
}

/// Names of instruction sets, as printed in parentheses after a number. The numbers are the same on all of them, so a different
/// name does not make a different drawing.
const INSTRUCTION_SETS: [&str; 3] = ["(avx512)", "(avx2)", "(portable)"];

/// Whether two drawings are equal apart from the machine they were made on.
fn is_same_drawing(old: &[u8], new: &[u8]) -> bool {
    let neutral = |bytes| {
        let text = std::str::from_utf8(bytes).ok()?;
        Some(INSTRUCTION_SETS.iter().fold(text.to_string(), |text, name| text.replace(name, "()")))
    };
    let old = neutral(old);
    old.is_some() && old == neutral(new)
}

/// Describes how an image differs: for a drawing, the first line that differs, from shortly before the difference on.
fn otherwise(image: &Image, old: &[u8], new: &[u8], made: &Path) -> String {
    let mut what = format!("{} differs: {}", image.path, made.display());
    if let (Ok(old), Ok(new)) = (std::str::from_utf8(old), std::str::from_utf8(new)) {
        let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
        let differ = (0..old.len().max(new.len())).filter(|&i| old.get(i) != new.get(i));
        if let Some(first) = differ.clone().next() {
            let [was, is] = [&old, &new].map(|lines| lines.get(first).copied().unwrap_or("(no such line)"));
            let same = was.chars().zip(is.chars()).take_while(|(a, b)| a == b).count();
            let shown =
                |line: &str| line.chars().skip(same.saturating_sub(BEFORE)).take(LINE).collect::<String>();
            let (count, was, is) = (differ.count(), shown(was), shown(is));
            what += &format!("\n  lines that differ: {count}; line {}\n  was: {was}\n  is:  {is}", first + 1);
        }
    }
    what
}

/// Copies the scripts that pages call by their path from the root of the clone.
fn copy_tools(folder: &Path) -> Result<()> {
    let root = root();
    for path in files_below(&root, "tools/photos")? {
        let to = folder.join(&path);
        fs::create_dir_all(to.parent().unwrap_or(folder))?;
        fs::copy(root.join(&path), &to).with_context(|| to.display().to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# T\n![a](img/a.svg) ![b](img/b.svg)\n```sh\necho one; echo rest; printf x > img/a.svg\n```\n\
                        ```text\nnone\nr…x\n```\n```sh\nfalse\n```\n";

    /// Runs the page in a folder of its own, and returns what changed, the problems, and the page afterwards.
    fn turn(name: &str, text: &str, asked: &Asked) -> (Vec<String>, Vec<String>, String) {
        let base = std::env::temp_dir().join(format!("striate-book-{name}-{}", std::process::id()));
        let (book, folder) = (base.join("book"), base.join("run"));
        fs::create_dir_all(folder.join("img")).unwrap();
        fs::create_dir_all(book.join("img")).unwrap();
        fs::write(book.join("t.md"), text).unwrap();
        fs::write(book.join("img/a.svg"), "<svg>\nold").unwrap();
        let page = Page::parse("t", text).unwrap();
        let path = std::env::var_os("PATH").unwrap();
        let mut turn = Turn { printed: base.join("printed"), ..Turn::new(&page, asked, &path) };
        page.blocks.iter().for_each(|block| turn.block(block, &book, &folder).unwrap());
        turn.images(&book, &folder).unwrap();
        let printed = fs::read_to_string(base.join("printed/t-4.txt")).unwrap();
        assert_eq!(printed, "one\nrest\n");
        let image = fs::read(book.join("img/a.svg")).unwrap();
        assert_eq!(image == b"x", !asked.check, "--check writes nothing");
        let after = fs::read_to_string(book.join("t.md")).unwrap();
        let clean =
            |all: &[String]| all.iter().map(|p| p.replace(&base.display().to_string(), "BASE")).collect();
        let (changed, problems) = (clean(&turn.changed), clean(&turn.problems));
        fs::remove_dir_all(&base).unwrap();
        (changed, problems, after)
    }

    #[test]
    fn what_came_out_otherwise_is_remade_as_far_as_it_is_clear() {
        let (changed, problems, after) = turn("make", TEXT, &Asked::default());
        assert_eq!(changed, ["t.md:7: one", "img/a.svg"]);
        assert_eq!(after, TEXT.replace("none", "one"));
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems[0].starts_with("docs/book/t.md:8: `echo one"), "{}", problems[0]);
        assert!(problems[1].starts_with("docs/book/t.md:11: exit status"), "{}", problems[1]);
        assert_eq!(problems[2], "docs/book/t.md:2: no command of the page makes img/b.svg");
    }

    #[test]
    fn a_check_tells_every_line_that_differs_and_writes_nothing() {
        let (changed, problems, after) = turn("check", TEXT, &Asked { check: true, ..Asked::default() });
        assert!(changed.is_empty(), "{changed:?}");
        assert_eq!(after, TEXT);
        let quoted = "\
docs/book/t.md:7: `echo one; echo rest; printf x > img/a.svg` prints something else
  all of it: BASE/printed/t-4.txt
  line 7    quoted:  none
            printed: one
                     ^
  line 8    quoted:  r…x
            printed: rest
                      ^^^";
        assert_eq!(problems[0], quoted);
        let image = "\
docs/book/t.md:2: img/a.svg differs: BASE/run/img/a.svg
  lines that differ: 2; line 1
  was: <svg>
  is:  x";
        assert_eq!(problems[2], image);
        assert_eq!(problems.len(), 4, "{problems:?}");
    }

    #[test]
    fn a_drawing_may_say_on_which_machine_it_was_made() {
        let drawing = |isa: &str, value: &str| format!("<svg>\nadded ({isa}): {value}\n</svg>").into_bytes();
        assert!(is_same_drawing(&drawing("avx512", "2.9"), &drawing("avx2", "2.9")));
        assert!(!is_same_drawing(&drawing("avx512", "2.9"), &drawing("avx2", "2.8")));
        assert!(!is_same_drawing(b"\x89PNG\xff", b"\x89PNG\xfe"), "not text");
    }

    #[test]
    fn of_a_long_line_the_part_that_differs_is_shown() {
        let image = Image { line: 1, path: "img/a.svg".into(), from: "a.svg".into() };
        let line = |end: &str| format!("{}{end}", "x".repeat(200)).into_bytes();
        let what = otherwise(&image, &line("one"), &line("two"), Path::new("a.svg"));
        let x = "x".repeat(40);
        assert_eq!(
            what,
            format!("img/a.svg differs: a.svg\n  lines that differ: 1; line 1\n  was: {x}one\n  is:  {x}two")
        );
    }

    #[test]
    fn examples_are_built_like_the_binary() {
        let text = "# T\n```sh\nfalse; cargo run --release -p nothing\n```\n";
        let page = Page::parse("t", text).unwrap();
        let (asked, path) = (Asked { debug: true, ..Asked::default() }, std::env::var_os("PATH").unwrap());
        let folder = std::env::temp_dir();
        let mut turn = Turn { printed: folder.join("striate-printed"), ..Turn::new(&page, &asked, &path) };
        turn.block(&page.blocks[0], &folder, &folder).unwrap();
        assert!(turn.problems[0].contains("\nfalse; cargo run -p nothing"), "{}", turn.problems[0]);
    }
}
