//! Concatenation along the channels: `Y = [X_0, X_1, …]`, for feature maps of one size or for vectors.

use super::*;
use striate_kernels::{Channels, Run};

/// Concatenates the channels of all inputs, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Concat {}

impl Operation for Concat {
    fn name(&self) -> &'static str {
        "concat"
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
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let bad = |problem: String| Err(ShapeError::plain(None, problem));
        let Some(first) = inputs.first() else {
            return bad("concat of nothing; it needs at least two values".into());
        };
        if let Some(other) = inputs.iter().find(|x| x.len() != first.len() || x[1..] != first[1..]) {
            return bad(format!(
                "concat of {first:?} and {other:?}; all must have the same height and width: pad or pool one of them"
            ));
        }
        let channels = inputs.iter().try_fold(0_usize, |sum, x| sum.checked_add(x[0]));
        let Some(channels) = channels else { return bad("concat to 2^64 channels or more".into()) };
        Ok([&[channels], &first[1..]].concat())
    }
    fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
        Cost::of_values(output)
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        let one = |i: usize| at.shapes[i].iter().product::<usize>();
        let sample = |n: usize| (0..at.x.len()).flat_map(move |i| &at.x[i][n * one(i)..(n + 1) * one(i)]);
        (0..at.n).flat_map(sample).copied().collect()
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let mut inputs = vec![Vec::new(); at.x.len()];
        let mut rest = grad_output;
        for _ in 0..at.n {
            for (shape, grad) in at.shapes.iter().zip(&mut inputs) {
                let part;
                (part, rest) = rest.split_at(shape.iter().product());
                grad.extend_from_slice(part);
            }
        }
        Gradients { inputs, params: Vec::new() }
    }

    fn forward(&self, at: &mut ForwardKernels<'_>) {
        let runs = at.x.iter().map(|&x| Run { from: Some(x), channels: 0..x.plane.channels });
        at.program.push(Channels::new(runs.collect(), at.y));
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        let mut first = 0;
        for (dx, shape) in at.dx.clone().into_iter().zip(at.shapes) {
            let channels = first..first + shape[0];
            first = channels.end;
            if let Some(dx) = dx {
                at.program.push(Channels::new(vec![Run { from: Some(at.dy), channels }], dx));
            }
        }
    }
}
