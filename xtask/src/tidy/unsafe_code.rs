//! Where `unsafe` is allowed, and which comments it needs.

use super::Problem;
use crate::source::Source;
use crate::workspace::Workspace;

/// The only crate that may contain `unsafe`.
const ALLOWED: &str = "crates/kernels";
/// How many lines above an `unsafe` its SAFETY comment may begin.
const NEAR: usize = 6;

/// The word occurs nowhere else, except in comments and literals.
pub(super) fn only_in_kernels(workspace: &Workspace) -> Vec<Problem> {
    let outside = workspace.rust().filter(|(file, _)| !file.path.starts_with(&format!("{ALLOWED}/")));
    let found = outside.flat_map(|(file, rust)| {
        let lines = rust.words().filter(|&(line, word)| word == "unsafe" && !is_export(rust, line));
        lines.map(|(line, _)| {
            Problem::at(
                &file.path,
                line,
                format!("unsafe outside {ALLOWED}; move it there, behind a safe function"),
            )
        })
    });
    found.collect()
}

/// Every other crate inherits the workspace's lints, which forbid it.
pub(super) fn lints(workspace: &Workspace) -> Vec<Problem> {
    let mut problems = Vec::new();
    let text = |path: &str| workspace.file(path).map_or("", |f| f.text.as_str());
    if table(text("Cargo.toml"), "workspace.lints.rust").all(|l| squeezed(l) != "unsafe_code=\"forbid\"") {
        problems.push(Problem::new("Cargo.toml", "[workspace.lints.rust] must say unsafe_code = \"forbid\""));
    }
    for member in workspace.members.iter().filter(|m| m.dir != ALLOWED) {
        let path = format!("{}/Cargo.toml", member.dir);
        if table(text(&path), "lints").all(|l| squeezed(l) != "workspace=true") {
            problems.push(Problem::new(path, "[lints] must say workspace = true, which forbids unsafe"));
        }
    }
    problems
}

/// A block or an implementation has a SAFETY comment; a function or a trait has a `# Safety` section.
pub(super) fn safety_comments(workspace: &Workspace) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (file, rust) in workspace.rust() {
        for (line, kind) in unsafe_places(rust) {
            let (wanted, said) = match kind {
                Kind::Block => ("SAFETY", comments_near(rust, line - 1).any(|c| c.contains("SAFETY"))),
                Kind::Item => ("# Safety", docs_above(rust, line - 1).any(|c| c.contains("# Safety"))),
            };
            if !said {
                problems.push(Problem::at(&file.path, line, format!("unsafe without `{wanted}` above it")));
            }
        }
    }
    problems
}

/// Whether the line is the attribute that exports a function under its own name: what can go wrong is a second function of that
/// name, which the linker reports.
fn is_export(rust: &Source, line: usize) -> bool {
    rust.code[line - 1].trim() == "#[unsafe(no_mangle)]"
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Block,
    Item,
}

/// Lines, from 1, where something unsafe begins; types such as `unsafe fn(usize)` do not count.
fn unsafe_places(rust: &Source) -> Vec<(usize, Kind)> {
    let mut places = Vec::new();
    for (line, word) in rust.words() {
        if word != "unsafe" || is_export(rust, line) {
            continue;
        }
        let code = &rust.code[line - 1];
        let at = code.find("unsafe").map_or(code.len(), |at| at + "unsafe".len());
        let after = format!("{} {}", &code[at..], rust.code.get(line).map_or("", String::as_str));
        let after = after.trim_start();
        let kind = match after.split(|c: char| !c.is_alphanumeric()).next() {
            Some("fn") if after[2..].trim_start().starts_with('(') => continue,
            Some("fn" | "trait" | "extern") => Kind::Item,
            _ => Kind::Block,
        };
        places.push((line, kind));
    }
    places
}

/// Comments on the line with that index, and on the `near` lines above it.
fn comments_near(rust: &Source, index: usize) -> impl Iterator<Item = &str> {
    (index.saturating_sub(NEAR)..=index).map(|i| rust.comments[i].as_str())
}

/// Comments directly above the line with that index, up to the first line that is neither a comment nor an attribute.
fn docs_above(rust: &Source, index: usize) -> impl Iterator<Item = &str> {
    let is_doc = |&i: &usize| {
        let (code, comment) = (rust.code[i].trim(), rust.comments[i].trim());
        code.starts_with("#[") || (code.is_empty() && !comment.is_empty())
    };
    (0..index).rev().take_while(is_doc).map(|i| rust.comments[i].as_str())
}

/// Lines of a table of a manifest.
fn table<'a>(manifest: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let header = format!("[{name}]");
    manifest
        .lines()
        .skip_while(move |l| l.trim() != header)
        .skip(1)
        .take_while(|l| !l.trim_start().starts_with('['))
}

fn squeezed(line: &str) -> String {
    let code = line.split('#').next().unwrap_or_default();
    code.chars().filter(|c| !c.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_outside_kernels() {
        let code = "#[unsafe(no_mangle)]\nfn f() { \"unsafe\"; unsafe_code(); }\nfn g() { unsafe { h() } }\n";
        let workspace = Workspace::of(&[("crates/graph/src/a.rs", code), ("crates/kernels/src/a.rs", code)]);
        let places: Vec<_> = only_in_kernels(&workspace).into_iter().map(|p| p.place).collect();
        assert_eq!(places, ["crates/graph/src/a.rs:3"]);
    }

    #[test]
    fn lints_are_on() {
        let root = ("Cargo.toml", "[workspace.lints.rust]\nunsafe_code = \"forbid\" # but in kernels\n");
        let on = ("crates/graph/Cargo.toml", "[package]\n[lints]\nworkspace = true\n");
        let off = (
            "crates/graph/Cargo.toml",
            "[package]\nversion.workspace = true\n[dependencies]\nworkspace = true\n",
        );
        let count = |files: &[(&str, &str)]| {
            let workspace = Workspace::of(files).with("crates/graph", "striate-graph", &[]);
            lints(&workspace.with("crates/kernels", "striate-kernels", &[])).len()
        };
        assert_eq!(count(&[root, on]), 0);
        assert_eq!(count(&[root, off]), 1);
        assert_eq!(count(&[("Cargo.toml", "[workspace.lints.rust]\nunsafe_code = \"warn\"\n"), on]), 1);
    }

    #[track_caller]
    fn check(code: &str, places: &[usize]) {
        let workspace = Workspace::of(&[("crates/kernels/src/a.rs", code)]);
        let expected: Vec<_> = places.iter().map(|line| format!("crates/kernels/src/a.rs:{line}")).collect();
        let got: Vec<_> = safety_comments(&workspace).into_iter().map(|p| p.place).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn blocks_say_why() {
        check("// SAFETY: checked above.\nunsafe { f() }\n", &[]);
        check("let x = unsafe { f() }; // SAFETY: checked.\n", &[]);
        check("unsafe { f() }\n", &[1]);
        check("let s = \"SAFETY: no comment\";\nunsafe impl Send for A {}\n", &[2]);
        check("// SAFETY: too far.\n\n\n\n\n\n\n\nunsafe\n{ f() }\n", &[9]);
    }

    #[test]
    fn items_say_what_the_caller_owes() {
        check("/// Doc.\n///\n/// # Safety\n/// Owe.\n#[inline]\npub unsafe fn f() {}\n", &[]);
        check("/// # Safety\n/// Of another.\nfn g() {}\n/// Doc.\npub unsafe fn f() {}\n", &[5]);
        check("struct A { f: unsafe fn(usize) }\n", &[]);
    }
}
