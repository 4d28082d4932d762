//! Operations: one file each, with its formula, shape rule, kernels, reference and cost.
//!
//! To add one: write its file, and add its two lines to `operations!` below.

mod adaptive_avg_pool2d;
mod adaptive_max_pool2d;
mod add;
mod avg_pool2d;
mod batch_norm2d;
mod channel_shuffle;
mod concat;
mod conv2d;
mod dropout;
mod dropout2d;
mod flatten;
mod group_norm;
mod input;
mod interpolate;
mod layer_norm2d;
mod layer_scale;
mod linear;
mod local_response_norm;
mod max_pool2d;
mod mul;
mod narrow;
mod pointwise;
mod pointwise_linear;
mod prelu;
mod softmax;
mod stochastic_depth;

pub use adaptive_avg_pool2d::AdaptiveAvgPool2d;
pub use adaptive_max_pool2d::AdaptiveMaxPool2d;
pub use add::Add;
pub use avg_pool2d::AvgPool2d;
pub use batch_norm2d::BatchNorm2d;
pub use channel_shuffle::ChannelShuffle;
pub use concat::Concat;
pub use conv2d::Conv2d;
pub use dropout::Dropout;
pub use dropout2d::Dropout2d;
pub use flatten::Flatten;
pub use group_norm::GroupNorm;
pub use input::Input;
pub use interpolate::{Interpolate, Interpolation, ToSize};
pub use layer_norm2d::LayerNorm2d;
pub use layer_scale::LayerScale;
pub use linear::Linear;
pub use local_response_norm::LocalResponseNorm;
pub use max_pool2d::MaxPool2d;
pub use mul::Mul;
pub use narrow::Narrow;
pub use pointwise::{
    Elu, Gelu, GeluTanh, HardSigmoid, HardSwish, LeakyRelu, Mish, Relu, Relu6, Selu, Sigmoid, Silu, Softplus,
    Tanh,
};
pub use pointwise_linear::PointwiseLinear;
pub use prelu::PRelu;
pub use softmax::{LogSoftmax, Softmax};
pub use stochastic_depth::StochasticDepth;

use crate::cost;
pub use crate::cost::Cost;
use crate::emit::{Backward, Forward};
pub use crate::facts::{Cells, Reads, Role, Row, Shift, Sign, Span, Terms, Weighted};
pub use crate::param_spec::{Init, ParamLayout, ParamSpec};
pub use crate::shape_error::ShapeError;
use crate::shape_error::ShapeProblem;
pub(crate) use crate::shape_rules::values_of;
use crate::shape_rules::{channels, image, one, probability, slide, with_last_windows};
use crate::stored::Joined;
use serde::{Deserialize, Serialize};
use striate_kernels::Activation;
use striate_kernels::{Plane, ReluRule, Window};

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

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident($snake:literal),)*) => {
        /// Every operation there is.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "op", try_from = "StoredOp")]
        pub enum Op {
            $( $(#[$doc])* #[serde(rename = $snake)] $name($name), )*
        }
        /// What is read as an operation, or as several: see `stored.rs`.
        #[derive(Deserialize)]
        #[serde(tag = "op", deny_unknown_fields)]
        pub(crate) enum StoredOp {
            $( #[serde(rename = $snake)] $name($name), )*
            #[serde(rename = "conv_relu_pool")]
            ConvReluPool { conv: Conv2d },
        }
        impl TryFrom<StoredOp> for Op {
            type Error = Joined;
            fn try_from(op: StoredOp) -> Result<Self, Joined> {
                match op {
                    $( StoredOp::$name(op) => Ok(Self::$name(op)), )*
                    StoredOp::ConvReluPool { conv } => Err(Joined(conv)),
                }
            }
        }
        impl Op {
            /// The operation in this variant.
            pub fn as_operation(&self) -> &dyn Operation {
                match self { $( Op::$name(op) => op, )* }
            }
        }
        $( impl From<$name> for Op { fn from(op: $name) -> Op { Op::$name(op) } } )*
    };
}

operations! {
    /// The images.
    Input("input"),
    /// Convolution.
    Conv2d("conv2d"),
    /// Fully connected.
    Linear("linear"),
    /// Maximum of a window.
    MaxPool2d("max_pool2d"),
    /// Mean of a window.
    AvgPool2d("avg_pool2d"),
    /// Mean of windows that give a wanted size.
    AdaptiveAvgPool2d("adaptive_avg_pool2d"),
    /// Maximum of windows that give a wanted size.
    AdaptiveMaxPool2d("adaptive_max_pool2d"),
    /// Batch normalisation.
    BatchNorm2d("batch_norm2d"),
    /// Normalisation of groups of channels.
    GroupNorm("group_norm"),
    /// Normalisation by the channels beside.
    LocalResponseNorm("local_response_norm"),
    /// `max(0, x)`.
    Relu("relu"),
    /// `min(6, max(0, x))`.
    Relu6("relu6"),
    /// `x`, or a part of it.
    LeakyRelu("leaky_relu"),
    /// `x`, or a learned part of it.
    PRelu("prelu"),
    /// Exponential linear unit.
    Elu("elu"),
    /// Scaled exponential linear unit.
    Selu("selu"),
    /// `1 / (1 + e^−x)`.
    Sigmoid("sigmoid"),
    /// Sigmoid by straight lines.
    HardSigmoid("hardsigmoid"),
    /// `x · sigmoid(x)`.
    Silu("silu"),
    /// SiLU by straight lines.
    HardSwish("hardswish"),
    /// `x · Φ(x)`.
    Gelu("gelu"),
    /// GELU by tanh.
    GeluTanh("gelu_tanh"),
    /// Hyperbolic tangent.
    Tanh("tanh"),
    /// `ln(1 + e^x)`.
    Softplus("softplus"),
    /// `x · tanh(softplus(x))`.
    Mish("mish"),
    /// Sum of two values.
    Add("add"),
    /// Channels one after the other.
    Concat("concat"),
    /// Product of two values.
    Mul("mul"),
    /// Some channels.
    Narrow("narrow"),
    /// Channels of groups in turn.
    ChannelShuffle("channel_shuffle"),
    /// Random zeros of whole samples, in training.
    StochasticDepth("stochastic_depth"),
    /// Layer normalisation over channels.
    LayerNorm2d("layer_norm2d"),
    /// A learned factor a channel.
    LayerScale("layer_scale"),
    /// Fully connected at each pixel.
    PointwiseLinear("pointwise_linear"),
    /// An image of another size.
    Interpolate("interpolate"),
    /// Random zeros, in training.
    Dropout("dropout"),
    /// Random channels of zeros, in training.
    Dropout2d("dropout2d"),
    /// Image to vector.
    Flatten("flatten"),
    /// Probabilities.
    Softmax("softmax"),
    /// Logarithms of probabilities.
    LogSoftmax("log_softmax"),
}

impl Op {
    pub(crate) fn input([channels, height, width]: [usize; 3]) -> Self {
        Input { channels, height, width }.into()
    }
}
