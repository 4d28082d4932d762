//! The invariants of ARCHITECTURE.md and STYLE.md as checks. A rule is a function from the repository to its violations,
//! so each can be tested on a repository of two lines.

mod circles;
mod documents;
mod floors;
mod operations;
mod problem;
mod text;
mod unsafe_code;
mod words;

use crate::workspace::Workspace;
use anyhow::{Result, bail};
use problem::Problem;

type Rule = fn(&Workspace) -> Vec<Problem>;

const RULES: &[(&str, Rule)] = &[
    ("dependencies among the workspace's crates point down", floors::down),
    ("the files of a crate form no circles", circles::none),
    ("no build scripts", floors::no_build_scripts),
    ("unsafe only in crates/kernels", unsafe_code::only_in_kernels),
    ("only graph matches on the kind of an operation", operations::only_in_graph),
    ("the lint that forbids unsafe is on", unsafe_code::lints),
    ("unsafe code has its safety argument", unsafe_code::safety_comments),
    ("crates open with their documentation", text::crate_headers),
    ("operations open with their formula", text::op_formulas),
    ("no file past 500 lines", text::long_files),
    ("no path that exists on one machine only", text::machine_paths),
    ("nothing left unfinished", text::unfinished),
    ("retired words stay retired", words::retired),
    ("docs/dependencies.md names every dependency", documents::dependencies),
    ("docs/references.md names every source", documents::sources),
    ("ARCHITECTURE.md names every crate", documents::architecture),
    ("links between documents resolve", documents::links),
];

/// Checks every rule and prints the violations.
pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::read()?;
    let mut broken = 0;
    for (name, rule) in RULES {
        let problems = rule(&workspace);
        println!("{} {name}", if problems.is_empty() { "ok    " } else { "BROKEN" });
        for Problem { place, what } in &problems {
            println!("       {place}: {what}");
        }
        broken += problems.len();
    }
    if broken > 0 {
        bail!("{broken} violations");
    }
    Ok(())
}
