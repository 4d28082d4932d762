//! How large the code is, and how much of it documents or tests the rest.

use crate::source::Line;
use crate::workspace::{File, Workspace, target};
use anyhow::Result;
use std::process::Command;

/// Numbers of lines by purpose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    files: usize,
    code: usize,
    /// Comments and documentation outside tests.
    comments: usize,
    /// Code and comments of tests.
    tests: usize,
    unsafe_words: usize,
}

impl Count {
    fn of(file: &File) -> Self {
        let mut count = Count::default();
        let Some(rust) = &file.rust else { return count };
        count.files = 1;
        let modules = rust.test_modules();
        for (i, line) in rust.lines().enumerate().filter(|(_, line)| *line != Line::Blank) {
            let test = file.is_test() || modules.iter().any(|m| m.contains(&i));
            match line {
                _ if test => count.tests += 1,
                Line::Code => count.code += 1,
                _ => count.comments += 1,
            }
        }
        count.unsafe_words = rust.words().filter(|(_, word)| *word == "unsafe").count();
        count
    }

    fn add(&mut self, other: Count) {
        self.files += other.files;
        self.code += other.code;
        self.comments += other.comments;
        self.tests += other.tests;
        self.unsafe_words += other.unsafe_words;
    }

    fn row(&self, name: &str) -> String {
        let share = 100.0 * ratio(self.comments, self.code + self.comments);
        let tests = ratio(self.tests, self.code);
        let Count { files, code, comments, tests: t, unsafe_words } = self;
        format!(
            "{name:<18}{files:>7}{code:>8}{comments:>8}{share:>7.0} %{t:>8}{tests:>13.2}{unsafe_words:>8}"
        )
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Prints the table; blank lines are not counted.
pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::read()?;
    println!(
        "{:<18}{:>7}{:>8}{:>8}{:>9}{:>8}{:>13}{:>8}",
        "", "files", "code", "docs", "share", "tests", "tests/code", "unsafe"
    );
    let mut all = Count::default();
    for member in &workspace.members {
        let mut count = Count::default();
        let prefix = format!("{}/", member.dir);
        workspace.files.iter().filter(|f| f.path.starts_with(&prefix)).for_each(|f| count.add(Count::of(f)));
        println!("{}", count.row(&member.dir));
        all.add(count);
    }
    println!("{}", all.row("all"));

    let mut files: Vec<_> = workspace.rust().map(|(f, _)| (f.text.lines().count(), &f.path)).collect();
    files.sort_by(|a, b| b.cmp(a));
    println!("\nmedian file {} lines; the largest:", files.get(files.len() / 2).map_or(0, |f| f.0));
    files.iter().take(10).for_each(|(lines, path)| println!("{lines:>6}  {path}"));
    println!();
    for (kind, folder) in KINDS {
        if let Some((subject, touched)) = last_added(folder) {
            println!("the last {kind} ({subject}) touched {} source files:", touched.len());
            touched.iter().for_each(|path| println!("        {path}"));
        }
    }
    let binary = target()?.join("release").join(format!("striate{}", std::env::consts::EXE_SUFFIX));
    if let Ok(file) = std::fs::metadata(&binary) {
        println!("{}: {:.2} MB", binary.display(), file.len() as f64 / 1e6);
    }
    Ok(())
}

/// The things that have one file each, and their folders.
const KINDS: [(&str, &str); 3] = [
    ("operation", "crates/graph/src/op"),
    ("layer", "crates/nn/src/layer"),
    ("network", "crates/models/src"),
];

/// The subject of the last commit that added a file to a folder, and the source files that it touched, except tests; `None`
/// without a Git history.
fn last_added(folder: &str) -> Option<(String, Vec<String>)> {
    let added = format!(":(glob){folder}/*.rs");
    let commit = git(&["log", "-1", "--diff-filter=A", "--format=%H\t%s", "--", &added])?;
    let (hash, subject) = commit.trim().split_once('\t')?;
    let touched = git(&["show", "--name-only", "--format=", hash, "--", "crates/*/src/*.rs"])?;
    Some((subject.into(), touched.lines().map(String::from).collect()))
}

fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).current_dir(crate::cargo::root()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_counts_once() {
        let text = "//! Doc.\n\nfn f() {} // why\n\n#[cfg(test)]\nmod tests {\n    // c\n    #[test]\n    fn g() {}\n}\n";
        let count = Count::of(&File::new("src/a.rs", text.to_string()));
        assert_eq!(count, Count { files: 1, code: 1, comments: 1, tests: 6, unsafe_words: 0 });
        let count = Count::of(&File::new("tests/a.rs", text.to_string()));
        assert_eq!(count, Count { files: 1, code: 0, comments: 0, tests: 8, unsafe_words: 0 });
    }
}
