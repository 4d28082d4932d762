//! What can be wrong with a zip.

/// What is wrong with a zip.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZipError {
    /// Not the record that must stand there.
    #[error("byte {at} of the zip: no {what} here")]
    Record {
        /// Which record.
        what: &'static str,
        /// Where.
        at: u64,
    },
    /// More entries than anybody needs.
    #[error("{got} entries in the zip, at most {limit} are read")]
    Entries {
        /// How many there are said to be.
        got: u64,
        /// How many are allowed.
        limit: u64,
    },
    /// A name that is no plain path.
    #[error("the zip's entry {name:?}: {why}")]
    Name {
        /// The name, its first letters if it is long.
        name: String,
        /// Why not.
        why: &'static str,
    },
    /// Two entries of one name.
    #[error("the zip's entry {name:?} is there twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// Compressed, encrypted, or on another disk.
    #[error("the zip's entry {name:?} is {how}")]
    Unsupported {
        /// The entry.
        name: String,
        /// What it is.
        how: String,
    },
    /// The two descriptions of an entry differ.
    #[error("the zip's entry {name:?}: its {what} is {local} before the data and {central} in the directory")]
    Differs {
        /// The entry.
        name: String,
        /// Of what.
        what: &'static str,
        /// Beside the data.
        local: String,
        /// In the directory.
        central: String,
    },
    /// Entries that overlap, or bytes that belong to none.
    #[error(
        "the zip's entry {name:?} starts at byte {got}, expected {expected}: entries overlap or hide something"
    )]
    Layout {
        /// The entry, or the directory.
        name: String,
        /// Where the one before it ends.
        expected: u64,
        /// Where it is.
        got: u64,
    },
}
