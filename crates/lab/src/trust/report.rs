//! The results of the tests of attribution methods, as data.

use std::path::PathBuf;

use serde::Serialize;

use super::Trust;

/// The tests of the attribution methods on one network, as `striate trust --json` prints them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrustReport {
    /// The name of the network, such as the path of its file.
    pub model: String,
    /// The results of the tests.
    #[serde(flatten)]
    pub trust: Trust,
    /// The files that show the results; empty where none was written.
    pub files: Vec<PathBuf>,
}
