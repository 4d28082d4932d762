//! Parses a page of the book: its commands, the output that it quotes, and its images.

use anyhow::{Result, bail, ensure};

/// Begins a marker: the next block of commands, or the whole page if the marker is before the title, runs only with `--all`,
/// because it needs something that is not in the repository: data, photos, weights.
const MARKER: &str = "<!-- book: only with --all: needs ";
/// Begins a marker that names the file from which the next image is copied, if it is not the file of the same path.
const FROM: &str = "<!-- book: from ";

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// The file's name without `.md`.
    pub(crate) name: String,
    pub(crate) blocks: Vec<Block>,
    pub(crate) images: Vec<Image>,
}

/// Commands between fences of `sh`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// Line of the first command, from 1.
    pub(crate) line: usize,
    pub(crate) commands: String,
    /// What it needs from outside the repository; if set, the block runs only with `--all`.
    pub(crate) needs: Option<String>,
    /// The quoted output: a block of `text` right after the commands, or at the start of a `<details>` element that follows them.
    pub(crate) quoted: Option<Quoted>,
}

/// Quoted lines of output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quoted {
    /// Line of the page where they begin, from 1.
    pub(crate) line: usize,
    pub(crate) lines: Vec<String>,
}

/// An image of the page, `![description](img/name.png)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) line: usize,
    pub(crate) path: String,
    /// The file that the commands write.
    pub(crate) from: String,
}

/// The part of the page that a line belongs to.
enum Inside {
    Prose,
    Commands(usize, Vec<String>),
    Output(usize, Vec<String>),
    Other,
}

impl Page {
    /// Parses `text`.
    ///
    /// # Errors
    /// A fence that is not closed, a marker that names no requirement or has no commands, an image without a description.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self> {
        let mut page = Self { name: name.to_string(), blocks: Vec::new(), images: Vec::new() };
        let mut inside = Inside::Prose;
        let (mut of_page, mut of_block, mut from) = (None, None, None);
        let mut titled = false;
        // Whether a block of output here would belong to the commands above.
        let mut behind_commands = false;
        for (i, line) in text.lines().enumerate() {
            let at = |what: &str| format!("{name}.md:{}: {what}", i + 1);
            inside = match inside {
                Inside::Prose if line.starts_with("```") => match line[3..].trim() {
                    "sh" => Inside::Commands(i + 2, Vec::new()),
                    "text" if behind_commands => Inside::Output(i + 2, Vec::new()),
                    _ => Inside::Other,
                },
                Inside::Prose => {
                    if let Some(rest) = line.trim().strip_prefix(MARKER) {
                        let needs = rest.strip_suffix("-->").map(str::trim).filter(|r| !r.is_empty());
                        ensure!(needs.is_some(), at("the marker must say what is needed and end with -->"));
                        *(if titled { &mut of_block } else { &mut of_page }) = needs.map(str::to_string);
                    } else if let Some(rest) = line.trim().strip_prefix(FROM) {
                        let file = rest.strip_suffix("-->").map(str::trim).filter(|f| !f.is_empty());
                        ensure!(file.is_some(), at("the marker must name a file and end with -->"));
                        from = file.map(str::to_string);
                    } else if line.contains("<!-- book:") {
                        bail!(at(&format!(
                            "unknown marker; expected `{MARKER}WHAT -->`, for commands that need something that is not in the repository \
                             (a long run time is no reason: output that is never compared goes stale), or `{FROM}FILE -->`"
                        )));
                    }
                    titled |= line.starts_with('#');
                    behind_commands &= line.trim().is_empty() || line.starts_with("<details>");
                    for (alt, path) in images(line) {
                        ensure!(!alt.is_empty(), at(&format!("write a description in [] for {path}")));
                        let from = from.take().unwrap_or_else(|| path.to_string());
                        page.images.push(Image { line: i + 1, path: path.to_string(), from });
                    }
                    Inside::Prose
                }
                Inside::Commands(first, lines) if line.trim_end() == "```" => {
                    let needs = of_block.take().or_else(|| of_page.clone());
                    let commands = lines.join("\n");
                    page.blocks.push(Block { line: first, commands, needs, quoted: None });
                    behind_commands = true;
                    Inside::Prose
                }
                Inside::Output(first, lines) if line.trim_end() == "```" => {
                    if let Some(block) = page.blocks.last_mut() {
                        block.quoted = Some(Quoted { line: first, lines });
                    }
                    behind_commands = false;
                    Inside::Prose
                }
                Inside::Other if line.trim_end() == "```" => {
                    behind_commands = false;
                    Inside::Prose
                }
                Inside::Commands(first, lines) => Inside::Commands(first, with(lines, line)),
                Inside::Output(first, lines) => Inside::Output(first, with(lines, line)),
                Inside::Other => Inside::Other,
            };
        }
        ensure!(matches!(inside, Inside::Prose), "{name}.md: a fence ``` is not closed");
        ensure!(of_block.is_none(), "{name}.md: a marker with no commands after it");
        ensure!(from.is_none(), "{name}.md: a marker with no image after it");
        Ok(page)
    }
}

