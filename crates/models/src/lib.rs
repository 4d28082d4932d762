//! Floor 3 of Striate: the model zoo, a collection of well-known networks.
//!
//! Below it: `striate-nn`, with the layers of the networks, and `striate-formats`, which reads the published [`weights`].
//! Above it: the facade and the binary, which find a network by name in the [`registry`].
//!
//! Start reading at `convnet.rs`, then `resnet.rs`: every network is built like them. To add one, write its file, with its
//! names and its weights, and list the file below; the tests over `registry::all()` then cover it.
//!
//! Invariants: parameters have the same names as in the PyTorch model; `forward` gives the shapes between the layers in
//! comments; the figures in a network's documentation are tested.
//!
//! # Example
//! ```
//! use striate_models::registry;
//! use striate_nn::{Mode, trace};
//!
//! let info = registry::find("convnet")?;
//! let graph = trace((info.build)(10, 1).as_ref(), Mode::Eval, info.input)?;
//! assert_eq!(graph.parameter_count(), 206_922);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod alexnet;
mod convnet;
mod convnet_gap;
mod convnext;
mod densenet;
mod efficientnet;
mod efficientnet_lite0;
mod googlenet;
mod inception_v3;
mod info;
mod lenet5;
mod mlp;
mod mnasnet;
mod mobilenet_v2;
mod mobilenet_v3;
pub mod registry;
mod regnet;
mod report;
mod resnet;
mod rounding;
#[cfg(feature = "shipped")]
pub mod shipped;
mod shufflenet_v2;
mod squeezenet;
mod vgg;
pub mod weights;

pub use alexnet::AlexNet;
pub use convnet::ConvNet;
pub use convnet_gap::ConvNetGap;
pub use convnext::ConvNeXt;
pub use densenet::DenseNet;
pub use efficientnet::EfficientNet;
pub use efficientnet_lite0::EfficientNetLite0;
pub use googlenet::GoogLeNet;
pub use inception_v3::InceptionV3;
pub use lenet5::LeNet5;
pub use mlp::Mlp;
pub use mnasnet::MnasNet;
pub use mobilenet_v2::MobileNetV2;
pub use mobilenet_v3::MobileNetV3;
pub use registry::{ModelInfo, UnknownModel};
pub use regnet::RegNet;
pub use report::{ModelReport, WeightsReport};
pub use resnet::ResNet;
#[cfg(feature = "shipped")]
pub use shipped::Shipped;
pub use shufflenet_v2::ShuffleNetV2;
pub use squeezenet::SqueezeNet;
pub use vgg::Vgg;

use weights::WeightsInfo;

macro_rules! files {
    ($($file:ident),* $(,)?) => {
        /// The networks of each file.
        const MODELS: &[&[ModelInfo]] = &[$($file::MODELS),*];
        /// The published weights for them.
        const WEIGHTS: &[&[WeightsInfo]] = &[$($file::WEIGHTS),*];
    };
}

files! {
    convnet,
    convnet_gap,
    lenet5,
    mlp,
    alexnet,
    vgg,
    googlenet,
    inception_v3,
    squeezenet,
    resnet,
    densenet,
    mobilenet_v2,
    mobilenet_v3,
    mnasnet,
    shufflenet_v2,
    regnet,
    convnext,
    efficientnet,
    efficientnet_lite0,
}
