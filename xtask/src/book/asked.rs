//! What the book may be asked for.

/// What to do, as asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// Run what needs something from outside as well.
    pub(crate) all: bool,
    /// Change nothing; an image that comes out otherwise is a failure, as a quotation is.
    pub(crate) check: bool,
    /// With the binary that the tests build, not the fast one; examples too.
    pub(crate) debug: bool,
    /// Leave out the pages that train for minutes, see `LONG`.
    pub(crate) quick: bool,
    /// Beginnings of the names of pages; none: every page.
    pub(crate) pages: Vec<String>,
}

impl Asked {
    /// From the words behind `book`; `None` where one is an unknown flag.
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