fn with(mut lines: Vec<String>, line: &str) -> Vec<String> {
    lines.push(line.to_string());
    lines
}

/// Description and path of each image of a line.
fn images(line: &str) -> impl Iterator<Item = (&str, &str)> {
    line.split("![").skip(1).filter_map(|rest| {
        let (alt, rest) = rest.split_once("](")?;
        Some((alt.trim(), rest.split([')', ' ']).next()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> Page {
        Page::parse("01-a", text).unwrap()
    }

    #[test]
    fn commands_and_what_they_print() {
        let text = "# T\n\n```sh\necho 1\necho 2\n```\n\n```text\n1\n2\n```\n\n```text\nno output\n```\n```sh\nls\n```\nand\n```text\nnot of ls\n```\n";
        let blocks = page(text).blocks;
        assert_eq!(blocks.len(), 2);
        assert_eq!((blocks[0].line, blocks[0].commands.as_str()), (4, "echo 1\necho 2"));
        assert_eq!(blocks[0].quoted, Some(Quoted { line: 9, lines: vec!["1".into(), "2".into()] }));
        assert_eq!((blocks[1].line, &blocks[1].quoted), (17, &None));
    }

    #[test]
    fn a_marker_is_for_the_next_commands_or_for_the_page() {
        let marked = "<!-- book: only with --all: needs photos -->\n";
        let text = format!("# T\n{marked}\n```sh\na\n```\n```sh\nb\n```\n");
        let needs: Vec<_> = page(&text).blocks.into_iter().map(|b| b.needs).collect();
        assert_eq!(needs, [Some("photos".to_string()), None]);
        let text = format!("{marked}# T\n```sh\na\n```\n```sh\nb\n```\n");
        assert!(page(&text).blocks.iter().all(|b| b.needs.as_deref() == Some("photos")));
    }

    #[test]
    fn images_outside_of_fences() {
        let text = "# T\n![a map](img/a.png) and ![b](img/b.svg)\n```sh\necho '![c](img/c.png)'\n```\n\
                    <!-- book: from maps/d.png -->\n![d](img/d.png)\n";
        let found: Vec<_> = page(text).images.into_iter().map(|p| (p.line, p.path, p.from)).collect();
        let image = |line, path: &str, from: &str| (line, path.to_string(), from.to_string());
        assert_eq!(
            found,
            [
                image(2, "img/a.png", "img/a.png"),
                image(2, "img/b.svg", "img/b.svg"),
                image(7, "img/d.png", "maps/d.png")
            ]
        );
    }

    #[test]
    fn an_answer_that_unfolds() {
        let text =
            "# T\n```sh\nls\n```\n\n<details><summary>Answer</summary>\n\n```text\na\n```\n\n</details>\n";
        assert_eq!(page(text).blocks[0].quoted, Some(Quoted { line: 9, lines: vec!["a".into()] }));
    }

    #[test]
    fn other_fences_are_not_run() {
        assert!(page("# T\n```rust\nfn f() {}\n```\n```\n```\n").blocks.is_empty());
    }

    #[test]
    fn what_cannot_be_meant() {
        let unknown = "01-a.md:2: unknown marker; expected `<!-- book: only with --all: needs WHAT -->`, for commands that \
                       need something that is not in the repository (a long run time is no reason: output that is never compared goes stale), or \
                       `<!-- book: from FILE -->`";
        for (text, what) in [
            ("# T\n```sh\nls\n", "01-a.md: a fence ``` is not closed"),
            ("# T\n![](img/a.png)\n", "01-a.md:2: write a description in [] for img/a.png"),
            (
                "# T\n<!-- book: only with --all: needs  -->\n```sh\nls\n```\n",
                "01-a.md:2: the marker must say what is needed and end with -->",
            ),
            (
                "# T\n<!-- book: only with --all: needs photos\n```sh\nls\n```\n",
                "01-a.md:2: the marker must say what is needed and end with -->",
            ),
            ("# T\n<!-- book: skip -->\n", unknown),
            // A figure that was skipped because it takes a minute was wrong for weeks.
            ("# T\n<!-- book: only with --all: takes a minute -->\n```sh\nls\n```\n", unknown),
            ("# T\n<!-- book: only with --all: needs x -->\n", "01-a.md: a marker with no commands after it"),
            ("# T\n<!-- book: from x.png -->\n", "01-a.md: a marker with no image after it"),
            ("# T\n<!-- book: from -->\n", "01-a.md:2: the marker must name a file and end with -->"),
        ] {
            assert_eq!(Page::parse("01-a", text).unwrap_err().to_string(), what);
        }
    }
}
