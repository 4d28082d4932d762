//! What an operation is.

use crate::arithmetic::Arithmetic;
use crate::cost::Cost;
use crate::emit::{Backward, Forward};
use crate::explain::Pass;
use crate::facts::{Choice, Limit, Reads, Role, Row, Shift, Sign, Terms};
use crate::param_spec::{ParamLayout, ParamSpec};
use crate::shape_error::ShapeError;
use striate_kernels::{Activation, Plane, ReluRule};

/// Values for the reference: the batch, one row-major slice an input and a parameter.
pub struct Reference<'a> {
    /// Samples.
    pub n: usize,
    /// Values of the inputs.
    pub x: &'a [&'a [f64]],
    /// Shapes of the inputs.
    pub shapes: &'a [&'a [usize]],
    /// Shape of the output.
    pub shape: &'a [usize],
    /// Parameters in the order of [`Operation::params`].
    pub params: &'a [Vec<f64>],
    /// Key of the random numbers, and how many updates there were, for dropout.
    pub random: (u64, u64),
    /// What the gradients of ReLU and ReLU6 are.
    pub relu: ReluRule,
    /// Name of the node, for dropout.
    pub name: &'a str,
}

/// Gradients from the reference.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gradients {
    /// One for each input.
    pub inputs: Vec<Vec<f64>>,
    /// One for each trainable parameter, in order.
    pub params: Vec<Vec<f64>>,
}

/// What every operation can say of itself.
pub trait Operation: std::fmt::Debug {
    /// Its name in PyTorch's functional API.
    fn name(&self) -> &'static str;
    /// Its parameters.
    fn params(&self) -> Vec<ParamSpec> {
        Vec::new()
    }
    /// The shape of one sample of the output.
    ///
    /// # Errors
    /// What does not fit, and what to try.
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, ShapeError>;
    /// What one sample costs. Sizes may be absurd, and products of them saturate.
    fn cost(&self, inputs: &[&[usize]], output: &[usize]) -> Cost;
    /// By which algorithm its kernels of a pass compute it, or the gradient of its input, and why.
    fn choice(&self, _inputs: &[&[usize]], _pass: Pass, _arithmetic: Arithmetic) -> Choice {
        Choice::only(self.name())
    }
    /// What limits it in use, beside the peak and the bandwidth, where that is known; `output` is the shape of a sample.
    fn limit(&self, _output: &[usize]) -> Option<Limit> {
        None
    }
    /// What kind of work it does.
    fn role(&self) -> Role {
        Role::Other
    }
    /// Which sign its values can have.
    fn sign(&self) -> Sign {
        Sign::Any
    }
    /// What a value reads of input `i`.
    fn reads(&self, i: usize, inputs: &[&[usize]]) -> Reads {
        Reads::anything(inputs[i])
    }
    /// How the value `[c, y, x]` is made of values of the inputs, where that can be shown.
    fn terms(&self, _inputs: &[&[usize]], _at: [usize; 3]) -> Option<Terms> {
        None
    }
    /// The products of a weighted sum in the order in which the kernels add them, for output channel `c` and an input of
    /// which `block` channels lie side by side; `None`: as they stand in [`Terms`].
    fn order(&self, _c: usize, _block: usize) -> Option<Vec<Row>> {
        None
    }
    /// What it adds to its output whatever comes in, by its parameters; `None` where it is not piecewise linear.
    fn shift(&self, _parameter: &dyn Fn(&str) -> Vec<f64>) -> Option<Shift> {
        None
    }
    /// The function that it applies to each value by itself.
    fn activation(&self) -> Option<Activation> {
        None
    }
    /// `eps`, where it is `(x − running_mean) / √(running_var + eps) · weight + bias`, channel by channel.
    fn running_norm(&self) -> Option<f32> {
        None
    }
    /// Whether one sample's output depends on the others'.
    fn couples_batch(&self) -> bool {
        false
    }

    /// The output, by plain loops in f64.
    fn reference(&self, at: &Reference<'_>) -> Vec<f64>;
    /// The gradients, by plain loops in f64.
    fn reference_vjp(&self, at: &Reference<'_>, grad_output: &[f64]) -> Gradients;

    /// How parameter `i` lies in memory when the input lies as `x`; `None` where there is no such parameter, or where it
    /// would take 2^32 values there.
    fn param_layout(&self, _i: usize, _x: &Plane) -> Option<ParamLayout> {
        None
    }
    /// Whether the input may be planar.
    fn takes_planar(&self) -> bool {
        false
    }
    /// Whether its kernel can end in a function of each value, `Forward::activation`.
    fn takes_activation(&self) -> bool {
        false
    }
    /// Whether its kernel can add a value of the shape of its output, `Forward::added`, before that function.
    fn takes_added(&self) -> bool {
        false
    }
    /// Whether its backward kernel can add what others made of the gradient of its first input, `Backward::so_far`.
    fn takes_gradient(&self) -> bool {
        false
    }
    /// Halo that the kernels need around the input.
    fn input_halo(&self, _input: &[usize]) -> [usize; 2] {
        [0, 0]
    }
    /// Halos that the backward kernels need around the gradient of the output, and of the input.
    fn grad_halos(&self, _input: &[usize]) -> ([usize; 2], [usize; 2]) {
        ([0, 0], [0, 0])
    }
    /// Adds the kernels of the forward pass.
    fn forward(&self, at: &mut Forward<'_>);
    /// Adds the kernels of the backward pass.
    fn backward(&self, at: &mut Backward<'_>);
}
