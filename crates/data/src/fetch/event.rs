//! The events of a download.

use std::path::Path;

/// An event in the progress of a download.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchEvent<'a> {
    /// The file already exists, with the right content.
    Present {
        /// The file.
        path: &'a Path,
    },
    /// A file is requested from a mirror.
    Asking {
        /// The address of the file.
        url: &'a str,
        /// The expected size of the file in bytes; 0 when it is not known.
        bytes: u64,
    },
    /// The server resumes an interrupted download.
    Continuing {
        /// The number of bytes that were received earlier.
        bytes: u64,
    },
    /// Some bytes of the file have arrived.
    Received {
        /// The number of bytes received so far.
        bytes: u64,
        /// The size of the file in bytes; 0 when the server did not state it.
        of: u64,
    },
    /// A mirror failed; the next one is tried.
    Failed {
        /// The address of the file.
        url: &'a str,
        /// The reason.
        why: &'a str,
    },
    /// The file is complete and stored at its final path.
    Stored {
        /// The file.
        path: &'a Path,
    },
}
