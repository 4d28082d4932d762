//! `Y = A + B`: the sum of two values of the same shape, such as the shortcut of a residual network.

use super::*;
use striate_kernels::{Copy, reference};

/// The elementwise sum of two values of the same shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Add {}

impl Operation for Add {
    fn name(&self) -> &'static str {
        "add"
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
    fn reads(&self, _: usize, _: &[&[usize]]) -> Reads {
        Reads::SAME
    }
    fn shift(&self, _: &dyn Fn(&str) -> Vec<f64>) -> Option<Shift> {
        Some(Shift::Zero)
    }
    fn terms(&self, _: &[&[usize]], _: [usize; 3]) -> Option<Terms> {
        Some(Terms::Sum)
    }
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        match inputs {
            [a, b] if a == b => Ok(a.to_vec()),
            [a, b] => {
                let problem = format!(
                    "add of {a:?} and {b:?}; both must have the same shape; a shortcut past a layer that \
                                       changes it needs a 1x1 convolution with the same stride and out_channels"
                );
                Err(ShapeError::plain(None, problem))
            }
            _ => Err(ShapeError::plain(None, format!("add expects two inputs, got {}", inputs.len()))),
        }
    }
    fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
        Cost::of_values(output)
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        reference::add(at.x[0], at.x[1])
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let _ = at;
        let (a, b) = reference::add_vjp(grad_output);
        Gradients { inputs: vec![a, b], params: Vec::new() }
    }

    fn takes_activation(&self) -> bool {
        true
    }
    fn forward(&self, at: &mut ForwardKernels<'_>) {
        let ([a, b], act) = ([at.x[0], at.x[1]], at.activation);
        at.program.push(striate_kernels::Add { a, b, y: at.y, act });
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        at.pass_end();
        for dx in at.dx.clone().into_iter().flatten() {
            at.program.push(Copy { x: at.dy, y: dx });
        }
    }
}
