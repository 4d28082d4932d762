//! Dropout: `Y = X · M / (1 − p)`, where each value of the mask `M` is 0 with probability `p` and 1 otherwise. It
//! exists only in graphs for training.
//!
//! The mask is a pure function of (seed, update, sample, layer, element): nothing has to be stored for the backward pass, or
//! restored when a run resumes.

use super::*;
use striate_base::fnv1a64;
use striate_kernels::{DropoutUnit, dropout_keeps, reference};

/// Zeroes each value with probability `p` and scales the others by `1 / (1 − p)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropout {
    /// The probability of a zero, at least 0 and below 1.
    pub p: f32,
}

/// A number derived from the layer's name (FNV-1a), so that different layers drop different elements.
pub(super) fn salt(name: &str) -> u64 {
    fnv1a64(name.as_bytes())
}

impl Dropout {
    fn mask(&self, at: &Reference<'_>) -> Vec<bool> {
        let plane = match *at.shape {
            [c, h, w] => Plane::blocked(c, [h, w], [0, 0]),
            _ => Plane::vector(at.shape.iter().product()),
        };
        let (seed, update) = at.random;
        let pixels = plane.height * plane.width;
        let keeps = |i: usize| {
            let (n, c, pixel) = (i / (plane.channels * pixels), i / pixels % plane.channels, i % pixels);
            let element = plane.index(c, pixel / plane.width, pixel % plane.width);
            dropout_keeps(seed, update, n, salt(at.name), element, self.p)
        };
        (0..at.n * plane.channels * pixels).map(keeps).collect()
    }
}

impl Operation for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
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
        probability("dropout", self.p, shape)
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
        let (x, y, p, unit, salt) = (at.x[0], at.y, self.p, DropoutUnit::Value, salt(at.name));
        at.program.push(striate_kernels::Dropout { x, y, p, unit, salt });
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        if let Some(y) = at.dx[0] {
            let (x, p, unit, salt) = (at.dy, self.p, DropoutUnit::Value, salt(at.name));
            at.program.push(striate_kernels::Dropout { x, y, p, unit, salt });
        }
    }
}
