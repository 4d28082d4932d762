//! Rectified linear units: `Y = max(0, X)` and `Y = min(6, max(0, X))`.

use super::*;
use striate_kernels::{Activate, ActivateBackward, reference};

/// `max(0, x)`; its derivative at 0 is 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relu {}

impl Operation for Relu {
    fn name(&self) -> &'static str {
        "relu"
    }
    fn role(&self) -> Role {
        Role::Activation
    }
    fn sign(&self) -> Sign {
        Sign::NonNegative
    }
    fn reads(&self, _: usize, _: &[&[usize]]) -> Reads {
        Reads::SAME
    }
    fn terms(&self, _: &[&[usize]], _: [usize; 3]) -> Option<Terms> {
        Some(Terms::Own)
    }
    fn activation(&self) -> Option<Activation> {
        Some(Activation::Relu)
    }
    fn shift(&self, _: &dyn Fn(&str) -> Vec<f64>) -> Option<Shift> {
        Some(Shift::Zero)
    }
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        Ok(one(inputs)?.to_vec())
    }
    fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
        Cost::of_values(output)
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        reference::relu(at.x[0])
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let grad = match at.relu {
            ReluRule::Gradient => reference::relu_vjp(at.x[0], grad_output),
            ReluRule::Guided => reference::relu_guided_vjp(at.x[0], grad_output),
        };
        Gradients { inputs: vec![grad], params: Vec::new() }
    }

    fn forward(&self, at: &mut Forward<'_>) {
        at.program.push(Activate { x: at.x[0], y: at.y, act: Activation::Relu });
    }
    fn backward(&self, at: &mut Backward<'_>) {
        if let Some(dx) = at.dx[0] {
            let (act, rule) = (Activation::Relu, at.relu);
            at.program.push(ActivateBackward { y: at.y, dy: at.dy, dx, act, rule });
        }
    }
}

/// `min(6, max(0, x))`; its derivative at 0 and 6 is 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relu6 {}

impl Operation for Relu6 {
    fn name(&self) -> &'static str {
        "relu6"
    }
    fn role(&self) -> Role {
        Role::Activation
    }
    fn sign(&self) -> Sign {
        Sign::NonNegative
    }
    fn reads(&self, _: usize, _: &[&[usize]]) -> Reads {
        Reads::SAME
    }
    fn terms(&self, _: &[&[usize]], _: [usize; 3]) -> Option<Terms> {
        Some(Terms::Own)
    }
    fn activation(&self) -> Option<Activation> {
        Some(Activation::Relu6)
    }
    fn shift(&self, _: &dyn Fn(&str) -> Vec<f64>) -> Option<Shift> {
        Some(Shift::OfOutput(|y| if y >= 6.0 { 6.0 } else { 0.0 }))
    }
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        Ok(one(inputs)?.to_vec())
    }
    fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
        Cost::of_values(output)
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        reference::relu6(at.x[0])
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let grad = match at.relu {
            ReluRule::Gradient => reference::relu6_vjp(at.x[0], grad_output),
            ReluRule::Guided => reference::relu6_guided_vjp(at.x[0], grad_output),
        };
        Gradients { inputs: vec![grad], params: Vec::new() }
    }

    fn forward(&self, at: &mut Forward<'_>) {
        at.program.push(Activate { x: at.x[0], y: at.y, act: Activation::Relu6 });
    }
    fn backward(&self, at: &mut Backward<'_>) {
        if let Some(dx) = at.dx[0] {
            let (act, rule) = (Activation::Relu6, at.relu);
            at.program.push(ActivateBackward { y: at.y, dy: at.dy, dx, act, rule });
        }
    }
}
