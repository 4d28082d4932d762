//! MobileNetV2: wide in between, narrow at the ends, and every 3x3 convolution sees one channel.

use crate::info::{ModelInfo, photos};
use crate::weights::{V1, V2, WeightsInfo, pth, torchvision};
use striate_nn::{BatchNorm2d, Conv2d, Dropout, Forward, Init, Linear, Module, ReLU6, Sequential, Var};

/// MobileNetV2: blocks that widen by 1x1, look by a depthwise 3x3, and narrow by 1x1 without activation.
///
/// | stage | blocks | widen by | output for 224 px |
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
/// `torchvision.models.mobilenet_v2`, keys and initialization included. In training, a fifth of what `classifier.1` reads
/// is dropped.
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
    /// All convolutions.
    pub features: Sequential,
    /// From features to classes.
    pub classifier: Sequential,
}

/// How much wider, output channels, blocks, stride of the first.
const STAGES: [(usize, usize, usize, usize); 7] = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
];
/// Features of an image.
const FEATURES: usize = 1280;

impl MobileNetV2 {
    /// For images of `in_channels` channels.
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
    // As torchvision counts it: a depthwise filter, too, as if it fed all channels.
    let init = Init::kaiming_normal(to * kernel * kernel);
    let conv = Conv2d::new(from, to, kernel).stride(stride).padding(kernel / 2);
    conv.groups(groups).bias(false).init(init)
}

fn conv_norm_relu(from: usize, to: usize, kernel: usize, stride: usize, groups: usize) -> Sequential {
    let conv = conv(from, to, kernel, stride, groups);
    Sequential::new().append(conv).append(BatchNorm2d::new(to)).append(ReLU6::new())
}

/// Widen, look, narrow; and the shortcut between the narrow ends where they are alike.
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

/// As the registry lists them.
pub(crate) const MODELS: &[ModelInfo] = &[photos(
    "mobilenet_v2",
    "Sandler et al. 2018, MobileNetV2: Inverted Residuals and Linear Bottlenecks",
    "depthwise convolutions between narrow layers: made for phones",
    ["features.0.0", "classifier.1"],
    |k, c| Box::new(MobileNetV2::new(k, c)),
)];

/// The weights that were published for them; of each network, the one that its name stands for first.
pub(crate) const WEIGHTS: &[WeightsInfo] = &[
    torchvision(["mobilenet_v2", "v2"], pth!("mobilenet_v2", "7ebf99e0"), V2, (72.154, 90.822)),
    torchvision(["mobilenet_v2", "v1"], pth!("mobilenet_v2", "b0353104"), V1, (71.878, 90.286)),
];
