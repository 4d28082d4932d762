//! The files of a crate use each other in one direction.
//!
//! A file uses another if it names something that the other defines: in a `use`, or by a path in its code. It does not matter
//! through which re-exports the path leads. These do not count as uses: `mod x;`, the `pub use` of a file that has child
//! modules, and anything that exists only for tests.

use super::Problem;
use crate::modules::Modules;
use crate::workspace::Workspace;
use std::collections::{BTreeMap, BTreeSet};

/// For each pair of a file and a file that it uses, the place and name of a use.
type Uses<'w> = BTreeMap<(&'w str, &'w str), String>;

/// No file uses a file that uses it in turn, directly or through others.
pub(super) fn none(workspace: &Workspace) -> Vec<Problem> {
    let is_root = |path: &str| path.ends_with("/src/lib.rs") || path.ends_with("/src/main.rs");
    let roots = workspace.files.iter().map(|f| f.path.as_str()).filter(|path| is_root(path));
    roots.flat_map(|root| circles(&uses(workspace, root))).collect()
}

fn uses<'w>(workspace: &'w Workspace, root: &'w str) -> Uses<'w> {
    let modules = Modules::read(workspace, root);
    let mut uses = Uses::new();
    for mention in &modules.mentions {
        if let Some(to) = modules.defined_in(mention).filter(|&to| to != mention.file) {
            let (from, to) = (modules.files[mention.file], modules.files[to]);
            let evidence = || format!("{from}:{} names `{}` of {to}", mention.line, mention.path.join("::"));
            uses.entry((from, to)).or_insert_with(evidence);
        }
    }
    uses
}

/// Reports each circle once, at its first file.
fn circles(uses: &Uses<'_>) -> Vec<Problem> {
    let files: BTreeSet<&str> = uses.keys().map(|(from, _)| *from).collect();
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        files.iter().map(|&file| (file, reached(uses, file))).collect();
    let mut problems = Vec::new();
    let mut told = BTreeSet::new();
    for &file in &files {
        let is_back = |to: &&str| reached.get(to).is_some_and(|r| r.contains(file));
        let circle: BTreeSet<&str> = reached[file].iter().copied().filter(is_back).collect();
        if circle.is_empty() || !told.insert(circle.clone()) {
            continue;
        }
        let inside = uses.iter().filter(|((from, to), _)| circle.contains(from) && circle.contains(to));
        let evidence: Vec<&str> = inside.map(|(_, evidence)| evidence.as_str()).collect();
        let what = format!(
            "{} files use each other in a circle; move what they share to a file of its own\n         {}",
            circle.len(),
            evidence.join("\n         ")
        );
        problems.push(Problem::new(file, what));
    }
    problems
}

