//! An embedding as data: the coordinates, with the names of the network and of the data set.

use std::path::PathBuf;

use serde::Serialize;

use super::Embedding;

/// The images of a data set in three spaces of a network, as `striate embed --json` prints them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EmbeddingReport {
    /// The name of the network, such as the path of its file.
    pub model: String,
    /// The name of the data set.
    pub data: String,
    /// The names of the classes; the labels of the images are indices into them.
    pub classes: Vec<String>,
    /// The images and their coordinates.
    #[serde(flatten)]
    pub embedding: Embedding,
    /// The files that show the embedding; empty where none was written.
    pub files: Vec<PathBuf>,
}
