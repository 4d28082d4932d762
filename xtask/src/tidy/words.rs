//! Words that were replaced must not come back: a thing has one name, and spelling is American.

use super::Problem;
use crate::workspace::Workspace;

/// Retired spellings and terms, in any case and inside longer words, with what to write instead.
const RETIRED: &[(&str, &str)] = &[
    ("picture", "image, or figure for a drawing that Striate makes"),
    ("optimise", "optimize"),
    ("optimisation", "optimization"),
    ("optimising", "optimizing"),
    ("normalis", "normaliz"),
    ("initialis", "initializ"),
    ("colour", "color"),
    ("labell", "label"),
    ("neighbour", "neighbor"),
    ("behaviour", "behavior"),
    ("centre", "center"),
];
/// Retired names of types and modules, in lower case, with what to write instead. In prose the word may be used.
const RETIRED_NAMES: &[(&str, &str)] = &[("evidence", "attribution")];
/// Files that quote a retired word: the glossary, titles as published, and the table above.
const EXEMPT: &[&str] = &["docs/glossary.md", "docs/references.md", "xtask/src/tidy/words.rs"];

/// No code, script or document contains a retired word.
pub(super) fn retired(workspace: &Workspace) -> Vec<Problem> {
    let is_checked = |path: &str| {
        [".rs", ".md", ".toml", ".py"].iter().any(|end| path.ends_with(end))
            && !EXEMPT.contains(&path)
            && !path.rsplit('/').next().unwrap_or(path).contains("LICENSE")
    };
    let mut problems = Vec::new();
    for file in workspace.files.iter().filter(|f| is_checked(&f.path)) {
        let mut push = |line: usize, word: &str, instead: &str| {
            problems.push(Problem::at(&file.path, line, format!("`{word}` is retired; write {instead}")));
        };
        for (i, line) in file.text.lines().enumerate() {
            let line = line.to_lowercase();
            for (word, instead) in RETIRED.iter().filter(|(word, _)| line.contains(word)) {
                push(i + 1, word, instead);
            }
        }
        let Some(rust) = &file.rust else { continue };
        for (i, code) in rust.code.iter().enumerate() {
            for (word, instead) in RETIRED_NAMES.iter().filter(|(word, _)| names(code, word)) {
                push(i + 1, word, instead);
            }
        }
    }
    problems
}

/// Whether a line of code names a type or a module with that word: `XEvidence`, `mod evidence` or `evidence::f`.
fn names(code: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let is_type = |name: &str| name.starts_with(char::is_uppercase) && name.to_lowercase().contains(word);
    let is_module = code.match_indices(word).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + word.len()..]);
        !before.ends_with(is_part)
            && !after.starts_with(is_part)
            && (before.ends_with("mod ") || after.starts_with("::"))
    });
    is_module || code.split(|c| !is_part(c)).any(is_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, text: &str, lines: &[usize]) {
        let got: Vec<_> = retired(&Workspace::of(&[(path, text)])).into_iter().map(|p| p.place).collect();
        let expected: Vec<_> = lines.iter().map(|line| format!("{path}:{line}")).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn retired_words_are_found_in_every_kind_of_file() {
        for path in ["a.rs", "docs/a.md", "Cargo.toml", "tools/a.py"] {
            check(path, "An image.\nTwo Pictures.\nunlabelled, re-centred\n", &[2, 3, 3]);
        }
        check("a.md", "optimize, optimistic, color, labeled, neighbor, depict\n", &[]);
    }

    #[test]
    fn names_of_types_and_modules_are_retired_and_prose_is_not() {
        check("a.rs", "mod evidence;\nuse evidence::f;\nstruct PlantedEvidence;\n", &[1, 2, 3]);
        check("a.rs", "//! Evidence.\nlet evidence = \"Evidence\"; // Evidence\nfn of_evidence() {}\n", &[]);
        check("a.md", "Evidence\n", &[]);
    }

    #[test]
    fn quotations_and_data_are_exempt() {
        let text = "colour\n";
        check("docs/glossary.md", text, &[]);
        check("crates/data/assets/LICENSE-digits.md", text, &[]);
        check("crates/testkit/golden/a.json", text, &[]);
        check("crates/testkit/golden/a.md", text, &[1]);
    }
}
