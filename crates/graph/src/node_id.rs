//! The index by which nodes are identified.

/// The index of a node in its graph. The inputs of a node have smaller indices.
pub type NodeId = usize;
