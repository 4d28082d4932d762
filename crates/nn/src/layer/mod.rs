//! The layers, one per file; those that are a function of each value share a file. To add one, write its file and add its two
//! lines here.

mod adaptive_avg_pool2d;
mod adaptive_max_pool2d;
mod avg_pool2d;
mod batch_norm2d;
mod channel_shuffle;
mod conv2d;
mod dropout;
mod dropout2d;
mod flatten;
mod group_norm;
mod identity;
mod instance_norm2d;
mod layer_norm2d;
mod linear;
mod local_response_norm;
mod max_pool2d;
mod padding;
mod pair;
mod pointwise;
mod pointwise_linear;
mod prelu;
mod sequential;
mod softmax;
mod squeeze_excitation;
mod stochastic_depth;
mod upsample;

pub use adaptive_avg_pool2d::AdaptiveAvgPool2d;
pub use adaptive_max_pool2d::AdaptiveMaxPool2d;
pub use avg_pool2d::AvgPool2d;
pub use batch_norm2d::BatchNorm2d;
pub use channel_shuffle::ChannelShuffle;
pub use conv2d::Conv2d;
pub use dropout::Dropout;
pub use dropout2d::Dropout2d;
pub use flatten::Flatten;
pub use group_norm::GroupNorm;
pub use identity::Identity;
pub use instance_norm2d::InstanceNorm2d;
pub use layer_norm2d::LayerNorm2d;
pub use linear::Linear;
pub use local_response_norm::LocalResponseNorm;
pub use max_pool2d::MaxPool2d;
pub use padding::Padding;
pub use pair::Pair;
pub use pointwise::{
    ELU, GELU, Hardsigmoid, Hardswish, LeakyReLU, Mish, ReLU, ReLU6, SELU, SiLU, Sigmoid, Softplus, Tanh,
};
pub use pointwise_linear::PointwiseLinear;
pub use prelu::PReLU;
pub use sequential::Sequential;
pub use softmax::{LogSoftmax, Softmax};
pub use squeeze_excitation::SqueezeExcitation;
pub use stochastic_depth::StochasticDepth;
pub use upsample::Upsample;

use striate_graph::op::Init;
use striate_graph::{Forward, Mode, Module, Var, op};

/// One byte, the only field of a layer that has no settings.
///
/// A trace identifies a layer by its address and its type. A struct of size zero has no address of its own: two of them in one
/// network could have the same address, and the second would receive the name of the first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Place(u8);

/// A layer that is one operation: it has parameters, but no layers inside.
macro_rules! leaf {
    ($layer:ty) => {
        impl Module for $layer {
            fn children<'a>(&'a self, _: &mut dyn FnMut(&str, &'a dyn Module)) {}
        }
    };
}
use leaf;
