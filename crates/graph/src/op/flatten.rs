//! Flattens an image into a vector: `Y[n, (c·H + y)·W + x] = X[n, c, y, x]`. The engine stores images in blocks of
//! channels, so this operation moves values; it takes a thousandth of the time of the layer after it.

use super::*;
use striate_kernels::Unflatten;

/// Flattens `[C, H, W]` to `[C·H·W]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flatten {}

impl Operation for Flatten {
    fn name(&self) -> &'static str {
        "flatten"
    }
    fn limit(&self, _: &[usize]) -> Option<Limit> {
        Some(Limit::Moves)
    }
    fn role(&self) -> Role {
        Role::Reshape
    }
    fn sign(&self) -> Sign {
        Sign::OfInputs
    }
    fn shift(&self, _: &dyn Fn(&str) -> Vec<f64>) -> Option<Shift> {
        Some(Shift::Zero)
    }
    fn reads(&self, _: usize, inputs: &[&[usize]]) -> Reads {
        // Each output reads one value of the image, which depends on its position in the vector; these spans cannot express
        // that.
        let whole = Reads::whole(inputs[0]);
        Reads { exact: matches!(inputs[0][..], [_] | [_, 1, 1]), ..whole }
    }
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let shape = one(inputs)?;
        let too_many =
            || ShapeError::plain(None, format!("flatten of {shape:?}, which has 2^32 numbers or more"));
        Ok(vec![values_of(shape).ok_or_else(too_many)?])
    }
    fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
        Cost::of_values(output)
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        at.x[0].to_vec()
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let _ = at;
        Gradients { inputs: vec![grad_output.to_vec()], params: Vec::new() }
    }

    fn forward(&self, at: &mut ForwardKernels<'_>) {
        at.program.push(striate_kernels::Flatten { x: at.x[0], y: at.y });
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        if let Some(dx) = at.dx[0] {
            at.program.push(Unflatten { dy: at.dy, dx });
        }
    }
}
