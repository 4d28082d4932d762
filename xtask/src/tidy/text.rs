//! Rules about single files.

use super::Problem;
use crate::workspace::Workspace;

/// The largest number of lines that a file may have.
const LONGEST: usize = 500;
/// Files that may be longer, each with its reason. There are none.
const LONG: &[(&str, &str)] = &[];

/// `lib.rs` and `main.rs` begin with `//!`.
pub(super) fn crate_headers(workspace: &Workspace) -> Vec<Problem> {
    let is_root = |path: &str| path.ends_with("src/lib.rs") || path.ends_with("src/main.rs");
    let bare = workspace.files.iter().filter(|f| is_root(&f.path) && !f.text.starts_with("//! "));
    bare.map(|f| {
        Problem::at(&f.path, 1, "must open with `//!`: what the crate is, its floor, where to start reading")
    })
    .collect()
}

/// An operation's file begins with `//!` and has, before any code, a formula in backticks.
pub(super) fn op_formulas(workspace: &Workspace) -> Vec<Problem> {
    let is_op = |path: &str| {
        path.strip_prefix("crates/graph/src/op/").is_some_and(|p| p != "mod.rs" && p.ends_with(".rs"))
    };
    let has_formula = |text: &str| {
        let header: Vec<&str> = text.lines().take_while(|l| l.starts_with("//!")).collect();
        header.join("\n").matches('`').count() >= 2
    };
    let bare = workspace
        .files
        .iter()
        .filter(|f| is_op(&f.path) && !f.path.contains("/tests") && !has_formula(&f.text));
    bare.map(|f| Problem::at(&f.path, 1, "must open with `//!` and the formula in backticks")).collect()
}

/// A file is short enough to be read in one sitting; tests may be longer.
pub(super) fn long_files(workspace: &Workspace) -> Vec<Problem> {
    let allowed = |path: &str| LONG.iter().any(|(p, _)| *p == path);
    let long = workspace.rust().filter(|(f, _)| !f.is_test() && !allowed(&f.path));
    let long = long.map(|(f, _)| (f, f.text.lines().count())).filter(|(_, lines)| *lines > LONGEST);
    long.map(|(f, lines)| {
        Problem::new(&f.path, format!("{lines} lines, at most {LONGEST}: probably two files"))
    })
    .collect()
}

/// Absolute paths that exist on one machine only. Each is split in two, so that this file itself keeps the rule.
const MACHINE: &[&str] = &[
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("/Us", "ers/"),
    concat!(":\\Us", "ers\\"),
];

/// No file contains an absolute path of somebody's machine.
pub(super) fn machine_paths(workspace: &Workspace) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in &workspace.files {
        for (i, line) in file.text.lines().enumerate() {
            for path in MACHINE {
                let mut starts = line.match_indices(path).map(|(at, _)| line[..at].chars().next_back());
                // A letter in front means that this is the middle of a longer path or of a URL.
                if starts.any(|before| before.is_none_or(|c| !(c.is_alphanumeric() || "._-~}".contains(c)))) {
                    let what = format!(
                        "contains `{path}`, a path of one machine; write it relative to the repository's root"
                    );
                    problems.push(Problem::at(&file.path, i + 1, what));
                }
            }
        }
    }
    problems
}

/// No marks of unfinished work, in comments or as macros.
pub(super) fn unfinished(workspace: &Workspace) -> Vec<Problem> {
    const NOTES: [&str; 3] = ["TODO", "FIXME", "XXX"];
    let noted = |text: &str| {
        text.split(|c: char| !c.is_alphanumeric()).find(|w| NOTES.contains(w)).map(str::to_string)
    };
    let mut problems = Vec::new();
    for file in &workspace.files {
        let mut push = |line: usize, mark: &str| {
            problems.push(Problem::at(&file.path, line, format!("{mark}: finish it, or open an issue")));
        };
        let Some(rust) = &file.rust else {
            let script = [".py", ".sh", ".toml", ".yml"].iter().any(|end| file.path.ends_with(end));
            let lines = file.text.lines().enumerate().filter(|_| script);
            lines.filter_map(|(i, l)| Some((i + 1, noted(l)?))).for_each(|(line, note)| push(line, &note));
            continue;
        };
        for (i, (code, comments)) in rust.code.iter().zip(&rust.comments).enumerate() {
            if let Some(note) = noted(comments) {
                push(i + 1, &note);
            }
            for mark in ["todo!", "unimplemented!"] {
                if code
                    .match_indices(mark)
                    .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
                {
                    push(i + 1, mark);
                }
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rule: super::super::Rule, files: &[(&str, &str)], places: &[&str]) {
        let got: Vec<_> = rule(&Workspace::of(files)).into_iter().map(|p| p.place).collect();
        assert_eq!(got, places);
    }

    #[test]
    fn headers() {
        check(
            crate_headers,
            &[("crates/a/src/lib.rs", "//! What it is.\n"), ("crates/a/src/b.rs", "mod c;")],
            &[],
        );
        check(crate_headers, &[("crates/a/src/main.rs", "fn main() {}\n")], &["crates/a/src/main.rs:1"]);
    }

    #[test]
    fn formulas() {
        let op = "crates/graph/src/op/add.rs";
        check(op_formulas, &[(op, "//! Sum: `Y = A + B`.\nfn f() {}\n")], &[]);
        check(
            op_formulas,
            &[(op, "//! Sum.\n/// `Y = A + B`\nfn f() {}\n")],
            &["crates/graph/src/op/add.rs:1"],
        );
        check(
            op_formulas,
            &[("crates/graph/src/op/mod.rs", "//! Operations.\n"), ("crates/graph/src/plan.rs", "")],
            &[],
        );
    }

    #[test]
    fn lengths() {
        let (long, fine) = ("x\n".repeat(501), "x\n".repeat(500));
        check(
            long_files,
            &[("a/src/a.rs", &long), ("a/src/b.rs", &fine), ("a/tests/c.rs", &long)],
            &["a/src/a.rs"],
        );
        check(long_files, &[("Cargo.lock", &long)], &[]);
    }

    #[test]
    fn paths() {
        let home = MACHINE[0];
        check(machine_paths, &[("a.md", &format!("fine\nin {home}me/x\n"))], &["a.md:2"]);
        check(machine_paths, &[("a.py", &format!("open(\"{home}me\")"))], &["a.py:1"]);
        check(machine_paths, &[("a.md", &format!("https://example.org{home}x and ~{home}"))], &[]);
    }

    #[test]
    fn marks() {
        let code =
            "fn f() {\n    todo!()\n}\n// FIXME: later\nlet s = \"TODO\"; my_todo!(); // a todo list\n";
        check(unfinished, &[("a.rs", code)], &["a.rs:2", "a.rs:4"]);
        check(unfinished, &[("a.sh", "# TODO\n"), ("a.md", "TODO\n")], &["a.sh:1"]);
    }
}
