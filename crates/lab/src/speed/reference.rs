//! The network that the benchmark of the machine runs.

use striate_graph::Forward;
use striate_models::registry;

/// The name of the network in the registry.
pub const REFERENCE: &str = "convnet";

/// The network for this number of classes and input channels.
pub(super) fn reference(classes: usize, channels: usize) -> Box<dyn Forward> {
    let info = registry::find(REFERENCE).expect("it is known by name");
    (info.build)(classes, channels)
}
