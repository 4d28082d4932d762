//! The purpose of a plan's kernels: which nodes they compute, by which algorithm, and at what cost.

use crate::facts::AlgorithmChoice;
use crate::node_id::NodeId;

/// The pass of a program that kernels belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pass {
    /// Computes values.
    Forward,
    /// Computes the loss and its gradient.
    Loss,
    /// Computes gradients.
    Backward,
    /// Computes the new parameters.
    Update,
}

/// Consecutive kernels of a program, and their purpose.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) pass: Pass,
    pub(crate) nodes: Vec<NodeId>,
    pub(crate) choice: AlgorithmChoice,
    /// For one sample.
    pub(crate) multiply_adds: u64,
    /// Index of the kernel after the last.
    pub(crate) end: usize,
}

/// What one part of a plan computes, and what it took: the kernels of one node, or of several that passes have fused.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The pass that it belongs to.
    pub pass: Pass,
    /// The nodes of the graph that it computes, in order; empty for work that belongs to no node.
    pub nodes: Vec<NodeId>,
    /// The algorithm, and why it was chosen.
    pub choice: AlgorithmChoice,
    /// Multiply-adds for all samples, as papers count them; the gradient of the input and that of the weights count once each.
    pub multiply_adds: u64,
    /// Bytes of the buffers that its kernels read and write, counted once per tile of samples: inputs, parameters and outputs
    /// as they lie in memory, with halos and unused lanes.
    pub bytes: u64,
    /// Its kernels by name, with the seconds that each took.
    pub kernels: Vec<(&'static str, f64)>,
}

impl Explained {
    /// Seconds of all its kernels together.
    pub fn seconds(&self) -> f64 {
        self.kernels.iter().map(|(_, seconds)| seconds).sum()
    }
}

/// The parts of a program with their cost for a run of `n` samples; `kernels` and `bytes` have one entry per kernel.
pub(crate) fn explained(
    parts: &[Part],
    kernels: &[(&'static str, f64)],
    bytes: &[u64],
    n: usize,
) -> Vec<Explained> {
    let starts = [0].into_iter().chain(parts.iter().map(|part| part.end));
    let one = |(start, part): (usize, &Part)| Explained {
        pass: part.pass,
        nodes: part.nodes.clone(),
        choice: part.choice.clone(),
        multiply_adds: part.multiply_adds.saturating_mul(n as u64),
        bytes: bytes[start..part.end].iter().sum(),
        kernels: kernels[start..part.end].to_vec(),
    };
    starts.zip(parts).map(one).collect()
}
