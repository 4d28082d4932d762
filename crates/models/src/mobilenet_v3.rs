//! MobileNetV3: MobileNetV2's blocks with gates and cheaper activations.

use crate::info::{ModelInfo, photos};
use crate::rounding::divisible;
use crate::weights::{V1, V2, WeightsInfo, pth, torchvision};
use striate_nn::{
    BatchNorm2d, Conv2d, Dropout, Forward, Hardsigmoid, Hardswish, Init, Linear, Module, ReLU, Sequential,
    SqueezeExcitation, Var,
};

/// MobileNetV3 in two sizes: blocks that expand by 1x1, apply a depthwise 3x3 or 5x5 convolution, gate the channels, and
/// project by 1x1.
///
/// | network | blocks | parameters | multiply-adds at 224 px |
/// | --- | ---: | ---: | ---: |
/// | [`MobileNetV3::mobilenet_v3_small`] | 11 | 2,542,856 | 56,510,400 |
/// | [`MobileNetV3::mobilenet_v3_large`] | 15 | 5,483,032 | 216,589,760 |
///
/// # Shapes
/// `[N, in_channels, H, W]` of any size to logits `[N, num_classes]`.
///
/// # Source
/// Howard et al., "Searching for MobileNetV3", 2019, tables 1 and 2.
///
/// # PyTorch
/// `torchvision.models.mobilenet_v3_small` and `mobilenet_v3_large`, keys and initialization included. In training, a fifth of
/// the inputs of `classifier.3` is dropped.
///
/// # Example
/// ```
/// use striate_models::MobileNetV3;
/// use striate_nn::{Mode, trace};
///
/// let graph = trace(&MobileNetV3::mobilenet_v3_small(1000, 3), Mode::Eval, [3, 224, 224])?;
/// assert_eq!((graph.parameter_count(), graph.multiply_adds()), (2_542_856, 56_510_400));
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Module)]
pub struct MobileNetV3 {
    /// The convolutional part of the network.
    pub features: Sequential,
    /// The classifier, which computes the logits from the features.
    pub classifier: Sequential,
}

/// The settings of a block.
#[derive(Debug, Clone, Copy)]
struct Settings {
    kernel: usize,
    wide: usize,
    to: usize,
    gated: bool,
    act: Act,
    stride: usize,
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Relu,
    Hardswish,
    None,
}
use Act::{Hardswish as HS, Relu as RE};

const fn block(kernel: usize, wide: usize, to: usize, gated: bool, act: Act, stride: usize) -> Settings {
    Settings { kernel, wide, to, gated, act, stride }
}

const SMALL: [Settings; 11] = [
    block(3, 16, 16, true, RE, 2),
    block(3, 72, 24, false, RE, 2),
    block(3, 88, 24, false, RE, 1),
    block(5, 96, 40, true, HS, 2),
    block(5, 240, 40, true, HS, 1),
    block(5, 240, 40, true, HS, 1),
    block(5, 120, 48, true, HS, 1),
    block(5, 144, 48, true, HS, 1),
    block(5, 288, 96, true, HS, 2),
    block(5, 576, 96, true, HS, 1),
    block(5, 576, 96, true, HS, 1),
];
const LARGE: [Settings; 15] = [
    block(3, 16, 16, false, RE, 1),
    block(3, 64, 24, false, RE, 2),
    block(3, 72, 24, false, RE, 1),
    block(5, 72, 40, true, RE, 2),
    block(5, 120, 40, true, RE, 1),
    block(5, 120, 40, true, RE, 1),
    block(3, 240, 80, false, HS, 2),
    block(3, 200, 80, false, HS, 1),
    block(3, 184, 80, false, HS, 1),
    block(3, 184, 80, false, HS, 1),
    block(3, 480, 112, true, HS, 1),
    block(3, 672, 112, true, HS, 1),
    block(5, 672, 160, true, HS, 2),
    block(5, 960, 160, true, HS, 1),
    block(5, 960, 160, true, HS, 1),
];

