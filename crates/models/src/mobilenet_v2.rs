//! MobileNetV2: blocks that are wide inside and narrow at the ends, with depthwise 3x3 convolutions.

use crate::info::{ModelInfo, photos};
use crate::weights::{V1, V2, WeightsInfo, pth, torchvision};
use striate_nn::{BatchNorm2d, Conv2d, Dropout, Forward, Init, Linear, Module, ReLU6, Sequential, Var};

/// MobileNetV2: blocks that expand by 1x1, apply a depthwise 3x3 convolution, and project by 1x1 without an activation.
///
/// | stage | blocks | expansion | output for 224 px |
/// | --- | ---: | ---: | --- |
/// | `features.0` 3x3 stride 2 | | | `[N, 32, 112, 112]` |
/// | `features.1` | 1 | 1 | `[N, 16, 112, 112]` |
/// | `features.2` | 2 | 6 | `[N, 24, 56, 56]` |
/// | `features.4` | 3 | 6 | `[N, 32, 28, 28]` |
/// | `features.7` | 4 | 6 | `[N, 64, 14, 14]` |
/// | `features.11` | 3 | 6 | `[N, 96, 14, 14]` |
/// | `features.14` | 3 | 6 | `[N, 160, 7, 7]` |
/// | `features.17` | 1 | 6 | `[N, 320, 7, 7]` |
/// | `features.18` 1x1 | | | `[N, 1280, 7, 7]` |
///
/// 3,504,872 parameters for 1000 classes, 300,774,272 multiply-adds at 224 px.
///
/// # Shapes
/// `[N, in_channels, H, W]` of any size to logits `[N, num_classes]`.
///
/// # Source
/// Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018, table 2.
///
/// # PyTorch
/// `torchvision.models.mobilenet_v2`, keys and initialization included. In training, a fifth of the inputs of `classifier.1` is
/// dropped.
///
/// # Example
/// ```
/// use striate_models::MobileNetV2;
/// use striate_nn::{Mode, trace};
///
/// let graph = trace(&MobileNetV2::new(1000, 3), Mode::Eval, [3, 224, 224])?;
/// assert_eq!((graph.parameter_count(), graph.multiply_adds()), (3_504_872, 300_774_272));
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Module)]
pub struct MobileNetV2 {
    /// The convolutional part of the network.
    pub features: Sequential,
    /// The classifier, which computes the logits from the features.
    pub classifier: Sequential,
}

/// Expansion factor, output channels, blocks, stride of the first block.
const STAGES: [(usize, usize, usize, usize); 7] = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
];
/// Length of the feature vector of an image.
const FEATURES: usize = 1280;

impl MobileNetV2 {
    /// Creates a network for images of `in_channels` channels.
    pub fn new(num_classes: usize, in_channels: usize) -> Self {
        let mut channels = 32;
        let mut features = Sequential::new().append(conv_norm_relu(in_channels, channels, 3, 2, 1));
        for (widen, to, blocks, stride) in STAGES {
            for block in 0..blocks {
                let stride = if block == 0 { stride } else { 1 };
                features = features.append(InvertedResidual::new(channels, to, stride, widen));
                channels = to;
            }
        }
        let features = features.append(conv_norm_relu(channels, FEATURES, 1, 1, 1));
        let linear = Linear::new(FEATURES, num_classes).init(Init::Normal { std: 0.01 });
        Self { features, classifier: Sequential::new().append(Dropout::new(0.2)).append(linear) }
    }
}

impl Forward for MobileNetV2 {
    /// `[N, C, H, W]` to logits.
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.features).adaptive_avg_pool2d(1); // [N, 1280, 1, 1]
        x.flatten(1).apply(&self.classifier)
    }
}

fn conv(from: usize, to: usize, kernel: usize, stride: usize, groups: usize) -> Conv2d {
    // As torchvision counts it: even a depthwise filter, as if it fed all channels.
    let init = Init::kaiming_normal(to * kernel * kernel);
    let conv = Conv2d::new(from, to, kernel).stride(stride).padding(kernel / 2);
    conv.groups(groups).bias(false).init(init)
}

fn conv_norm_relu(from: usize, to: usize, kernel: usize, stride: usize, groups: usize) -> Sequential {
    let conv = conv(from, to, kernel, stride, groups);
    Sequential::new().append(conv).append(BatchNorm2d::new(to)).append(ReLU6::new())
}

/// Expand, depthwise convolution, project; with a shortcut if input and output have the same shape.
#[derive(Debug, Module)]
struct InvertedResidual {
    conv: Sequential,
    #[module(skip)]
    shortcut: bool,
}

impl InvertedResidual {
    fn new(from: usize, to: usize, stride: usize, widen: usize) -> Self {
        let wide = from * widen;
        let mut layers = Sequential::new();
        if widen != 1 {
            layers = layers.append(conv_norm_relu(from, wide, 1, 1, 1));
        }
        let layers = layers
            .append(conv_norm_relu(wide, wide, 3, stride, wide))
            .append(conv(wide, to, 1, 1, 1))
            .append(BatchNorm2d::new(to));
        Self { conv: layers, shortcut: stride == 1 && from == to }
    }
}

impl Forward for InvertedResidual {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let y = x.apply(&self.conv);
        if self.shortcut { x + y } else { y }
    }
}

/// The entries of the registry.
pub(crate) const MODELS: &[ModelInfo] = &[photos(
    "mobilenet_v2",
    "Sandler et al. 2018, MobileNetV2: Inverted Residuals and Linear Bottlenecks",
    "depthwise convolutions between narrow layers: made for phones",
    ["features.0.0", "classifier.1"],
    |k, c| Box::new(MobileNetV2::new(k, c)),
)];

/// The published weights; the first entry of each network is its default.
pub(crate) const WEIGHTS: &[WeightsInfo] = &[
    torchvision(["mobilenet_v2", "v2"], pth!("mobilenet_v2", "7ebf99e0"), V2, (72.154, 90.822)),
    torchvision(["mobilenet_v2", "v1"], pth!("mobilenet_v2", "b0353104"), V1, (71.878, 90.286)),
];
