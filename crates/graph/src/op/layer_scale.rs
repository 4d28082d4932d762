//! Layer scale: `Y[n, c, y, x] = X[n, c, y, x] · layer_scale[c]`, with one learned factor per channel.
//!
//! # Source
//! Touvron et al., "Going deeper with Image Transformers", 2021, section 2.

use super::*;
use striate_kernels::{ProductSums, SampleSums, ScaleChannels, reference};

/// Scales each channel by a learned factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerScale {
    /// The number of channels of the input.
    pub num_channels: usize,
    /// The initial value of the factors; `None` means 1. Never stored.
    #[serde(skip)]
    pub init: Option<f32>,
}

impl Operation for LayerScale {
    fn name(&self) -> &'static str {
        "layer_scale"
    }
    fn limit(&self, _: &[usize]) -> Option<Limit> {
        Some(Limit::Moves)
    }
    fn role(&self) -> Role {
        Role::Norm
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
        vec![ParamSpec::new(
            "layer_scale",
            &[self.num_channels, 1, 1],
            Init::Constant(self.init.unwrap_or(1.0)),
        )]
    }
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let image = image("layer_scale", one(inputs)?)?;
        if image[0] != self.num_channels {
            let problem = format!(
                "layer_scale expects {} channels, got {}; set num_channels to {}",
                self.num_channels, image[0], image[0]
            );
            return Err(ShapeError::plain(Some(image.to_vec()), problem));
        }
        Ok(image.to_vec())
    }
    fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
        Cost::of_values(output)
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        reference::scale_channels(at.n, at.x[0], &at.params[0])
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let inputs = vec![reference::scale_channels(at.n, grad_output, &at.params[0])];
        let channels = self.num_channels;
        let factors = vec![1.0; at.n * channels];
        let (_, of_samples) = reference::mul_vjp(at.x[0], &factors, grad_output);
        let mut grad = vec![0.0; channels];
        of_samples.iter().enumerate().for_each(|(i, sum)| grad[i % channels] += sum);
        Gradients { inputs, params: vec![grad] }
    }

    fn param_layout(&self, _: usize, _: &Plane) -> Option<ParamLayout> {
        Some(ParamLayout::channels(self.num_channels))
    }
    fn forward(&self, at: &mut ForwardKernels<'_>) {
        at.program.push(ScaleChannels { x: at.x[0], y: at.y, factors: at.params[0] });
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        let (x, dy, factors) = (at.x[0], at.dy, at.params[0]);
        if let Some(y) = at.dx[0] {
            at.program.push(ScaleChannels { x: dy, y, factors });
        }
        if let Some(gradient) = at.grads[0] {
            let sums = at.scratch(Plane::vector(self.num_channels));
            at.program.push(ProductSums { a: dy, b: Some(x), y: sums });
            at.program.push(SampleSums { x: sums, gradient });
        }
    }
}
