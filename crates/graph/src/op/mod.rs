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
pub(crate) use conv2d::Method;
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
pub(crate) use mul::is_gate_of;
pub use narrow::Narrow;
pub(crate) use pointwise::each_pointwise;
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
use crate::emit::{BackwardKernels, ForwardKernels};
pub use crate::facts::{
    AlgorithmChoice, Cells, Limit, Product, Reads, Role, Shift, Sign, Span, Terms, Weighted,
};
pub use crate::operation::{Gradients, Operation, Reference};
pub use crate::param_spec::{Init, ParamLayout, ParamSpec};
pub use crate::shape_error::ShapeError;
use crate::shape_error::ShapeProblem;
pub(crate) use crate::shape_rules::values_of;
use crate::shape_rules::{channels, image, one, probability, slide, with_last_windows};
use serde::{Deserialize, Serialize};
use striate_kernels::Activation;
use striate_kernels::{Plane, ReluRule, Window};

/// The convolution of an operation that stands for three.
#[derive(Debug, thiserror::Error)]
#[error("conv_relu_pool stands for three operations, and can only be read as a node of a graph")]
pub(crate) struct Joined(pub(crate) Conv2d);

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident($snake:literal),)*) => {
        /// Every operation that a graph can hold, with its settings.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "op", try_from = "StoredOp")]
        pub enum Op {
            $( $(#[$doc])* #[serde(rename = $snake)] $name($name), )*
        }
        /// What is deserialized, as one operation or as several: see `stored.rs`.
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
            /// The operation in this variant, as a trait object.
            pub fn as_operation(&self) -> &dyn Operation {
                match self { $( Op::$name(op) => op, )* }
            }
        }
        $( impl From<$name> for Op { fn from(op: $name) -> Op { Op::$name(op) } } )*
    };
}

operations! {
    /// The images given to the network.
    Input("input"),
    /// A two-dimensional convolution.
    Conv2d("conv2d"),
    /// A fully connected layer.
    Linear("linear"),
    /// The maximum of each window.
    MaxPool2d("max_pool2d"),
    /// The mean of each window.
    AvgPool2d("avg_pool2d"),
    /// The mean of windows chosen for an output size.
    AdaptiveAvgPool2d("adaptive_avg_pool2d"),
    /// The maximum of windows chosen for an output size.
    AdaptiveMaxPool2d("adaptive_max_pool2d"),
    /// Batch normalization.
    BatchNorm2d("batch_norm2d"),
    /// Normalization of groups of channels.
    GroupNorm("group_norm"),
    /// Normalization by the neighboring channels.
    LocalResponseNorm("local_response_norm"),
    /// `max(0, x)`.
    Relu("relu"),
    /// `min(6, max(0, x))`.
    Relu6("relu6"),
    /// `x`, or a fixed fraction of it if it is negative.
    LeakyRelu("leaky_relu"),
    /// `x`, or a learned fraction of it if it is negative.
    PRelu("prelu"),
    /// Exponential linear unit.
    Elu("elu"),
    /// Scaled exponential linear unit.
    Selu("selu"),
    /// `1 / (1 + e^−x)`.
    Sigmoid("sigmoid"),
    /// A piecewise linear approximation of the sigmoid.
    HardSigmoid("hardsigmoid"),
    /// `x · sigmoid(x)`.
    Silu("silu"),
    /// `x` times the piecewise linear sigmoid.
    HardSwish("hardswish"),
    /// `x · Φ(x)`.
    Gelu("gelu"),
    /// GELU, approximated with tanh.
    GeluTanh("gelu_tanh"),
    /// Hyperbolic tangent.
    Tanh("tanh"),
    /// `ln(1 + e^x)`.
    Softplus("softplus"),
    /// `x · tanh(softplus(x))`.
    Mish("mish"),
    /// The sum of two values.
    Add("add"),
    /// The channels of several values, one after the other.
    Concat("concat"),
    /// The product of two values.
    Mul("mul"),
    /// A range of channels.
    Narrow("narrow"),
    /// The channels of several groups, interleaved.
    ChannelShuffle("channel_shuffle"),
    /// Zeroes whole samples at random, in training.
    StochasticDepth("stochastic_depth"),
    /// Layer normalization over the channels of each pixel.
    LayerNorm2d("layer_norm2d"),
    /// One learned factor per channel.
    LayerScale("layer_scale"),
    /// A fully connected layer at each pixel.
    PointwiseLinear("pointwise_linear"),
    /// Resizes an image.
    Interpolate("interpolate"),
    /// Zeroes values at random, in training.
    Dropout("dropout"),
    /// Zeroes channels at random, in training.
    Dropout2d("dropout2d"),
    /// Turns an image into a vector.
    Flatten("flatten"),
    /// Probabilities from logits.
    Softmax("softmax"),
    /// Logarithms of probabilities from logits.
    LogSoftmax("log_softmax"),
}

impl Op {
    pub(crate) fn input([channels, height, width]: [usize; 3]) -> Self {
        Input { channels, height, width }.into()
    }
}
