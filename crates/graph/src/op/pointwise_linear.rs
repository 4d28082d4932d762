//! A linear layer at each pixel: `Y[n, k, y, x] = b[k] + Σ_c X[n, c, y, x] · W[k, c]`. It is a 1x1 convolution whose weight has
//! the shape of a linear layer's.

use super::*;
use crate::arithmetic::Arithmetic;
use crate::explain::Pass;

/// A fully connected layer over the channels of each pixel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointwiseLinear {
    /// The number of channels of the input.
    pub in_features: usize,
    /// The number of channels of the output.
    pub out_features: usize,
    /// Whether a learned number is added to each output channel.
    pub bias: bool,
    /// The initialization of the weight; the bias then starts at 0. With `None`, both are initialized as in PyTorch. Never
    /// stored.
    #[serde(skip)]
    pub init: Option<Init>,
}

impl PointwiseLinear {
    fn conv(&self) -> Conv2d {
        Conv2d {
            in_channels: self.in_features,
            out_channels: self.out_features,
            kernel_size: [1, 1],
            stride: [1, 1],
            padding: [[0, 0]; 2],
            dilation: [1, 1],
            groups: 1,
            bias: self.bias,
            init: self.init,
        }
    }
}

impl Operation for PointwiseLinear {
    fn name(&self) -> &'static str {
        "pointwise_linear"
    }
    fn choice(&self, inputs: &[&[usize]], pass: Pass, arithmetic: Arithmetic) -> AlgorithmChoice {
        self.conv().choice(inputs, pass, arithmetic)
    }
    fn role(&self) -> Role {
        Role::Convolution
    }
    fn reads(&self, _: usize, _: &[&[usize]]) -> Reads {
        Reads::SAME
    }
    fn terms(&self, inputs: &[&[usize]], at: [usize; 3]) -> Option<Terms> {
        self.conv().terms(inputs, at)
    }
    fn order(&self, c: usize, block: usize) -> Option<Vec<Product>> {
        self.conv().order(c, block)
    }
    fn shift(&self, parameter: &dyn Fn(&str) -> Vec<f64>) -> Option<Shift> {
        Some(Shift::bias(self.bias, parameter))
    }
    fn params(&self) -> Vec<ParamSpec> {
        let mut params = self.conv().params();
        params[0].shape.truncate(2);
        params
    }
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let (from, to) = (self.in_features, self.out_features);
        let [c, h, w] = image("pointwise_linear", one(inputs)?)?;
        let bad = |problem: String| Err(ShapeError::plain(Some(vec![to, h, w]), problem));
        if from == 0 || to == 0 {
            return bad(format!(
                "pointwise_linear of {from} inputs and {to} outputs: both must be at least 1"
            ));
        }
        if c != from {
            return bad(format!(
                "pointwise_linear expects {from} channels, got {c}x{h}x{w}; set in_features to {c}"
            ));
        }
        Ok(vec![to, h, w])
    }
    fn cost(&self, inputs: &[&[usize]], output: &[usize]) -> Cost {
        self.conv().cost(inputs, output)
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        self.conv().reference(at)
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        self.conv().reference_vjp(at, grad_output)
    }

    fn param_layout(&self, i: usize, x: &Plane) -> Option<ParamLayout> {
        self.conv().param_layout(i, x)
    }
    fn takes_planar(&self) -> bool {
        true
    }
    fn grad_halos(&self, input: &[usize]) -> ([usize; 2], [usize; 2]) {
        self.conv().grad_halos(input)
    }
    fn forward(&self, at: &mut ForwardKernels<'_>) {
        self.conv().forward(at);
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        self.conv().backward(at);
    }
}
