//! The interface that every operation implements.

use crate::arithmetic::Arithmetic;
use crate::cost::Cost;
use crate::emit::{BackwardKernels, ForwardKernels};
use crate::explain::Pass;
use crate::facts::{AlgorithmChoice, Limit, Product, Reads, Role, Shift, Sign, Terms};
use crate::param_spec::{ParamLayout, ParamSpec};
use crate::shape_error::ShapeError;
use striate_kernels::{Activation, Plane, ReluRule};

/// The arguments of the f64 reference for a batch: one row-major slice per input and per parameter.
pub struct Reference<'a> {
    /// The number of samples in the batch.
    pub n: usize,
    /// The values of the inputs, each `[N, …]`, row-major.
    pub x: &'a [&'a [f64]],
    /// The shape of one sample of each input.
    pub shapes: &'a [&'a [usize]],
    /// The shape of one sample of the output.
    pub shape: &'a [usize],
    /// The parameters, in the order of [`Operation::params`].
    pub params: &'a [Vec<f64>],
    /// The key of the random numbers, and the number of updates so far; used by dropout.
    pub random: (u64, u64),
    /// The rule for the gradients of ReLU and ReLU6.
    pub relu: ReluRule,
    /// The name of the node; used by dropout.
    pub name: &'a str,
}

/// The gradients that the f64 reference returns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gradients {
    /// The gradient of each input, in the shape of that input.
    pub inputs: Vec<Vec<f64>>,
    /// The gradient of each trainable parameter, in the order of [`Operation::params`].
    pub params: Vec<Vec<f64>>,
}

/// The interface of an operation: shapes, cost, an f64 reference, kernels, and facts for code that explains networks.
pub trait Operation: std::fmt::Debug {
    /// The name of the operation in PyTorch's functional API.
    fn name(&self) -> &'static str;
    /// The parameters of the operation, in the order in which kernels and files list them.
    fn params(&self) -> Vec<ParamSpec> {
        Vec::new()
    }
    /// The shape of one sample of the output.
    ///
    /// # Errors
    /// If the inputs do not fit; the message contains a suggestion.
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError>;
    /// The cost of one sample. Sizes may be arbitrarily large, so their products saturate.
    fn cost(&self, inputs: &[&[usize]], output: &[usize]) -> Cost;
    /// The algorithm by which its kernels compute the operation in `pass`, or the gradient of its input, with the reason.
    fn choice(&self, _inputs: &[&[usize]], _pass: Pass, _arithmetic: Arithmetic) -> AlgorithmChoice {
        AlgorithmChoice::only(self.name())
    }
    /// The limit on its speed in inference, besides the machine's peak and bandwidth, where it is known; `output` is the shape
    /// of one sample.
    fn limit(&self, _output: &[usize]) -> Option<Limit> {
        None
    }
    /// The kind of work that the operation does.
    fn role(&self) -> Role {
        Role::Other
    }
    /// The sign that its values can have.
    fn sign(&self) -> Sign {
        Sign::Any
    }
    /// The part of input `i` that one output value reads.
    fn reads(&self, i: usize, inputs: &[&[usize]]) -> Reads {
        Reads::anything(inputs[i])
    }
    /// The terms from which the value `[c, y, x]` is computed, where these can be shown.
    fn terms(&self, _inputs: &[&[usize]], _at: [usize; 3]) -> Option<Terms> {
        None
    }
    /// The products of a weighted sum in the order in which the kernels add them, for output channel `c` and an input that
    /// interleaves `block` channels; `None` if that is the order of [`Terms`].
    fn order(&self, _c: usize, _block: usize) -> Option<Vec<Product>> {
        None
    }
    /// The constant that it adds to its output, whatever the input is, computed from its parameters; `None` if it is not
    /// piecewise linear.
    fn shift(&self, _parameter: &dyn Fn(&str) -> Vec<f64>) -> Option<Shift> {
        None
    }
    /// The function that it applies to each value independently, if it is such an operation.
    fn activation(&self) -> Option<Activation> {
        None
    }
    /// The value of `eps`, if it computes `(x − running_mean) / √(running_var + eps) · weight + bias` per channel.
    fn running_norm(&self) -> Option<f32> {
        None
    }
    /// Whether the output of one sample depends on the other samples.
    fn couples_batch(&self) -> bool {
        false
    }

    /// Computes the output with plain loops in f64.
    fn reference(&self, at: &Reference<'_>) -> Vec<f64>;
    /// Computes the gradients with plain loops in f64.
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients;

    /// The layout of parameter `i` in memory when the input has the layout `x`; `None` if there is no such parameter, or if it
    /// would take 2^32 values there.
    fn param_layout(&self, _i: usize, _x: &Plane) -> Option<ParamLayout> {
        None
    }
    /// Whether the input may be planar.
    fn takes_planar(&self) -> bool {
        false
    }
    /// Whether its kernel can end with a function of each value, `ForwardKernels::activation`.
    fn takes_activation(&self) -> bool {
        false
    }
    /// Whether its kernel can add a value of its output's shape, `ForwardKernels::added`, before that function.
    fn takes_added(&self) -> bool {
        false
    }
    /// Whether its backward kernel can add the contributions of other consumers to the gradient of its first input,
    /// `BackwardKernels::so_far`.
    fn takes_gradient(&self) -> bool {
        false
    }
    /// The width of the halo, rows and columns, that the kernels need around the input.
    fn input_halo(&self, _input: &[usize]) -> [usize; 2] {
        [0, 0]
    }
    /// The halos that the backward kernels need around the gradients of the output and of the input.
    fn grad_halos(&self, _input: &[usize]) -> ([usize; 2], [usize; 2]) {
        ([0, 0], [0, 0])
    }
    /// Adds the kernels of the forward pass to the program.
    fn forward(&self, at: &mut ForwardKernels<'_>);
    /// Adds the kernels of the backward pass to the program.
    fn backward(&self, at: &mut BackwardKernels<'_>);
}
