//! Floor 3 of Striate: the zoo, networks with names that people know.
//!
//! Below it: `striate-nn`, whose layers the networks are made of. Above it: the facade and the binary, which find a
//! network by name in the [`registry`].
//!
//! Start reading at `convnet.rs`: every network is built like it. To add one, write its file and its line in
//! `registry.rs`; the tests over `registry::all()` then hold for it.
//!
//! Invariants: a parameter's name is the one that PyTorch's twin gives it; `forward` names the shapes between the layers;
//! what a network's documentation says about its size is tested.
//!
//! # Example
//! ```
//! use striate_models::registry;
//! use striate_nn::{Mode, trace};
//!
//! let info = registry::find("convnet")?;
//! let graph = trace((info.build)(10, 1).as_ref(), Mode::Eval, info.input)?;
//! assert_eq!(graph.parameter_count(), 206_922);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// The derive names its traits by the path `::striate::graph`.
extern crate striate_nn as striate;

mod convnet;
mod lenet5;
mod mlp;
pub mod registry;

pub use convnet::ConvNet;
pub use lenet5::LeNet5;
pub use mlp::Mlp;
pub use registry::{ModelInfo, UnknownModel};
