//! Dropout of channels: `Y[n, c] = X[n, c] · M[n, c] / (1 − p)`, where the mask `M` of a channel of a sample is 0
//! with probability `p` and 1 otherwise. It exists only in graphs for training.
//!
//! The mask is a pure function of (seed, update, sample, layer, channel), like that of [`Dropout`].
//!
//! # Source
//! Tompson et al., "Efficient Object Localization Using Convolutional Networks", 2015, section 3.2.

use super::dropout::salt;
use super::*;
use striate_kernels::{DropoutUnit, dropout_keeps, reference};

/// Zeroes each channel of each sample with probability `p` and scales the others by `1 / (1 − p)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropout2d {
    /// The probability of a zero, at least 0 and below 1.
    pub p: f32,
}

impl Dropout2d {
    fn mask(&self, at: &Reference<'_>) -> Vec<bool> {
        let (channels, pixels) = (at.shape[0], at.shape[1] * at.shape[2]);
        let ((seed, update), salt) = (at.random, salt(at.name));
        let keeps = |i: usize| {
            let (n, c) = (i / pixels / channels, i / pixels % channels);
            dropout_keeps(seed, update, n, salt, c, self.p)
        };
        (0..at.n * channels * pixels).map(keeps).collect()
    }
}

impl Operation for Dropout2d {
    fn name(&self) -> &'static str {
        "dropout2d"
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
        let shape = image("dropout2d", one(inputs)?)?.to_vec();
        probability("dropout2d", self.p, shape)
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
        let (x, y, p, unit, salt) = (at.x[0], at.y, self.p, DropoutUnit::Channel, salt(at.name));
        at.program.push(striate_kernels::Dropout { x, y, p, unit, salt });
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        if let Some(y) = at.dx[0] {
            let (x, p, unit, salt) = (at.dy, self.p, DropoutUnit::Channel, salt(at.name));
            at.program.push(striate_kernels::Dropout { x, y, p, unit, salt });
        }
    }
}
