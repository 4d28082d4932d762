//! Rules about documents that must match the code.

use super::Problem;
use crate::workspace::{Member, Workspace};
use std::collections::BTreeSet;

const DEPENDENCIES: &str = "docs/dependencies.md";
const REFERENCES: &str = "docs/references.md";
const ARCHITECTURE: &str = "ARCHITECTURE.md";

fn text<'a>(workspace: &'a Workspace, path: &str) -> &'a str {
    workspace.file(path).map_or("", |f| f.text.as_str())
}

/// Each third-party crate has a row, and each row has a crate.
pub(super) fn dependencies(workspace: &Workspace) -> Vec<Problem> {
    let row = |line: &str| line.strip_prefix("| `").and_then(|l| l.split('`').next()).map(str::to_string);
    let documented: BTreeSet<String> = text(workspace, DEPENDENCIES).lines().filter_map(row).collect();
    let others =
        |m: &Member| m.dependencies.iter().filter(|d| !d.ours).map(|d| d.name.clone()).collect::<Vec<_>>();
    let used: BTreeSet<String> = workspace.members.iter().flat_map(others).collect();
    let missing = used.difference(&documented).map(|name| {
        Problem::new(
            DEPENDENCIES,
            format!("no row for `{name}`; say why it is needed, its license and what it brings along"),
        )
    });
    let stale = documented.difference(&used).map(|name| {
        Problem::new(DEPENDENCIES, format!("a row for `{name}`, which no Cargo.toml names; remove the row"))
    });
    missing.chain(stale).collect()
}

/// The line below `# Source` names a surname and a year, and one row contains both.
pub(super) fn sources(workspace: &Workspace) -> Vec<Problem> {
    let references = text(workspace, REFERENCES);
    let mut problems = Vec::new();
    for (file, _) in workspace.rust() {
        let docs: Vec<&str> =
            file.text.lines().map(|l| l.trim_start().trim_start_matches(['/', '!']).trim()).collect();
        for (i, pair) in docs.windows(2).enumerate().filter(|(_, pair)| pair[0] == "# Source") {
            let words = || pair[1].split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
            let year = words().find(|w| w.len() == 4 && w.chars().all(|c| c.is_ascii_digit()));
            // Initials are not a surname.
            let is_name = |w: &&str| w.len() > 2 && w.starts_with(char::is_uppercase);
            let (Some(surname), Some(year)) = (words().find(is_name), year) else { continue };
            if !references.lines().any(|l| l.contains(surname) && l.contains(year)) {
                let what = format!("cites {surname} {year}, which {REFERENCES} does not list");
                problems.push(Problem::at(&file.path, i + 2, what));
            }
        }
    }
    problems
}

/// The code map has a line for every crate.
pub(super) fn architecture(workspace: &Workspace) -> Vec<Problem> {
    let map = text(workspace, ARCHITECTURE);
    let missing = workspace.members.iter().filter(|m| !map.contains(&format!("`{}`", m.dir)));
    missing.map(|m| Problem::new(ARCHITECTURE, format!("the code map has no line for `{}`", m.dir))).collect()
}

/// A relative link in a document leads to a file or folder of the repository.
pub(super) fn links(workspace: &Workspace) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in workspace.files.iter().filter(|f| f.path.ends_with(".md")) {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (i, line) in file.text.lines().enumerate() {
            let targets = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ', '#']).next());
            for target in targets.filter(|t| !t.is_empty() && !t.contains("://") && !t.starts_with("mailto:"))
            {
                let path = resolve(folder, target);
                let exists = |p: &str| p == path || p.starts_with(&format!("{path}/"));
                let mut paths = workspace.files.iter().map(|f| &f.path).chain(&workspace.others);
                if !path.is_empty() && !paths.any(|p| exists(p)) {
                    problems.push(Problem::at(
                        &file.path,
                        i + 1,
                        format!("links to {target}, which does not exist"),
                    ));
                }
            }
        }
    }
    problems
}

/// `../b` seen from `a` is `b`.
fn resolve(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(problems: Vec<Problem>) -> Vec<String> {
        problems.into_iter().map(|p| p.place).collect()
    }

    #[test]
    fn rows_and_crates_agree() {
        let table = (
            DEPENDENCIES,
            "| crate | why |\n| --- | --- |\n| `serde` | JSON with `serde_json` |\n| `old` | ? |\n",
        );
        let workspace =
            Workspace::of(&[table]).with("crates/graph", "striate-graph", &["serde", "striate-kernels"]);
        let problems = dependencies(&workspace.with("crates/data", "striate-data", &["dev:novel"]));
        assert_eq!(problems.len(), 2);
        assert!(problems[0].what.contains("`novel`") && problems[1].what.contains("`old`"));
    }

    #[test]
    fn citations() {
        let references = (REFERENCES, "| Kingma 2015 | D. P. Kingma, J. Ba: Adam, 2015 |\n");
        let known =
            ("a.rs", "/// Adam.\n///\n/// # Source\n/// Kingma and Ba 2015, algorithm 1.\nfn f() {}\n");
        let unknown = ("b.rs", "/// # Source\n/// Kingma and Ba 2014.\nfn f() {}\n");
        let ours = ("c.rs", "/// # Source\n/// Our own measurements.\nfn f() {}\n");
        assert_eq!(places(sources(&Workspace::of(&[references, known, unknown, ours]))), ["b.rs:2"]);
    }

    #[test]
    fn the_map() {
        let workspace = Workspace::of(&[(ARCHITECTURE, "* `crates/graph`: networks as data\n")]);
        let workspace =
            workspace.with("crates/graph", "striate-graph", &[]).with("crates/nn", "striate-nn", &[]);
        let problems = architecture(&workspace);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].what.contains("crates/nn"));
    }

    #[test]
    fn relative_links() {
        let text = "[a](../STYLE.md#size) [b](https://x.org/y) [c](#here)\n[d](gone.md) [e](../docs)\n";
        let files = [("docs/a.md", text), ("STYLE.md", ""), ("src/a.rs", "[x](gone.md)")];
        assert_eq!(places(links(&Workspace::of(&files))), ["docs/a.md:2"]);

        let images = [("docs/a.md", "![a](img/a.png)\n![b](img/b.png)\n")];
        let mut workspace = Workspace::of(&images);
        workspace.others.push("docs/img/a.png".to_string());
        assert_eq!(places(links(&workspace)), ["docs/a.md:2"]);
    }
}