impl MobileNetV3 {
    fn new(blocks: &[Settings], hidden: usize, num_classes: usize, in_channels: usize) -> Self {
        let mut channels = 16;
        let mut features = Sequential::new().append(conv_norm(in_channels, channels, 3, (2, 1), HS));
        for &settings in blocks {
            features = features.append(InvertedResidual::new(channels, settings));
            channels = settings.to;
        }
        let wide = 6 * channels;
        let features = features.append(conv_norm(channels, wide, 1, (1, 1), HS));
        let linear = |from: usize, to: usize| Linear::new(from, to).init(Init::Normal { std: 0.01 });
        let classifier = Sequential::new()
            .append(linear(wide, hidden))
            .append(Hardswish::new())
            .append(Dropout::new(0.2))
            .append(linear(hidden, num_classes));
        Self { features, classifier }
    }

    /// The small network, with 11 blocks.
    pub fn mobilenet_v3_small(num_classes: usize, in_channels: usize) -> Self {
        Self::new(&SMALL, 1024, num_classes, in_channels)
    }

    /// The large network, with 15 blocks.
    pub fn mobilenet_v3_large(num_classes: usize, in_channels: usize) -> Self {
        Self::new(&LARGE, 1280, num_classes, in_channels)
    }
}

impl Forward for MobileNetV3 {
    /// `[N, C, H, W]` to logits.
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.features).adaptive_avg_pool2d(1); // [N, 576, 1, 1], or 960
        x.flatten(1).apply(&self.classifier)
    }
}

fn conv_norm(
    from: usize,
    to: usize,
    kernel: usize,
    (stride, groups): (usize, usize),
    act: Act,
) -> Sequential {
    let conv = Conv2d::new(from, to, kernel).stride(stride).padding(kernel / 2).groups(groups).bias(false);
    let layers = Sequential::new()
        .append(conv.init(Init::kaiming_normal(to * kernel * kernel)))
        .append(BatchNorm2d::new(to).eps(0.001).momentum(0.01));
    match act {
        Act::Relu => layers.append(ReLU::new()),
        Act::Hardswish => layers.append(Hardswish::new()),
        Act::None => layers,
    }
}

/// Expand, depthwise convolution, gate, project; with a shortcut if input and output have the same shape.
#[derive(Debug, Module)]
struct InvertedResidual {
    block: Sequential,
    #[module(skip)]
    shortcut: bool,
}

impl InvertedResidual {
    fn new(from: usize, settings: Settings) -> Self {
        let Settings { kernel, wide, to, gated, act, stride } = settings;
        let mut block = Sequential::new();
        if wide != from {
            block = block.append(conv_norm(from, wide, 1, (1, 1), act));
        }
        block = block.append(conv_norm(wide, wide, kernel, (stride, wide), act));
        if gated {
            let gate =
                SqueezeExcitation::new(wide, divisible((wide / 4) as f64, 8)).init(Init::kaiming_normal);
            block = block.append(gate.scale_activation(Hardsigmoid::new()));
        }
        block = block.append(conv_norm(wide, to, 1, (1, 1), Act::None));
        Self { block, shortcut: stride == 1 && from == to }
    }
}

impl Forward for InvertedResidual {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let y = x.apply(&self.block);
        if self.shortcut { y + x } else { y }
    }
}

const PAPER: &str = "Howard et al. 2019, Searching for MobileNetV3";
const ENDS: [&str; 2] = ["features.0.0", "classifier.3"];

/// The entries of the registry.
pub(crate) const MODELS: &[ModelInfo] = &[
    photos(
        "mobilenet_v3_small",
        PAPER,
        "mobilenet_v2 with gates and cheaper activations; small",
        ENDS,
        |k, c| Box::new(MobileNetV3::mobilenet_v3_small(k, c)),
    ),
    photos("mobilenet_v3_large", PAPER, "four times the work of the small one", ENDS, |k, c| {
        Box::new(MobileNetV3::mobilenet_v3_large(k, c))
    }),
];

/// The published weights; the first entry of each network is its default.
pub(crate) const WEIGHTS: &[WeightsInfo] = &[
    torchvision(["mobilenet_v3_small", "v1"], pth!("mobilenet_v3_small", "047dcff4"), V1, (67.668, 87.402)),
    torchvision(["mobilenet_v3_large", "v2"], pth!("mobilenet_v3_large", "5c1a4163"), V2, (75.274, 92.566)),
    torchvision(["mobilenet_v3_large", "v1"], pth!("mobilenet_v3_large", "8738ca79"), V1, (74.042, 91.340)),
];
