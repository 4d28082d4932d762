//! How nodes are told apart.

/// Index of a node in its graph; inputs come before.
pub type NodeId = usize;
