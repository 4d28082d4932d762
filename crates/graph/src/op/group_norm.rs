//! Group normalization: `Y = (X − μ) / √(σ² + eps) · w + b`, with the mean μ and the biased variance σ² of a group of channels
//! of one sample. With as many groups as channels this is instance normalization; with one group it normalizes over the whole
//! sample.
//!
//! No sample depends on another, and no statistics are kept, so it is the same in training and in inference.
//!
//! # Source
//! Wu and He, "Group Normalization", 2018, equations 1, 2 and 7.

use super::*;
use striate_kernels::{GroupNormBackward, reference};

/// Group normalization: normalizes each group of channels of each sample over `[C / groups, H, W]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupNorm {
    /// The number of groups, which divides the number of channels.
    pub num_groups: usize,
    /// The number of channels of the input.
    pub num_channels: usize,
    /// The number that is added to the variance; PyTorch's default is 1e-5.
    pub eps: f32,
    /// Whether each channel has a learned weight and bias.
    pub affine: bool,
}

/// Indices of the parameters.
const WEIGHT: usize = 0;
const BIAS: usize = 1;

impl GroupNorm {
    /// `[N, C, values of a channel]`.
    fn sizes(at: &Reference<'_>) -> [usize; 3] {
        [at.n, at.shape[0], at.shape[1..].iter().product()]
    }
}

impl Operation for GroupNorm {
    fn name(&self) -> &'static str {
        "group_norm"
    }
    fn limit(&self, _: &[usize]) -> Option<Limit> {
        Some(Limit::Passes)
    }
    fn role(&self) -> Role {
        Role::Norm
    }
    fn reads(&self, i: usize, inputs: &[&[usize]]) -> Reads {
        Reads { all_values: true, ..Reads::whole(inputs[i]) }
    }
    fn params(&self) -> Vec<ParamSpec> {
        let one = |name, value| ParamSpec::new(name, &[self.num_channels], Init::Constant(value));
        if self.affine { vec![one("weight", 1.0), one("bias", 0.0)] } else { Vec::new() }
    }
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let input = one(inputs)?;
        let Self { num_groups, num_channels, eps, .. } = *self;
        let bad = |problem: String| Err(ShapeError::plain(Some(input.to_vec()), problem));
        let &[channels, ref rest @ ..] = input else {
            return bad("group_norm expects an image [C, H, W] or a vector [C], got []".into());
        };
        if channels != num_channels {
            return bad(format!(
                "group_norm expects {num_channels} channels, got {channels}; \
                 set num_channels (of an InstanceNorm2d num_features) to {channels}"
            ));
        }
        if num_groups == 0 || !num_channels.is_multiple_of(num_groups) {
            return bad(format!(
                "group_norm cannot split {num_channels} channels into {num_groups} groups; \
                 num_groups must divide {num_channels}"
            ));
        }
        if num_channels == num_groups && rest.iter().all(|&size| size == 1) {
            return bad(format!(
                "group_norm of {input:?} in {num_groups} groups has one value in each, which is its own mean; \
                 use fewer groups, or put it where the image is larger"
            ));
        }
        if !(eps > 0.0 && eps.is_finite()) {
            return bad(format!("group_norm with eps {eps}; eps must be above 0, such as 1e-5"));
        }
        Ok(input.to_vec())
    }
    fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
        Cost::of_values(output)
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        let parameters = self.affine.then(|| [WEIGHT, BIAS].map(|i| at.params[i].as_slice()));
        reference::group_norm(Self::sizes(at), self.num_groups, at.x[0], parameters, self.eps.into())
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let (sizes, groups, eps) = (Self::sizes(at), self.num_groups, self.eps.into());
        let weight = self.affine.then(|| at.params[WEIGHT].as_slice());
        let g = reference::group_norm_vjp(sizes, groups, at.x[0], weight, eps, grad_output);
        let params = if self.affine { vec![g.grad_weight, g.grad_bias] } else { Vec::new() };
        Gradients { inputs: vec![g.grad_input], params }
    }

    fn param_layout(&self, _: usize, _: &Plane) -> Option<ParamLayout> {
        self.affine.then(|| ParamLayout::channels(self.num_channels))
    }
    fn forward(&self, at: &mut ForwardKernels<'_>) {
        let parameters = self.affine.then(|| [WEIGHT, BIAS].map(|i| at.params[i]));
        let (x, y, groups, eps) = (at.x[0], at.y, self.num_groups, self.eps);
        let stats = striate_kernels::GroupNorm { x, y, groups, parameters, eps }.push(at.program);
        at.remember(stats);
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        let (x, dy, groups, stats) = (at.x[0], at.dy, self.num_groups, at.saved[0]);
        let weight = self.affine.then(|| at.params[WEIGHT]);
        let lanes = ParamLayout::channels(self.num_channels).len;
        let grads = (self.affine && at.grads.iter().any(Option::is_some))
            .then(|| [WEIGHT, BIAS].map(|i| at.grad_or_scratch(i, lanes)));
        // The kernels compute all gradients together; if that of the input is not needed, it goes to a scratch buffer.
        let dx = at.dx[0].unwrap_or_else(|| at.scratch(Plane { halo: [0, 0], ..at.dy.plane }));
        GroupNormBackward { x, dy, dx, groups, weight, grads, stats }.push(at.program);
    }
}
