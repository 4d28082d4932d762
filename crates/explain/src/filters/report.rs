//! The kernels of a network in numbers.

use std::path::PathBuf;

use serde::Serialize;
use striate_report::scale::Scale;

use super::{FilterStats, Filters};

/// The kernels of some layers of a network, as `striate filters --json` prints them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FiltersReport {
    /// The name of the network, such as the path of its file.
    pub model: String,
    /// The layers, in the order in which they run.
    pub layers: Vec<LayerFilters>,
}

/// The kernels of one layer, in numbers; made by [`Filters::report`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerFilters {
    /// The path of the layer.
    pub name: String,
    /// The operation, in the words of PyTorch's functional API.
    pub op: &'static str,
    /// The shape `[C_out, C_in / groups, kh, kw]`; a kernel of a linear layer has the shape of the image before the
    /// flatten.
    pub shape: [usize; 4],
    /// Whether the three input channels are the red, green and blue of the image.
    pub rgb: bool,
    /// The color scale that all kernels of the layer share.
    pub scale: Scale,
    /// All kernels, the one with the largest norm first.
    pub filters: Vec<FilterStats>,
    /// The files that show the layer; empty where none was written.
    pub files: Vec<PathBuf>,
}

impl Filters {
    /// Converts the layer into numbers. `files` are the files that show it.
    pub fn report(&self, files: Vec<PathBuf>) -> LayerFilters {
        LayerFilters {
            name: self.name.clone(),
            op: self.op,
            shape: self.shape,
            rgb: self.is_rgb,
            scale: self.scale,
            filters: self.ranked(),
            files,
        }
    }
}
