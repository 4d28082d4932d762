//! What the kernels of a plan are for: which nodes they compute, by which algorithm, and what that takes.

use crate::facts::Choice;
use crate::node_id::NodeId;

/// What kernels are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pass {
    /// Values.
    Forward,
    /// The loss and its gradient.
    Loss,
    /// Gradients.
    Backward,
    /// New parameters.
    Update,
}

/// Kernels that follow each other in a program, and what they are for.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) pass: Pass,
    pub(crate) nodes: Vec<NodeId>,
    pub(crate) choice: Choice,
    /// Of one sample.
    pub(crate) multiply_adds: u64,
    /// The kernel behind the last.
    pub(crate) end: usize,
}

/// What one part of a plan computes, and what it took: the kernels of one node, or of several that passes have joined.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// What it is for.
    pub pass: Pass,
    /// The nodes of the graph that it computes, in order; none of what belongs to no node.
    pub nodes: Vec<NodeId>,
    /// By which algorithm, and why.
    pub choice: Choice,
    /// Multiply-adds of all samples, as papers count them; a gradient of the input and one of the weights count once each.
    pub multiply_adds: u64,
    /// Bytes of the buffers that its kernels read and write, each once a tile of samples: inputs, parameters and outputs as they
    /// lie in memory, with halos and empty lanes.
    pub bytes: u64,
    /// Its kernels, with the seconds that each took.
    pub kernels: Vec<(&'static str, f64)>,
}

impl Explained {
    /// Seconds of all its kernels.
    pub fn seconds(&self) -> f64 {
        self.kernels.iter().map(|(_, seconds)| seconds).sum()
    }
}

/// The parts of a program with what a run of `n` samples took; `kernels` and `bytes` are one a kernel.
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
