//! Layer normalization over the channels of each pixel: `Y = (X − μ) / √(σ² + eps) · w + b`, with the mean μ and the biased
//! variance σ² of the `C` values of a pixel.
//!
//! # Source
//! Ba et al., "Layer Normalization", 2016.

use super::*;
use striate_kernels::{LayerNorm, LayerNormBackward, ProductSums, SampleSums, reference};

/// Layer normalization over the channels of each pixel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerNorm2d {
    /// The number of channels of the input.
    pub num_channels: usize,
    /// The number that is added to the variance.
    pub eps: f32,
}

/// Indices of the parameters.
const WEIGHT: usize = 0;
const BIAS: usize = 1;

impl Operation for LayerNorm2d {
    fn name(&self) -> &'static str {
        "layer_norm2d"
    }
    fn limit(&self, _: &[usize]) -> Option<Limit> {
        Some(Limit::Passes)
    }
    fn role(&self) -> Role {
        Role::Norm
    }
    fn reads(&self, _: usize, _: &[&[usize]]) -> Reads {
        Reads::SAME
    }
    fn params(&self) -> Vec<ParamSpec> {
        let shape = [self.num_channels];
        vec![
            ParamSpec::new("weight", &shape, Init::Constant(1.0)),
            ParamSpec::new("bias", &shape, Init::Constant(0.0)),
        ]
    }
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let image = image("layer_norm2d", one(inputs)?)?;
        if image[0] != self.num_channels {
            let problem = format!(
                "layer_norm2d expects {} channels, got {}; set num_channels to {}",
                self.num_channels, image[0], image[0]
            );
            return Err(ShapeError::plain(Some(image.to_vec()), problem));
        }
        if !(self.eps > 0.0 && self.eps.is_finite()) {
            let problem = format!("layer_norm2d with eps {}; it must be a number above 0", self.eps);
            return Err(ShapeError::plain(Some(image.to_vec()), problem));
        }
        Ok(image.to_vec())
    }
    fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
        Cost::of_values(output)
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        let (n, c, plane) = (at.n, at.shape[0], at.shape[1] * at.shape[2]);
        let (weight, bias) = (&at.params[WEIGHT], &at.params[BIAS]);
        reference::layer_norm(n, c, plane, at.x[0], weight, bias, self.eps.into())
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let (n, c, plane) = (at.n, at.shape[0], at.shape[1] * at.shape[2]);
        let weight = &at.params[WEIGHT];
        let g = reference::layer_norm_vjp(n, c, plane, at.x[0], weight, self.eps.into(), grad_output);
        Gradients { inputs: vec![g.grad_input], params: vec![g.grad_weight, g.grad_bias] }
    }

    fn param_layout(&self, _: usize, _: &Plane) -> Option<ParamLayout> {
        Some(ParamLayout::channels(self.num_channels))
    }
    fn forward(&self, at: &mut ForwardKernels<'_>) {
        let (x, y, eps) = (at.x[0], at.y, self.eps);
        let (weight, bias) = (at.params[WEIGHT], at.params[BIAS]);
        at.program.push(LayerNorm { x, y, weight, bias, eps });
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        let (x, dy, weight, eps) = (at.x[0], at.dy, at.params[WEIGHT], self.eps);
        let plain = Plane { halo: [0, 0], ..dy.plane };
        let normal = at.scratch(plain);
        // The kernel computes both gradients; if that of the input is not needed, it goes to a scratch buffer.
        let dx = at.dx[0].unwrap_or_else(|| at.scratch(plain));
        at.program.push(LayerNormBackward { x, dy, dx, normal, weight, eps });
        for (i, b) in [(WEIGHT, Some(normal)), (BIAS, None)] {
            let Some(gradient) = at.grads[i] else { continue };
            let sums = at.scratch(Plane::vector(self.num_channels));
            at.program.push(ProductSums { a: dy, b, y: sums });
            at.program.push(SampleSums { x: sums, gradient });
        }
    }
}
