//! Softmax over the classes, `Y[n, c] = exp(X[n, c]) / Σ_k exp(X[n, k])`, and its logarithm.

use super::*;
use striate_kernels::{SoftmaxBackward, reference};

/// Probabilities from logits: `exp(x_i) / Σ_j exp(x_j)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Softmax {}

impl Operation for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }
    fn role(&self) -> Role {
        Role::Probability
    }
    fn sign(&self) -> Sign {
        Sign::NonNegative
    }
    fn reads(&self, _: usize, _: &[&[usize]]) -> Reads {
        Reads { all_values: true, ..Reads::SAME }
    }
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        match *one(inputs)? {
            [c] => Ok(vec![c]),
            ref other => {
                let problem =
                    format!("softmax expects a vector of logits, got {other:?}; add .flatten(1) before it");
                Err(ShapeError::plain(None, problem))
            }
        }
    }
    fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
        Cost::of_values(output)
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        reference::softmax(at.n, at.shape[0], at.x[0])
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let grad = reference::softmax_vjp(at.n, at.shape[0], at.x[0], grad_output);
        Gradients { inputs: vec![grad], params: Vec::new() }
    }

    fn forward(&self, at: &mut ForwardKernels<'_>) {
        at.program.push(striate_kernels::Softmax { x: at.x[0], y: at.y, log: false });
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        if let Some(dx) = at.dx[0] {
            at.program.push(SoftmaxBackward { y: at.y, dy: at.dy, dx, log: false });
        }
    }
}

/// Logarithms of probabilities from logits: `x_i − log Σ_j exp(x_j)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSoftmax {}

impl Operation for LogSoftmax {
    fn name(&self) -> &'static str {
        "log_softmax"
    }
    fn role(&self) -> Role {
        Role::Probability
    }
    fn reads(&self, _: usize, _: &[&[usize]]) -> Reads {
        Reads { all_values: true, ..Reads::SAME }
    }
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        match *one(inputs)? {
            [c] => Ok(vec![c]),
            ref other => {
                let problem = format!(
                    "log_softmax expects a vector of logits, got {other:?}; add .flatten(1) before it"
                );
                Err(ShapeError::plain(None, problem))
            }
        }
    }
    fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
        Cost::of_values(output)
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        reference::log_softmax(at.n, at.shape[0], at.x[0])
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let grad = reference::log_softmax_vjp(at.n, at.shape[0], at.x[0], grad_output);
        Gradients { inputs: vec![grad], params: Vec::new() }
    }

    fn forward(&self, at: &mut ForwardKernels<'_>) {
        at.program.push(striate_kernels::Softmax { x: at.x[0], y: at.y, log: true });
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        if let Some(dx) = at.dx[0] {
            at.program.push(SoftmaxBackward { y: at.y, dy: at.dy, dx, log: true });
        }
    }
}
