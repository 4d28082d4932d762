//! PReLU: `Y = X` where it is above 0, else `w[c] · X`, with a learned slope `w` for each channel, or one for all channels.
//!
//! # Source
//! He et al., "Delving Deep into Rectifiers", 2015, section 2.1.

use super::*;
use striate_kernels::{PReluBackward, reference};

/// A ReLU whose slope below 0 is learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PRelu {
    /// The number of slopes: 1, or one per channel.
    pub num_parameters: usize,
    /// The initial value of the slopes; `None` means 0.25. Never stored.
    #[serde(skip)]
    pub init: Option<f32>,
}

const WEIGHT: usize = 0;

impl PRelu {
    /// Number of values of a channel.
    fn plane(shape: &[usize]) -> usize {
        shape[1..].iter().product()
    }
    fn is_shared(&self) -> bool {
        self.num_parameters == 1
    }
}

impl Operation for PRelu {
    fn name(&self) -> &'static str {
        "prelu"
    }
    fn role(&self) -> Role {
        Role::Activation
    }
    fn reads(&self, _: usize, _: &[&[usize]]) -> Reads {
        Reads::SAME
    }
    fn terms(&self, _: &[&[usize]], _: [usize; 3]) -> Option<Terms> {
        Some(Terms::Own)
    }
    fn shift(&self, _: &dyn Fn(&str) -> Vec<f64>) -> Option<Shift> {
        Some(Shift::Zero)
    }
    fn params(&self) -> Vec<ParamSpec> {
        let init = Init::Constant(self.init.unwrap_or(0.25));
        vec![ParamSpec::new("weight", &[self.num_parameters], init)]
    }
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let input = one(inputs)?;
        let bad = |problem: String| Err(ShapeError::plain(Some(input.to_vec()), problem));
        let &[channels, ..] = input else {
            return bad("prelu expects an image [C, H, W] or a vector [C], got []".into());
        };
        if self.num_parameters != 1 && self.num_parameters != channels {
            return bad(format!(
                "prelu has {} slopes, but its input has {channels} channels; \
                 set num_parameters to {channels}, or to 1 for all",
                self.num_parameters
            ));
        }
        if self.init.is_some_and(|init| !init.is_finite()) {
            return bad(format!(
                "prelu starts with a slope of {}; it must be a finite number",
                self.init.unwrap_or(0.25)
            ));
        }
        Ok(input.to_vec())
    }
    fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
        Cost::of_values(output)
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        reference::prelu(at.n, at.shape[0], Self::plane(at.shape), at.x[0], &at.params[WEIGHT])
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let (n, c, plane) = (at.n, at.shape[0], Self::plane(at.shape));
        let (grad, weight) = reference::prelu_vjp(n, c, plane, at.x[0], &at.params[WEIGHT], grad_output);
        Gradients { inputs: vec![grad], params: vec![weight] }
    }

    fn param_layout(&self, _: usize, _: &Plane) -> Option<ParamLayout> {
        Some(ParamLayout::channels(self.num_parameters))
    }
    fn forward(&self, at: &mut ForwardKernels<'_>) {
        let (weight, is_shared) = (at.params[WEIGHT], self.is_shared());
        at.program.push(striate_kernels::PRelu { x: at.x[0], y: at.y, weight, is_shared });
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        let (x, dy, weight) = (at.x[0], at.dy, at.params[WEIGHT]);
        // The kernels compute both gradients in one pass; if that of the input is not needed, it goes to a scratch buffer.
        let dx = at.dx[0].unwrap_or_else(|| at.scratch(Plane { halo: [0, 0], ..at.dy.plane }));
        let dweight = at.grad_or_scratch(WEIGHT, ParamLayout::channels(self.num_parameters).len);
        PReluBackward { x, dy, dx, weight, dweight, is_shared: self.is_shared() }.push(at.program);
    }
}
