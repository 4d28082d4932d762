//! A range of channels: `Y[n, c] = X[n, start + c]` for `c < length`, of feature maps or of vectors.

use super::*;
use striate_kernels::{Channels, Run};

/// Selects the channels `start .. start + length`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Narrow {
    /// The index of the first channel.
    pub start: usize,
    /// The number of channels.
    pub length: usize,
}

impl Operation for Narrow {
    fn name(&self) -> &'static str {
        "narrow"
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
    fn reads(&self, _: usize, _: &[&[usize]]) -> Reads {
        Reads::SAME
    }
    fn shift(&self, _: &dyn Fn(&str) -> Vec<f64>) -> Option<Shift> {
        Some(Shift::Zero)
    }
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let mut shape = one(inputs)?.to_vec();
        let channels = channels("narrow", &shape)?;
        let is_there = self.start.checked_add(self.length).is_some_and(|end| end <= channels);
        if self.length == 0 || !is_there {
            let problem = format!(
                "narrow to {} channels from channel {} of {channels}; there must be at least one channel, and none past the last",
                self.length, self.start
            );
            return Err(ShapeError::plain(None, problem));
        }
        shape[0] = self.length;
        Ok(shape)
    }
    fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
        Cost::of_values(output)
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        let plane: usize = at.shape[1..].iter().product();
        let samples = at.x[0].chunks_exact(at.shapes[0][0] * plane);
        samples.flat_map(|x| x[self.start * plane..].iter().take(self.length * plane).copied()).collect()
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let plane: usize = at.shape[1..].iter().product();
        let mut grad = vec![0.0; at.x[0].len()];
        let samples = grad.chunks_exact_mut(at.shapes[0][0] * plane);
        for (to, from) in samples.zip(grad_output.chunks_exact(self.length * plane)) {
            to[self.start * plane..][..from.len()].copy_from_slice(from);
        }
        Gradients { inputs: vec![grad], params: Vec::new() }
    }

    fn forward(&self, at: &mut ForwardKernels<'_>) {
        let channels = self.start..self.start + self.length;
        at.program.push(Channels::new(vec![Run { from: Some(at.x[0]), channels }], at.y));
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        let Some(dx) = at.dx[0] else { return };
        let zeros = |count: usize| Run { from: None, channels: 0..count };
        let behind = at.shapes[0][0] - self.start - self.length;
        let own = Run { from: Some(at.dy), channels: 0..self.length };
        at.program.push(Channels::new(vec![zeros(self.start), own, zeros(behind)], dx));
    }
}
