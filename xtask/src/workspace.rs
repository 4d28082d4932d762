//! The contents of the repository: crates as cargo sees them, and every text file.

use crate::cargo::{plain_cargo, root};
use crate::source::Source;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// The repository, read once.
pub(crate) struct Workspace {
    pub(crate) members: Vec<Member>,
    pub(crate) files: Vec<File>,
    /// Paths of files that are not text: images, weights, packed data.
    pub(crate) others: Vec<String>,
}

/// A package of the workspace.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// Path from the root, with forward slashes: `crates/graph`.
    pub(crate) dir: String,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) has_build_script: bool,
}

/// A line of a `[dependencies]` table.
#[derive(Debug, Clone)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) dev: bool,
    /// Whether it is a crate of this workspace.
    pub(crate) ours: bool,
}

/// A text file.
pub(crate) struct File {
    /// Path from the root, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
    /// Code and comments, if it is a Rust file.
    pub(crate) rust: Option<Source>,
}

impl File {
    pub(crate) fn new(path: &str, text: String) -> Self {
        let rust = path.ends_with(".rs").then(|| Source::new(&text));
        Self { path: path.to_string(), text, rust }
    }

    /// Whether the whole file is for tests: a file of a `tests` or `benches` folder, or a module `tests` or `testing`.
    pub(crate) fn is_test(&self) -> bool {
        let mut parts = self.path.split('/').rev();
        let file = parts.next().unwrap_or_default();
        ["tests.rs", "testing.rs"].contains(&file) || parts.any(|p| p == "tests" || p == "benches")
    }
}

/// The target directory of cargo.
pub(crate) fn target() -> Result<PathBuf> {
    Ok(PathBuf::from(text(&metadata()?, "target_directory")?))
}

fn metadata() -> Result<Value> {
    let output = plain_cargo()
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .context("cannot start cargo metadata")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim());
    serde_json::from_slice(&output.stdout).context("cargo metadata")
}

impl Workspace {
    /// Reads the workspace around this program.
    pub(crate) fn read() -> Result<Self> {
        let root = root();
        let metadata = metadata()?;
        let base = PathBuf::from(text(&metadata, "workspace_root")?);
        let members =
            array(&metadata, "packages")?.iter().map(|p| member(p, &base)).collect::<Result<_>>()?;
        let (mut files, mut others) = (Vec::new(), Vec::new());
        walk(&root, "", &mut files, &mut others).with_context(|| format!("reading {}", root.display()))?;
        Ok(Self { members, files, others })
    }

    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|f| f.path == path)
    }

    /// Rust files with their sources.
    pub(crate) fn rust(&self) -> impl Iterator<Item = (&File, &Source)> {
        self.files.iter().filter_map(|f| f.rust.as_ref().map(|rust| (f, rust)))
    }
}

fn member(package: &Value, base: &Path) -> Result<Member> {
    let name = text(package, "name")?.to_string();
    let manifest = Path::new(text(package, "manifest_path")?);
    let dir = manifest
        .parent()
        .and_then(|d| d.strip_prefix(base).ok())
        .context("a package outside the workspace")?;
    let dir = dir.to_string_lossy().replace('\\', "/");
    let dependency = |d: &Value| -> Result<Dependency> {
        let dev = d["kind"].as_str() == Some("dev");
        Ok(Dependency { name: text(d, "name")?.to_string(), dev, ours: d["path"].is_string() })
    };
    let dependencies = array(package, "dependencies")?.iter().map(dependency).collect::<Result<_>>()?;
    let is_script = |t: &Value| t["kind"].as_array().is_some_and(|k| k.iter().any(|k| k == "custom-build"));
    let has_build_script = array(package, "targets")?.iter().any(is_script);
    Ok(Member { name, dir, dependencies, has_build_script })
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value[key].as_str().with_context(|| format!("cargo metadata without `{key}`"))
}

fn array<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    value[key].as_array().with_context(|| format!("cargo metadata without `{key}`"))
}

/// Collects every file below `dir`, sorted, into `files` (text) and `others`; skips the output of builds, runs and environments.
fn walk(root: &Path, dir: &str, files: &mut Vec<File>, others: &mut Vec<String>) -> std::io::Result<()> {
    let mut entries = fs::read_dir(root.join(dir))?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = if dir.is_empty() { name.clone() } else { format!("{dir}/{name}") };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            let hidden = name.starts_with('.') && ![".ci", ".cargo", ".github"].contains(&name.as_str());
            if !hidden && !["target", "runs", "__pycache__"].contains(&name.as_str()) {
                walk(root, &path, files, others)?;
            }
        } else if kind.is_file() {
            match String::from_utf8(fs::read(entry.path())?) {
                Ok(text) => files.push(File::new(&path, text)),
                Err(_) => others.push(path),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
impl Workspace {
    /// A workspace with only these files.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|&(path, text)| File::new(path, text.to_string())).collect();
        Self { members: Vec::new(), files, others: Vec::new() }
    }

    /// Adds a package, whose dependencies are given as `name` or `dev:name`.
    pub(crate) fn with(mut self, dir: &str, name: &str, dependencies: &[&str]) -> Self {
        let dependency = |d: &&str| {
            let (dev, name) = d.strip_prefix("dev:").map_or((false, *d), |name| (true, name));
            Dependency { name: name.to_string(), dev, ours: name.starts_with("striate") }
        };
        let dependencies = dependencies.iter().map(dependency).collect();
        let (dir, name) = (dir.to_string(), name.to_string());
        self.members.push(Member { name, dir, dependencies, has_build_script: false });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_workspace_is_read() {
        let workspace = Workspace::read().unwrap();
        let kernels = workspace.members.iter().find(|m| m.name == "striate-kernels").unwrap();
        assert_eq!(kernels.dir, "crates/kernels");
        assert!(kernels.dependencies.iter().any(|d| d.name == "striate-testkit" && d.dev && d.ours));
        assert!(kernels.dependencies.iter().any(|d| d.name == "libc" && !d.dev && !d.ours));
        assert!(workspace.file("xtask/src/workspace.rs").unwrap().rust.is_some());
        assert!(
            workspace.files.iter().all(|f| !f.path.starts_with("target/") && !f.path.starts_with(".git/"))
        );
    }

    #[test]
    fn tests_are_told_from_code() {
        let is_test = |path: &str| File::new(path, String::new()).is_test();
        assert!(is_test("crates/data/tests/idx.rs") && is_test("crates/data/benches/loader.rs"));
        assert!(is_test("crates/kernels/src/testing.rs") && is_test("crates/report/src/metrics/tests.rs"));
        assert!(!is_test("crates/testkit/src/lib.rs") && !is_test("crates/data/src/idx.rs"));
    }
}
