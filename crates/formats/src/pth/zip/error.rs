//! The errors of reading a zip.

/// A problem of a zip.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZipError {
    /// A record that is required at this position is missing.
    #[error("byte {at} of the zip: there is no {what} here")]
    Record {
        /// The name of the record.
        what: &'static str,
        /// The position in the zip, in bytes.
        at: u64,
    },
    /// The zip has more entries than are read.
    #[error("the zip has {got} entries, but at most {limit} are read")]
    Entries {
        /// The number of entries that the zip gives.
        got: u64,
        /// The largest allowed number.
        limit: u64,
    },
    /// The name of an entry is not a plain path.
    #[error("the zip's entry {name:?}: {why}")]
    Name {
        /// The name, shortened if it is long.
        name: String,
        /// The problem of the name.
        why: &'static str,
    },
    /// Two entries have the same name.
    #[error("the zip's entry {name:?} occurs twice")]
    Twice {
        /// The name of the entries.
        name: String,
    },
    /// An entry is compressed, encrypted, or on another disk.
    #[error("the zip's entry {name:?} is {how}")]
    Unsupported {
        /// The name of the entry.
        name: String,
        /// The unsupported property.
        how: String,
    },
    /// The two descriptions of an entry differ.
    #[error("the zip's entry {name:?}: its {what} is {local} before the data and {central} in the directory")]
    Differs {
        /// The name of the entry.
        name: String,
        /// The field that differs.
        what: &'static str,
        /// The value before the data.
        local: String,
        /// The value in the directory.
        central: String,
    },
    /// Entries overlap, or bytes belong to no entry.
    #[error(
        "the zip's entry {name:?} starts at byte {got}, expected {expected}: entries overlap or hide something"
    )]
    Layout {
        /// The name of the entry, or a word for the directory.
        name: String,
        /// The end of the entry before it.
        expected: u64,
        /// The position of the entry.
        got: u64,
    },
}
