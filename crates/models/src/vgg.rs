//! VGG: many 3x3 convolutions, and no others.

use crate::info::{ModelInfo, photos};
use crate::weights::{V1, WeightsInfo, pth, torchvision};
use striate_nn::{
    AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Dropout, Forward, Init, Linear, MaxPool2d, Module, ReLU,
    Sequential, Var,
};

/// VGG of any depth: five stages of 3x3 convolutions with 64, 128, 256, 512 and 512 filters, each followed by a 2x2 max-pool,
/// and three fully connected layers, which hold nine tenths of the parameters.
///
/// | network | convolutions per stage | parameters | multiply-adds at 224 px |
/// | --- | --- | ---: | ---: |
/// | [`Vgg::vgg11`] | 1 1 2 2 2 | 132,863,336 | 7,609,090,048 |
/// | [`Vgg::vgg13`] | 2 2 2 2 2 | 133,047,848 | 11,308,466,176 |
/// | [`Vgg::vgg16`] | 2 2 3 3 3 | 138,357,544 | 15,470,264,320 |
/// | [`Vgg::vgg19`] | 2 2 4 4 4 | 143,667,240 | 19,632,062,464 |
///
/// With batch norm there are two more parameters per filter.
///
/// # Shapes
/// `[N, in_channels, H, W]` of at least 32 px to logits `[N, num_classes]`.
///
/// # Source
/// Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2015, configurations
/// A, B, D and E of table 1.
///
/// # PyTorch
/// `torchvision.models.vgg11` to `vgg19_bn`, keys and initialization included: convolutions keep their bias before a batch
/// norm, where it has no effect. In training, half of the inputs of `classifier.3` and `classifier.6` are dropped.
///
/// # Example
/// ```
/// use striate_models::Vgg;
/// use striate_nn::{Mode, trace};
///
/// let graph = trace(&Vgg::vgg16(1000, 3, false), Mode::Eval, [3, 224, 224])?;
/// assert_eq!((graph.parameter_count(), graph.multiply_adds()), (138_357_544, 15_470_264_320));
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Module)]
pub struct Vgg {
    /// The convolutions, with ReLU and max-pooling.
    pub features: Sequential,
    /// Pools to 7x7, whatever the size of the image.
    pub avgpool: AdaptiveAvgPool2d,
    /// Three fully connected layers.
    pub classifier: Sequential,
}

impl Vgg {
    /// Creates a network with `stages[i]` convolutions in stage `i`, with or without batch norm.
    pub fn new(stages: [usize; 5], batch_norm: bool, num_classes: usize, in_channels: usize) -> Self {
        let mut features = Sequential::new();
        let mut channels = in_channels;
        for (count, filters) in stages.into_iter().zip([64, 128, 256, 512, 512]) {
            for _ in 0..count {
                let init = Init::kaiming_normal(filters * 3 * 3);
                features = features.append(Conv2d::new(channels, filters, 3).padding(1).init(init));
                if batch_norm {
                    features = features.append(BatchNorm2d::new(filters));
                }
                features = features.append(ReLU::new());
                channels = filters;
            }
            features = features.append(MaxPool2d::new(2));
        }
        let linear = |from, to| Linear::new(from, to).init(Init::Normal { std: 0.01 });
        let classifier = Sequential::new()
            .append(linear(512 * 7 * 7, 4096)) // 0
            .append(ReLU::new())
            .append(Dropout::new(0.5))
            .append(linear(4096, 4096)) // 3
            .append(ReLU::new())
            .append(Dropout::new(0.5))
            .append(linear(4096, num_classes)); // 6
        Self { features, avgpool: AdaptiveAvgPool2d::new(7), classifier }
    }

    /// VGG with eight convolutions.
    pub fn vgg11(num_classes: usize, in_channels: usize, batch_norm: bool) -> Self {
        Self::new([1, 1, 2, 2, 2], batch_norm, num_classes, in_channels)
    }

