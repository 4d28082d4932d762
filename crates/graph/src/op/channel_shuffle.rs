//! Channel shuffle: with `C / groups` channels in each of `groups` groups, `Y[n, i · groups + g] = X[n, g · C / groups + i]`,
//! so that each group of the output has channels of all groups of the input.
//!
//! # Source
//! Zhang et al., "ShuffleNet", 2018, section 3.1.

use super::*;
use striate_kernels::{Channels, Run, Value};

/// Interleaves the channels of the groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelShuffle {
    /// The number of groups, which divides the number of channels.
    pub groups: usize,
}

/// For each output channel of a shuffle of `channels` by `groups`, the input channel that it comes from.
fn sources(channels: usize, groups: usize) -> impl Iterator<Item = usize> {
    let in_group = channels / groups;
    (0..channels).map(move |c| c % groups * in_group + c / groups)
}

fn shuffle(from: Value, to: Value, groups: usize) -> Channels {
    let run = |c: usize| Run { from: Some(from), channels: c..c + 1 };
    Channels::new(sources(to.plane.channels, groups).map(run).collect(), to)
}

fn shuffled(x: &[f64], channels: usize, plane: usize, groups: usize) -> Vec<f64> {
    let of_sample = |x: &[f64]| -> Vec<f64> {
        sources(channels, groups).flat_map(|c| x[c * plane..][..plane].to_vec()).collect()
    };
    x.chunks_exact(channels * plane).flat_map(of_sample).collect()
}

impl Operation for ChannelShuffle {
    fn name(&self) -> &'static str {
        "channel_shuffle"
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
        let shape = one(inputs)?.to_vec();
        let channels = channels("channel_shuffle", &shape)?;
        if self.groups == 0 || !channels.is_multiple_of(self.groups) {
            let problem = format!(
                "channel_shuffle of {channels} channels in {} groups; the number of groups must divide the number of channels",
                self.groups
            );
            return Err(ShapeError::plain(Some(shape), problem));
        }
        Ok(shape)
    }
    fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
        Cost::of_values(output)
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        shuffled(at.x[0], at.shape[0], at.shape[1..].iter().product(), self.groups)
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let channels = at.shape[0];
        // The inverse is a shuffle with as many groups as there are channels in a group.
        let back = shuffled(grad_output, channels, at.shape[1..].iter().product(), channels / self.groups);
        Gradients { inputs: vec![back], params: Vec::new() }
    }

    fn forward(&self, at: &mut ForwardKernels<'_>) {
        at.program.push(shuffle(at.x[0], at.y, self.groups));
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        if let Some(dx) = at.dx[0] {
            at.program.push(shuffle(at.dy, dx, dx.plane.channels / self.groups));
        }
    }
}
