//! The feature maps of a network on one image, in numbers.

use std::path::PathBuf;

use serde::Serialize;
use striate_report::scale::Scale;

use super::{FeatureMaps, MapStats};
use crate::Subject;

/// The feature maps of some layers of a network on one image, as `striate maps --json` prints them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MapsReport {
    /// The network, the image and the prediction.
    #[serde(flatten)]
    pub subject: Subject,
    /// The layers, in the order in which they run.
    pub layers: Vec<LayerMaps>,
}

/// The feature maps of one layer, in numbers; made by [`FeatureMaps::report`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerMaps {
    /// The name of the value.
    pub name: String,
    /// The operation, in the words of PyTorch's functional API.
    pub op: &'static str,
    /// The shape `[C, H, W]`, or `[F]` for a vector.
    pub shape: Vec<usize>,
    /// The color scale that all maps of the layer share.
    pub scale: Scale,
    /// The number of maps in which every value is 0.
    pub silent: usize,
    /// All maps, the strongest first.
    pub maps: Vec<MapStats>,
    /// The files that show the layer; empty where none was written.
    pub files: Vec<PathBuf>,
}

impl FeatureMaps {
    /// Converts the layer into numbers. `files` are the files that show it.
    ///
    /// # Example
    /// ```
    /// use striate_explain::maps::FeatureMaps;
    /// use striate_graph::Graph;
    ///
    /// let graph: Graph = serde_json::from_str(
    ///     r#"{ "nodes": [
    ///         { "op": { "op": "input", "channels": 2, "height": 1, "width": 2 },
    ///           "inputs": [], "shape": [2, 1, 2], "name": "input", "layer": "" },
    ///         { "op": { "op": "relu" }, "inputs": [0], "shape": [2, 1, 2], "name": "relu", "layer": "" }
    ///     ], "output": 1 }"#,
    /// )?;
    /// let report = FeatureMaps::new(&graph, 1, vec![0.0, 0.0, 0.0, 3.0]).report(Vec::new());
    /// assert_eq!((report.maps[0].map, report.maps[0].max, report.silent), (1, 3.0, 1));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn report(&self, files: Vec<PathBuf>) -> LayerMaps {
        let maps = self.ranked();
        LayerMaps {
            name: self.name.clone(),
            op: self.op,
            shape: self.shape.clone(),
            scale: self.scale,
            silent: maps.iter().filter(|map| map.is_silent()).count(),
            maps,
            files,
        }
    }
}
