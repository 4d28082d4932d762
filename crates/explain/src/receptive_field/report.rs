//! The receptive fields of a network as a report.

use std::path::PathBuf;

use serde::Serialize;

use super::Layers;

/// The receptive field of every layer of a network, as `striate summary --rf --json` prints it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldsReport {
    /// The name of the network, such as the path of its file.
    pub model: String,
    /// The receptive fields of the layers.
    #[serde(flatten)]
    pub layers: Layers,
    /// The files that show the receptive fields; empty where none was written.
    pub files: Vec<PathBuf>,
}