/// The files that `file` uses, directly or through others.
fn reached<'w>(uses: &Uses<'w>, file: &'w str) -> BTreeSet<&'w str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![file];
    while let Some(file) = open.pop() {
        let next = uses.keys().filter(|(from, _)| *from == file).map(|(_, to)| *to);
        open.extend(next.filter(|to| reached.insert(*to)));
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files of each circle, without `c/src/` in front.
    #[track_caller]
    fn check(files: &[(&str, &str)], expected: &[&[&str]]) {
        let files: Vec<(String, &str)> =
            files.iter().map(|(path, text)| (format!("c/src/{path}"), *text)).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        let in_circle = |problem: Problem| -> BTreeSet<String> {
            let file = |line: &str| Some(line.trim().strip_prefix("c/src/")?.split_once(':')?.0.to_string());
            problem.what.lines().filter_map(file).collect()
        };
        let got: Vec<BTreeSet<String>> = none(&Workspace::of(&files)).into_iter().map(in_circle).collect();
        let expected: Vec<BTreeSet<String>> =
            expected.iter().map(|files| files.iter().map(|file| (*file).to_string()).collect()).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn a_circle_is_told_with_a_line_for_each_use() {
        let files = [
            ("c/src/lib.rs", "mod a;\nmod b;\npub use a::A;\n"),
            ("c/src/a.rs", "\nuse crate::b::{C, B};\npub struct A(B);\n"),
            ("c/src/b.rs", "pub struct B;\nimpl B {\n    fn f(_: super::A) {}\n}\npub struct C;\n"),
        ];
        let problems = none(&Workspace::of(&files));
        let what = "2 files use each other in a circle; move what they share to a file of its own\n         \
                    c/src/a.rs:2 names `crate::b::C` of c/src/b.rs\n         c/src/b.rs:3 names `super::A` of c/src/a.rs";
        assert_eq!(problems, [Problem::new("c/src/a.rs", what)]);
    }

    #[test]
    fn each_circle_is_one_and_who_only_leads_to_it_is_none_of_it() {
        let files = [
            ("lib.rs", "mod a;\nmod b;\nmod c;\nmod d;\nmod e;\nmod f;\nuse a::A;\nfn f(_: A) {}\n"),
            ("a.rs", "use crate::b::B;\npub struct A(B);"),
            ("b.rs", "use crate::c::C;\npub struct B(C);"),
            ("c.rs", "pub struct C;\nimpl C { fn f() -> crate::a::A { todo() } }"),
            ("d.rs", "use crate::e::E;\npub struct D(E, crate::a::A);"),
            ("e.rs", "use crate::{d::D, f::F};\npub struct E(D, F);"),
            ("f.rs", "pub struct F;"),
        ];
        check(&files, &[&["a.rs", "b.rs", "c.rs"], &["d.rs", "e.rs"]]);
        check(&files[..1], &[]);
    }

    #[test]
    fn a_list_of_files_hands_on_but_does_not_use() {
        let (a, b) = ("use super::T;\npub struct A;\nimpl T for A {}\n", "use super::A;\npub struct B(A);\n");
        let list = "mod a;\nmod b;\npub use a::A;\npub(crate) use b::B;\n";
        let own = format!("{list}mod t;\npub use t::T;\nenum All {{ A(A), B(B) }}\n");
        let here = format!("{list}pub trait T {{}}\nenum All {{ A(A), B(B) }}\n");
        let unused = format!("{list}pub trait T {{}}\n");
        let lib = ("lib.rs", "mod x;\n");
        check(&[lib, ("x/mod.rs", &own), ("x/a.rs", a), ("x/b.rs", b), ("x/t.rs", "pub trait T {}")], &[]);
        check(&[lib, ("x/mod.rs", &unused), ("x/a.rs", a), ("x/b.rs", b)], &[]);
        check(
            &[lib, ("x/mod.rs", &here), ("x/a.rs", a), ("x/b.rs", b)],
            &[&["x/a.rs", "x/b.rs", "x/mod.rs"]],
        );
        check(&[lib, ("x.rs", &here), ("x/a.rs", a), ("x/b.rs", b)], &[&["x.rs", "x/a.rs", "x/b.rs"]]);
        // A file that re-exports without listing modules does use what it re-exports.
        let lib = ("lib.rs", "mod a;\nmod b;");
        let files = [
            lib,
            ("a.rs", "pub use crate::b::B;\npub struct A;"),
            ("b.rs", "use crate::a::A;\npub struct B(A);"),
        ];
        check(&files, &[&["a.rs", "b.rs"]]);
    }

    #[test]
    fn tests_use_what_they_like() {
        let a = "pub struct A;\n#[cfg(test)]\nuse crate::b::{B};\n#[cfg(all(test, unix))]\nfn f(_: crate::b::B) { B }\n\
                 #[cfg(test)]\nmod tests {\n    use crate::b::B;\n}\n#[cfg(test)]\nmod golden;\n";
        let b = ("b.rs", "use crate::a::A;\npub struct B(A);\n");
        let golden = ("a/golden.rs", "use crate::b::B;\nuse super::A;");
        check(&[("lib.rs", "mod a;\nmod b;"), ("a.rs", a), b, golden], &[]);
        let outside = format!("{a}fn g(_: crate::b::B) {{}}");
        check(&[("lib.rs", "mod a;\nmod b;"), ("a.rs", &outside), b, golden], &[&["a.rs", "b.rs"]]);
    }

    #[test]
    fn a_list_in_a_macro_names_files() {
        let lib = "mod a;\nmod list;\nmacro_rules! files { ($($f:ident),*) => { const ALL: &[u8] = &[$($f::N),*]; } }\nfiles! {\n    a\n}\n";
        let a = ("a.rs", "pub const N: u8 = 1;\nuse crate::ALL;\n");
        check(&[("lib.rs", lib), a], &[&["a.rs", "lib.rs"]]);
    }
}
