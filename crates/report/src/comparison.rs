//! The result of another classifier on the same images.

use serde::Serialize;

/// The result of another classifier on the same images, for comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The name of the classifier.
    pub name: String,
    /// The number of correct predictions.
    pub hits: u64,
    /// The number of images.
    pub images: u64,
}
