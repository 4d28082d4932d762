//! Stochastic depth: `Y = X · m / (1 − p)`, where `m` of each sample is 0 with probability `p` and 1 otherwise. It
//! exists only in graphs for training.
//!
//! The draw is a pure function of (seed, update, sample, layer), like that of dropout.
//!
//! # Source
//! Huang et al., "Deep Networks with Stochastic Depth", 2016.

use super::dropout::salt;
use super::*;
use striate_kernels::{DropoutUnit, dropout_keeps, reference};

/// Zeroes whole samples with probability `p` and scales the others by `1 / (1 − p)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StochasticDepth {
    /// The probability that a sample is zeroed, at least 0 and below 1.
    pub p: f32,
}

impl StochasticDepth {
    fn mask(&self, at: &Reference<'_>) -> Vec<bool> {
        let (seed, update) = at.random;
        let len = at.x[0].len() / at.n.max(1);
        let keeps = |n: usize| dropout_keeps(seed, update, n, salt(at.name), 0, self.p);
        (0..at.n).flat_map(|n| vec![keeps(n); len]).collect()
    }
}

impl Operation for StochasticDepth {
    fn name(&self) -> &'static str {
        "stochastic_depth"
    }
    fn role(&self) -> Role {
        Role::Noise
    }
    fn sign(&self) -> Sign {
        Sign::OfInputs
    }
    fn reads(&self, _: usize, _: &[&[usize]]) -> Reads {
        Reads::SAME
    }
    fn shift(&self, _: &dyn Fn(&str) -> Vec<f64>) -> Option<Shift> {
        Some(Shift::Zero)
    }
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let shape = one(inputs)?.to_vec();
        probability("stochastic_depth", self.p, shape)
    }
    fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
        Cost::of_values(output)
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        reference::dropout(at.x[0], &self.mask(at), self.p.into())
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let grad = reference::dropout_vjp(grad_output, &self.mask(at), self.p.into());
        Gradients { inputs: vec![grad], params: Vec::new() }
    }

    fn forward(&self, at: &mut ForwardKernels<'_>) {
        let (x, y, p, unit, salt) = (at.x[0], at.y, self.p, DropoutUnit::Sample, salt(at.name));
        at.program.push(striate_kernels::Dropout { x, y, p, unit, salt });
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        if let Some(y) = at.dx[0] {
            let (x, p, unit, salt) = (at.dy, self.p, DropoutUnit::Sample, salt(at.name));
            at.program.push(striate_kernels::Dropout { x, y, p, unit, salt });
        }
    }
}
