//! What can be wrong with a zip.

/// What is wrong with a zip.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZipError {
    /// A record that must be at this position is not there.
    #[error("byte {at} of the zip: no {what} here")]
    Record {
        /// Name of the record.
        what: &'static str,
        /// Position in the zip.
        at: u64,
    },
    /// More entries than are read.
    #[error("{got} entries in the zip, but at most {limit} are read")]
    Entries {
        /// The number of entries that the zip gives.
        got: u64,
        /// The largest number that is allowed.
        limit: u64,
    },
    /// A name that is not a plain path.
    #[error("the zip's entry {name:?}: {why}")]
    Name {
        /// The name, shortened if it is long.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Two entries have the same name.
    #[error("the zip's entry {name:?} occurs twice")]
    Twice {
        /// Name of the entries.
        name: String,
    },
    /// An entry that is compressed, encrypted, or on another disk.
    #[error("the zip's entry {name:?} is {how}")]
    Unsupported {
        /// Name of the entry.
        name: String,
        /// What is unsupported about it.
        how: String,
    },
    /// The two descriptions of an entry differ.
    #[error("the zip's entry {name:?}: its {what} is {local} before the data and {central} in the directory")]
    Differs {
        /// Name of the entry.
        name: String,
        /// The field that differs.
        what: &'static str,
        /// Its value before the data.
        local: String,
        /// Its value in the directory.
        central: String,
    },
    /// Entries that overlap, or bytes that belong to none.
    #[error(
        "the zip's entry {name:?} starts at byte {got}, expected {expected}: entries overlap or hide something"
    )]
    Layout {
        /// Name of the entry, or a word for the directory.
        name: String,
        /// The end of the entry before it.
        expected: u64,
        /// The position of the entry.
        got: u64,
    },
}
