//! A crate may only depend on crates of lower floors.

use super::Problem;
use crate::workspace::Workspace;

/// Floor of each crate, and the order within the floor.
const FLOORS: &[(&str, (u8, u8))] = &[
    ("base", (0, 0)),
    ("derive", (0, 0)),
    ("kernels", (0, 1)), // uses base
    ("graph", (1, 0)),
    ("report", (1, 0)),
    ("image", (1, 0)),
    ("data", (1, 1)), // data sets of images
    ("nn", (2, 0)),
    ("formats", (2, 1)), // its tests save networks made of nn's layers
    ("models", (3, 0)),
    ("explain", (3, 0)),
    ("train", (3, 0)),
    ("lab", (4, 0)),
    ("striate", (5, 0)),
    ("cli", (6, 0)),
];

/// Beside the floors: used only by tests, and using no other crate.
const BESIDE: &[&str] = &["testkit", "xtask"];

fn floor(name: &str) -> Option<(u8, u8)> {
    FLOORS.iter().find(|(n, _)| *n == name).map(|(_, floor)| *floor)
}

/// Strips the prefix: `striate-graph` becomes `graph`; the facade has no prefix.
fn short(package: &str) -> &str {
    package.strip_prefix("striate-").unwrap_or(package)
}

/// Every dependency on a crate of the workspace leads to a lower floor.
pub(super) fn down(workspace: &Workspace) -> Vec<Problem> {
    let mut problems = Vec::new();
    for member in &workspace.members {
        let manifest = format!("{}/Cargo.toml", member.dir);
        let name = short(&member.name);
        let here = floor(name);
        if here.is_none() && !BESIDE.contains(&name) {
            let what = format!("{name} has no floor; give it one in xtask/src/tidy/floors.rs");
            problems.push(Problem::new(&manifest, what));
            continue;
        }
        for dependency in member.dependencies.iter().filter(|d| d.ours) {
            let to = short(&dependency.name);
            let what = match (here, floor(to)) {
                (_, None) if to == "testkit" && dependency.dev => continue,
                (_, None) => {
                    format!(
                        "{name} depends on {to}, which is beside the floors: it may only be a dev-dependency"
                    )
                }
                (None, Some(_)) => format!("{name} is beside the floors and must not depend on {to}"),
                (Some(from), Some(down)) if down < from => continue,
                (Some(from), Some(up)) => {
                    format!(
                        "{name} (floor {}) depends on {to} (floor {}): dependencies point down",
                        from.0, up.0
                    )
                }
            };
            problems.push(Problem::new(&manifest, what));
        }
    }
    problems
}

/// No crate has a build script.
pub(super) fn no_build_scripts(workspace: &Workspace) -> Vec<Problem> {
    let scripts = workspace.members.iter().filter(|m| m.has_build_script);
    scripts
        .map(|m| {
            Problem::new(
                &m.dir,
                "has a build script; generate the file with a script in tools/ and commit it",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(name: &str, dependencies: &[&str]) -> usize {
        down(&Workspace::of(&[]).with("crates/x", name, dependencies)).len()
    }

    #[test]
    fn down_is_fine() {
        assert_eq!(problems("striate-graph", &["striate-kernels", "serde", "dev:striate-testkit"]), 0);
        assert_eq!(problems("striate-train", &["striate-nn", "striate-formats", "striate-report"]), 0);
        assert_eq!(problems("striate-cli", &["striate"]), 0);
        assert_eq!(problems("xtask", &["anyhow"]), 0);
    }

    #[test]
    fn up_and_sideways_are_not() {
        assert_eq!(problems("striate-kernels", &["striate-graph"]), 1);
        assert_eq!(problems("striate-nn", &["dev:striate-formats"]), 1);
        assert_eq!(problems("striate-explain", &["striate-train"]), 1);
        assert_eq!(problems("striate-graph", &["striate-graph", "striate", "striate-cli"]), 3);
    }

    #[test]
    fn beside_the_floors() {
        assert_eq!(problems("striate-graph", &["striate-testkit"]), 1, "not as a normal dependency");
        assert_eq!(problems("striate-testkit", &["striate-kernels"]), 1);
        assert_eq!(problems("striate-novel", &[]), 1, "a crate without a floor");
    }

    #[test]
    fn build_scripts() {
        let mut workspace = Workspace::of(&[]).with("crates/x", "striate-graph", &[]);
        assert_eq!(no_build_scripts(&workspace), []);
        workspace.members[0].has_build_script = true;
        assert_eq!(no_build_scripts(&workspace).len(), 1);
    }
}
