//! The options of `cargo xtask book`.

/// What to run, and how.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// Also run commands that need data, photos or weights from outside the repository (`--all`).
    pub(crate) all: bool,
    /// Change nothing; an image or quotation that differs is a failure (`--check`).
    pub(crate) check: bool,
    /// Use the debug build, for the binary and for examples (`--debug`).
    pub(crate) debug: bool,
    /// Take the binary that `cargo test --workspace` has built, which CI has run before: features of crates that only tests need
    /// make it another build than that of the binary alone, which would take minutes more.
    pub(crate) tested: bool,
    /// Skip the pages that train for minutes, see `LONG` (`--quick`).
    pub(crate) quick: bool,
    /// Prefixes of page names; empty means every page.
    pub(crate) pages: Vec<String>,
}

impl Asked {
    /// Parses the arguments after `book`; `None` if one is an unknown flag.
    pub(crate) fn parse(args: &[&str]) -> Option<Self> {
        let mut asked = Self::default();
        for arg in args {
            match *arg {
                "--all" => asked.all = true,
                "--check" => asked.check = true,
                "--debug" => asked.debug = true,
                "--quick" => asked.quick = true,
                page if !page.starts_with('-') => asked.pages.push(page.to_string()),
                _ => return None,
            }
        }
        Some(asked)
    }
}
