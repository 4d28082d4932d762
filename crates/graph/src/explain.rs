//! The purpose of a plan's kernels: which nodes they compute, by which algorithm, and at what cost.

use crate::facts::AlgorithmChoice;
use crate::node_id::NodeId;

/// The pass of a program that kernels belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pass {
    /// The computation of values.
    Forward,
    /// The computation of the loss and its gradient.
    Loss,
    /// The computation of gradients.
    Backward,
    /// The update of the parameters.
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

/// One part of a plan with its cost: the kernels of one node, or of several that passes have fused.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The pass that it belongs to.
    pub pass: Pass,
    /// The nodes of the graph that it computes, in order; empty for work that belongs to no node.
    pub nodes: Vec<NodeId>,
    /// The algorithm, and the reason for it.
    pub choice: AlgorithmChoice,
    /// The multiply-adds for all samples, as papers count them; the gradient of the input and that of the weights count once
    /// each.
    pub multiply_adds: u64,
    /// The size in bytes of the buffers that its kernels read and write, counted once per tile of samples: inputs, parameters
    /// and outputs in their memory layout, with halos and unused lanes.
    pub bytes: u64,
    /// The names of its kernels, with the time of each in seconds.
    pub kernels: Vec<(&'static str, f64)>,
}

impl Explained {
    /// The total time of its kernels in seconds.
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
