//! The network and the image that a report is about.

use serde::Serialize;

/// The network and the image of a report, and what the network predicts for the image.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Subject {
    /// The name of the network, such as the path of its file.
    pub model: String,
    /// The name of the image, such as its path, or `digits:7`.
    pub image: String,
    /// The name of the class with the highest logit.
    pub class: String,
    /// The probability of that class, 0 to 1.
    pub probability: f32,
}
