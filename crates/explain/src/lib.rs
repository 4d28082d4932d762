//! Inspection of a network on one image: feature maps, kernels, receptive fields, attribution, and single values decomposed
//! into their products.
//!
//! **Floor 3**, beside `models` and `train`. It runs graphs of `striate-graph` and draws with `striate-report`.
//!
//! Where to start reading:
//! * [`summary`](summary()) lists the layers of a network with their cost and receptive field; [`shades`] draws feature maps as
//!   text.
//! * [`maps`] draws the feature maps of each layer for an image, and [`filters`] draws the kernels of the layers.
//! * [`attribution`] computes how much each pixel of an image contributes to a class.
//! * [`receptive_field`] computes which pixels a value depends on.
//! * [`xray`] decomposes one value, down to each product, and verifies the sum.
//! * Each of them has a report, such as [`maps::MapsReport`]: its result in numbers, which serde writes as the JSON that the
//!   command of the same name prints.
//!
//! Invariants:
//! * A network is never modified: edits and taps belong to the session that is passed in.
//! * A method that does not apply returns an error that says why and names alternatives.
//!
//! # Example
//!
//! ```
//! use striate_explain::summary;
//! use striate_graph::Graph;
//!
//! let graph: Graph = serde_json::from_str(
//!     r#"{ "nodes": [
//!         { "op": { "op": "input", "channels": 1, "height": 2, "width": 2 },
//!           "inputs": [], "shape": [1, 2, 2], "name": "input", "layer": "" },
//!         { "op": { "op": "flatten" }, "inputs": [0], "shape": [4], "name": "flatten", "layer": "" },
//!         { "op": { "op": "linear", "in_features": 4, "out_features": 3, "bias": true },
//!           "inputs": [1], "shape": [3], "name": "fc", "layer": "fc" }
//!     ], "output": 2 }"#,
//! )?;
//! assert!(summary(&graph).to_string().contains("fc"));
//! # Ok::<(), serde_json::Error>(())
//! ```

pub mod attribution;
mod error;
pub mod filters;
#[cfg(test)]
mod legible;
pub mod maps;
pub mod receptive_field;
mod shades;
mod subject;
pub mod summary;
#[cfg(test)]
mod testing;
pub mod xray;

pub use error::ExplainError;
pub use shades::shades;
pub use subject::Subject;
pub use summary::{Summary, SummaryReport, summary};
