//! One decomposed value of a network as a report.

use std::path::PathBuf;

use serde::Serialize;

use super::Xray;
use crate::Subject;

/// One value of a network on one image, with every product, as `striate xray --json` prints it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct XrayReport {
    /// The network, the image and the prediction.
    #[serde(flatten)]
    pub subject: Subject,
    /// The decomposed value.
    #[serde(flatten)]
    pub xray: Xray,
    /// The files that show the value; empty where none was written.
    pub files: Vec<PathBuf>,
}
