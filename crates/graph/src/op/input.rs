//! The images given to a network: `[N, C, H, W]`.

use super::*;
use striate_kernels::Import;

/// The input of a network: the first node of every graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The number of channels of an image.
    pub channels: usize,
    /// The height of an image, in rows.
    pub height: usize,
    /// The width of an image, in columns.
    pub width: usize,
}

impl Operation for Input {
    fn name(&self) -> &'static str {
        "input"
    }
    fn limit(&self, _: &[usize]) -> Option<Limit> {
        Some(Limit::Copies)
    }
    fn role(&self) -> Role {
        Role::Input
    }
    fn shape(&self, _: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let shape = vec![self.channels, self.height, self.width];
        if shape.contains(&0) {
            return Err(ShapeError::plain(None, format!("an image of shape {shape:?} is empty")));
        }
        Ok(shape)
    }
    fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
        Cost::of_values(output)
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        at.x[0].to_vec()
    }
    fn reference_vjp(&self, _: &Reference<'_>, _: &[f64]) -> Gradients {
        Gradients::default()
    }
    fn forward(&self, at: &mut ForwardKernels<'_>) {
        at.program.push(Import { y: at.y });
    }
    fn backward(&self, _: &mut BackwardKernels<'_>) {}
}
