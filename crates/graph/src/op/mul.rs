//! `Y = A · B`, elementwise, where `B` has the shape of `A`, or one value per channel:
//! `Y[n, c, y, x] = A[n, c, y, x] · B[n, c]`, the gate of a squeeze-and-excitation block.

use super::*;
use striate_kernels::{ProductSums, reference};

/// The elementwise product, or a factor for each channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mul {}

/// Whether `b` has one value for each channel of the image `a`.
pub(crate) fn is_gate_of(a: &[usize], b: &[usize]) -> bool {
    a.len() == 3 && a != b && matches!(*b, [c] | [c, 1, 1] if c == a[0])
}

impl Operation for Mul {
    fn name(&self) -> &'static str {
        "mul"
    }
    fn limit(&self, _: &[usize]) -> Option<Limit> {
        Some(Limit::Moves)
    }
    fn role(&self) -> Role {
        Role::Merge
    }
    fn sign(&self) -> Sign {
        Sign::OfInputs
    }
    fn reads(&self, i: usize, inputs: &[&[usize]]) -> Reads {
        if i == 1 && is_gate_of(inputs[0], inputs[1]) { Reads::whole(inputs[1]) } else { Reads::SAME }
    }
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        match inputs {
            [a, b] if a == b || is_gate_of(a, b) => Ok(a.to_vec()),
            [a, b] => {
                let problem = format!(
                    "mul of {a:?} and {b:?}; both must have the same shape, or the second one value for each channel of \
                     the first, as adaptive_avg_pool2d(1) leaves"
                );
                Err(ShapeError::plain(None, problem))
            }
            _ => Err(ShapeError::plain(None, format!("mul expects two inputs, got {}", inputs.len()))),
        }
    }
    fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
        Cost::of_values(output)
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        reference::mul(at.x[0], at.x[1])
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let (a, b) = reference::mul_vjp(at.x[0], at.x[1], grad_output);
        Gradients { inputs: vec![a, b], params: Vec::new() }
    }

    fn forward(&self, at: &mut ForwardKernels<'_>) {
        at.program.push(striate_kernels::Mul { a: at.x[0], b: at.x[1], y: at.y });
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        let (dy, a, b) = (at.dy, at.x[0], at.x[1]);
        if let Some(y) = at.dx[0] {
            at.program.push(striate_kernels::Mul { a: dy, b, y });
        }
        let Some(y) = at.dx[1] else { return };
        if is_gate_of(at.shapes[0], at.shapes[1]) {
            at.program.push(ProductSums { a: dy, b: Some(a), y });
        } else {
            at.program.push(striate_kernels::Mul { a: dy, b: a, y });
        }
    }
}
