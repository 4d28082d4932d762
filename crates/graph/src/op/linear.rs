//! A fully connected layer: `Y[n, o] = b[o] + Σ_i X[n, i] · W[o, i]`.

use super::*;
use crate::arithmetic::{Arithmetic, Dtype};
use crate::explain::Pass;
use striate_kernels::{Bf16Weights, LinearPack, linear, reference};

/// A fully connected layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Linear {
    /// The length of the input vector.
    pub in_features: usize,
    /// The length of the output vector.
    pub out_features: usize,
    /// Whether a learned number is added to each output.
    pub bias: bool,
    /// The initialization of the weight; the bias then starts at 0. With `None`, both are initialized as in PyTorch. Never
    /// stored.
    #[serde(skip)]
    pub init: Option<Init>,
}

impl Linear {
    /// The input can be an image that a pass no longer flattens: then its values lie in blocks of channels, and the weights in
    /// the same order.
    fn pack(&self) -> LinearPack {
        LinearPack { in_features: self.in_features, out_features: self.out_features }
    }
}

impl Operation for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }
    fn limit(&self, _: &[usize]) -> Option<Limit> {
        Some(Limit::Reads)
    }
    fn choice(&self, _: &[&[usize]], pass: Pass, arithmetic: Arithmetic) -> AlgorithmChoice {
        match (arithmetic.dtype, pass) {
            (Dtype::Bf16, Pass::Forward) => {
                AlgorithmChoice { algorithm: "linear, bf16", reason: String::new() }
            }
            _ => AlgorithmChoice::only(self.name()),
        }
    }
    fn role(&self) -> Role {
        Role::Linear
    }
    fn reads(&self, _: usize, _: &[&[usize]]) -> Reads {
        Reads { all_values: true, ..Reads::SAME }
    }
    fn terms(&self, _: &[&[usize]], [c, _, _]: [usize; 3]) -> Option<Terms> {
        Some(Terms::Weighted(Weighted {
            channels: 0..self.in_features,
            window: [1, 1],
            first: [0, 0],
            dilation: [1, 1],
            weights: c * self.in_features..(c + 1) * self.in_features,
            bias: self.bias.then_some(c),
        }))
    }
    fn shift(&self, parameter: &dyn Fn(&str) -> Vec<f64>) -> Option<Shift> {
        Some(Shift::bias(self.bias, parameter))
    }
    fn params(&self) -> Vec<ParamSpec> {
        let (weight_init, bias_init) = Init::of_layer(self.init, self.in_features);
        let weight = ParamSpec::new("weight", &[self.out_features, self.in_features], weight_init);
        let bias = self.bias.then(|| ParamSpec::new("bias", &[self.out_features], bias_init));
        [weight].into_iter().chain(bias).collect()
    }
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError> {
        let out = vec![self.out_features];
        if self.in_features == 0 || self.out_features == 0 {
            let problem = format!(
                "linear of {} inputs and {} outputs: both must be at least 1",
                self.in_features, self.out_features
            );
            return Err(ShapeError::plain(None, problem));
        }
        match *one(inputs)? {
            [f] if f == self.in_features => Ok(out),
            [got] => {
                let kind = ShapeProblem::Features { expected: self.in_features, got };
                Err(ShapeError { output: Some(out), kind })
            }
            ref other => {
                let problem =
                    format!("linear expects a vector, got an image {other:?}; add .flatten(1) before it");
                Err(ShapeError::plain(Some(out), problem))
            }
        }
    }
    fn cost(&self, _: &[&[usize]], output: &[usize]) -> Cost {
        let multiply_adds = cost::product([self.in_features, self.out_features]);
        Cost { multiply_adds, ..Cost::of_windows(output, self.in_features) }
    }

    fn reference(&self, at: &Reference<'_>) -> Vec<f64> {
        let bias = self.bias.then(|| at.params[1].as_slice());
        reference::linear(at.n, self.in_features, self.out_features, at.x[0], &at.params[0], bias)
    }
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients {
        let (i, o) = (self.in_features, self.out_features);
        let g = reference::linear_vjp(at.n, i, o, at.x[0], &at.params[0], grad_output);
        let mut params = vec![g.grad_weight];
        params.extend(self.bias.then_some(g.grad_bias));
        Gradients { inputs: vec![g.grad_input], params }
    }

    fn param_layout(&self, i: usize, x: &Plane) -> Option<ParamLayout> {
        if i == 1 {
            return Some(ParamLayout::channels(self.out_features));
        }
        ParamLayout::linear(self.pack(), x)
    }
    fn takes_activation(&self) -> bool {
        true
    }
    fn forward(&self, at: &mut ForwardKernels<'_>) {
        let bias = self.bias.then(|| at.params[1]);
        let act = at.activation;
        let (pack, x, w) = (self.pack(), at.x[0], at.params[0]);
        let linear = if at.arithmetic.dtype == Dtype::Bf16 {
            let rounded = at.program.constant(Bf16Weights::linear_len(pack));
            at.program.push_before(Bf16Weights::linear(pack, w, rounded));
            linear::Linear::bf16(at.program, pack, x, rounded, bias, at.y, act)
        } else {
            linear::Linear::new(pack, x, w, bias, at.y, act)
        };
        at.program.push(linear);
    }
    fn backward(&self, at: &mut BackwardKernels<'_>) {
        at.pass_end();
        if let Some(dx) = at.dx[0] {
            linear::push_backward_data(at.program, self.pack(), at.dy, at.params[0], dx);
        }
        let db = at.grads.get(1).copied().flatten();
        if let Some(dw) = at.grads[0] {
            linear::push_backward_weight(at.program, self.pack(), at.x[0], at.dy, dw, db);
        }
    }
}
