//! What a network sees in one image: feature maps, kernels, receptive fields, attribution, and single values taken apart.
//!
//! **Floor 3**, beside `models` and `train`. It runs graphs of `striate-graph` and draws with `striate-report`.
//!
//! Where to start reading:
//! * [`summary`](summary()) lists the layers of a network with what each costs and sees; [`shades`] draws feature maps
//!   as text.
//! * [`maps`] shows what each layer makes of an image, and [`filters`] shows the kernels it does it with.
//! * [`attribution`] says which pixels of an image a class is due to.
//! * [`receptive_field`] says which pixels a value depends on.
//! * [`xray`] takes one value apart, down to each product, and proves the sum.
//!
//! Invariants:
//! * A network is never changed: edits and taps belong to the session that is handed in.
//! * Where an instrument does not apply, it returns an error that says why and names what does.
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
//! assert!(summary("tiny", &graph).to_string().contains("fc"));
//! # Ok::<(), serde_json::Error>(())
//! ```

pub mod attribution;
mod error;
pub mod filters;
pub mod maps;
pub mod receptive_field;
mod shades;
pub mod summary;
#[cfg(test)]
mod testing;
pub mod xray;

pub use error::ExplainError;
pub use shades::shades;
pub use summary::{Summary, summary};
