//! What a download tells of its way.

use std::path::Path;

/// Progress of a download.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchEvent<'a> {
    /// A file was there already, with the right content.
    Present {
        /// The file.
        path: &'a Path,
    },
    /// A file is requested from a mirror.
    Asking {
        /// The address.
        url: &'a str,
        /// Size that the file has to have; 0 when that is not known.
        bytes: u64,
    },
    /// The server resumes an interrupted download.
    Continuing {
        /// Bytes that are here already.
        bytes: u64,
    },
    /// So much of the file has arrived.
    Received {
        /// Bytes so far.
        bytes: u64,
        /// Size of the file; 0 when nobody said.
        of: u64,
    },
    /// A mirror failed; the next one is tried.
    Failed {
        /// The address.
        url: &'a str,
        /// What went wrong.
        why: &'a str,
    },
    /// A file is complete and in its place.
    Stored {
        /// The file.
        path: &'a Path,
    },
}