    /// VGG with ten convolutions.
    pub fn vgg13(num_classes: usize, in_channels: usize, batch_norm: bool) -> Self {
        Self::new([2, 2, 2, 2, 2], batch_norm, num_classes, in_channels)
    }

    /// VGG with thirteen convolutions.
    pub fn vgg16(num_classes: usize, in_channels: usize, batch_norm: bool) -> Self {
        Self::new([2, 2, 3, 3, 3], batch_norm, num_classes, in_channels)
    }

    /// VGG with sixteen convolutions.
    pub fn vgg19(num_classes: usize, in_channels: usize, batch_norm: bool) -> Self {
        Self::new([2, 2, 4, 4, 4], batch_norm, num_classes, in_channels)
    }
}

impl Forward for Vgg {
    /// `[N, C, H, W]` to logits.
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.features).apply(&self.avgpool); // [N, 512, 7, 7]
        x.flatten(1).apply(&self.classifier)
    }
}

const PAPER: &str =
    "Simonyan and Zisserman 2015, Very Deep Convolutional Networks for Large-Scale Image Recognition";
const ENDS: [&str; 2] = ["features.0", "classifier.6"];

/// The entries of the registry.
pub(crate) const MODELS: &[ModelInfo] = &[
    photos(
        "vgg11",
        PAPER,
        "3x3 convolutions only, 8 of them, and three large linear layers",
        ENDS,
        |k, c| Box::new(Vgg::vgg11(k, c, false)),
    ),
    photos("vgg11_bn", PAPER, "vgg11 with batch norm after each convolution", ENDS, |k, c| {
        Box::new(Vgg::vgg11(k, c, true))
    }),
    photos("vgg13", PAPER, "3x3 convolutions only, 10 of them", ENDS, |k, c| {
        Box::new(Vgg::vgg13(k, c, false))
    }),
    photos("vgg13_bn", PAPER, "vgg13 with batch norm after each convolution", ENDS, |k, c| {
        Box::new(Vgg::vgg13(k, c, true))
    }),
    photos(
        "vgg16",
        PAPER,
        "3x3 convolutions only, 13 of them: the features that style transfer and perceptual losses use",
        ENDS,
        |k, c| Box::new(Vgg::vgg16(k, c, false)),
    ),
    photos("vgg16_bn", PAPER, "vgg16 with batch norm after each convolution", ENDS, |k, c| {
        Box::new(Vgg::vgg16(k, c, true))
    }),
    photos("vgg19", PAPER, "3x3 convolutions only, 16 of them", ENDS, |k, c| {
        Box::new(Vgg::vgg19(k, c, false))
    }),
    photos("vgg19_bn", PAPER, "vgg19 with batch norm after each convolution", ENDS, |k, c| {
        Box::new(Vgg::vgg19(k, c, true))
    }),
];

/// The published weights; the first entry of each network is its default.
pub(crate) const WEIGHTS: &[WeightsInfo] = &[
    torchvision(["vgg11", "v1"], pth!("vgg11", "8a719046"), V1, (69.020, 88.628)),
    torchvision(["vgg13", "v1"], pth!("vgg13", "19584684"), V1, (69.928, 89.246)),
    torchvision(["vgg16", "v1"], pth!("vgg16", "397923af"), V1, (71.592, 90.382)),
    torchvision(["vgg19", "v1"], pth!("vgg19", "dcbb9e9d"), V1, (72.376, 90.876)),
    torchvision(["vgg11_bn", "v1"], pth!("vgg11_bn", "6002323d"), V1, (70.370, 89.810)),
    torchvision(["vgg13_bn", "v1"], pth!("vgg13_bn", "abd245e5"), V1, (71.586, 90.374)),
    torchvision(["vgg16_bn", "v1"], pth!("vgg16_bn", "6c64b313"), V1, (73.360, 91.516)),
    torchvision(["vgg19_bn", "v1"], pth!("vgg19_bn", "c79401a0"), V1, (74.218, 91.842)),
];
