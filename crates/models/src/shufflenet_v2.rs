//! ShuffleNetV2: half of the channels bypass each block, and the halves are then shuffled.

use crate::info::{ModelInfo, photos};
use crate::weights::{V1, V2, WeightsInfo, pth, torchvision};
use striate_nn::{BatchNorm2d, Conv2d, Forward, Linear, MaxPool2d, Module, ReLU, Sequential, Var};

/// ShuffleNetV2 in four widths: a block splits the channels, sends one half through a 1x1, a depthwise 3x3 and a 1x1
/// convolution, concatenates it with the other half, and shuffles, so that the next block splits the channels differently.
///
/// | network | channels of the stages | parameters | multiply-adds at 224 px |
/// | --- | --- | ---: | ---: |
/// | [`ShuffleNetV2::shufflenet_v2_x0_5`] | 48 96 192 | 1,366,792 | 40,476,448 |
/// | [`ShuffleNetV2::shufflenet_v2_x1_0`] | 116 232 464 | 2,278,604 | 144,907,992 |
/// | [`ShuffleNetV2::shufflenet_v2_x1_5`] | 176 352 704 | 3,503,624 | 295,759,392 |
/// | [`ShuffleNetV2::shufflenet_v2_x2_0`] | 244 488 976 | 7,393,996 | 583,253,464 |
///
/// # Shapes
/// `[N, in_channels, H, W]` of any size to logits `[N, num_classes]`.
///
/// # Source
/// Ma et al., "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design", 2018, table 5.
///
/// # PyTorch
/// `torchvision.models.shufflenet_v2_x0_5` to `shufflenet_v2_x2_0`, keys and initialization included.
///
/// # Example
/// ```
/// use striate_models::ShuffleNetV2;
/// use striate_nn::{Mode, trace};
///
/// let graph = trace(&ShuffleNetV2::shufflenet_v2_x1_0(1000, 3), Mode::Eval, [3, 224, 224])?;
/// assert_eq!((graph.parameter_count(), graph.multiply_adds()), (2_278_604, 144_907_992));
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Module)]
pub struct ShuffleNetV2 {
    /// The stem: 3x3 with stride 2.
    pub conv1: Sequential,
    /// A 3x3 max-pool with stride 2.
    pub maxpool: MaxPool2d,
    /// Blocks at an eighth of the image's height and width.
    pub stage2: Sequential,
    /// Blocks at a sixteenth of the image's height and width.
    pub stage3: Sequential,
    /// Blocks at a thirty-second of the image's height and width.
    pub stage4: Sequential,
    /// A 1x1 convolution to the features.
    pub conv5: Sequential,
    /// The classifier, which computes the logits from the features.
    pub fc: Linear,
}

/// Number of channels of the stem.
const STEM: usize = 24;

impl ShuffleNetV2 {
    fn new(stages: [usize; 3], features: usize, num_classes: usize, in_channels: usize) -> Self {
        let stage = |from: usize, to: usize, blocks: usize| {
            let block = |i: usize| InvertedResidual::new(if i == 0 { from } else { to }, to, i == 0);
            (0..blocks).map(block).fold(Sequential::new(), Sequential::append)
        };
        let [two, three, four] = stages;
        Self {
            conv1: conv_norm_relu(in_channels, STEM, 3, 2),
            maxpool: MaxPool2d::new(3).stride(2).padding(1),
            stage2: stage(STEM, two, 4),
            stage3: stage(two, three, 8),
            stage4: stage(three, four, 4),
            conv5: conv_norm_relu(four, features, 1, 1),
            fc: Linear::new(features, num_classes),
        }
    }

    /// ShuffleNetV2 at half the width.
    pub fn shufflenet_v2_x0_5(num_classes: usize, in_channels: usize) -> Self {
        Self::new([48, 96, 192], 1024, num_classes, in_channels)
    }

    /// ShuffleNetV2 at the width of the paper.
    pub fn shufflenet_v2_x1_0(num_classes: usize, in_channels: usize) -> Self {
        Self::new([116, 232, 464], 1024, num_classes, in_channels)
    }

    /// ShuffleNetV2 at 1.5 times the width.
    pub fn shufflenet_v2_x1_5(num_classes: usize, in_channels: usize) -> Self {
        Self::new([176, 352, 704], 1024, num_classes, in_channels)
    }

    /// ShuffleNetV2 at twice the width.
    pub fn shufflenet_v2_x2_0(num_classes: usize, in_channels: usize) -> Self {
        Self::new([244, 488, 976], 2048, num_classes, in_channels)
    }
}

impl Forward for ShuffleNetV2 {
    /// `[N, C, H, W]` to logits. The sizes in the comments are those of shufflenet_v2_x1_0 and photos of 224 px.
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.conv1).apply(&self.maxpool); // [N, 24, 56, 56]
        let x = x.apply(&self.stage2).apply(&self.stage3).apply(&self.stage4); // [N, 464, 7, 7]
        let x = x.apply(&self.conv5).adaptive_avg_pool2d(1); // [N, 1024, 1, 1]
        x.flatten(1).apply(&self.fc)
    }
}

fn conv(from: usize, to: usize, kernel: usize, stride: usize) -> Conv2d {
    Conv2d::new(from, to, kernel).stride(stride).padding(kernel / 2).bias(false)
}

fn conv_norm_relu(from: usize, to: usize, kernel: usize, stride: usize) -> Sequential {
    let conv = conv(from, to, kernel, stride);
    Sequential::new().append(conv).append(BatchNorm2d::new(to)).append(ReLU::new())
}

/// Half of the channels bypass the block; if the size changes, both halves are computed from all channels.
#[derive(Debug, Module)]
struct InvertedResidual {
    branch1: Sequential,
    branch2: Sequential,
    /// Number of channels of each half.
    #[module(skip)]
    half: usize,
    #[module(skip)]
    downsamples: bool,
}

impl InvertedResidual {
    fn new(from: usize, to: usize, downsamples: bool) -> Self {
        let half = to / 2;
        let stride = if downsamples { 2 } else { 1 };
        let depthwise = |channels: usize| conv(channels, channels, 3, stride).groups(channels);
        let branch1 = if downsamples {
            let looks = Sequential::new().append(depthwise(from)).append(BatchNorm2d::new(from));
            looks.append(conv(from, half, 1, 1)).append(BatchNorm2d::new(half)).append(ReLU::new())
        } else {
            Sequential::new()
        };
        let branch2 = Sequential::new()
            .append(conv(if downsamples { from } else { half }, half, 1, 1))
            .append(BatchNorm2d::new(half))
            .append(ReLU::new())
            .append(depthwise(half))
            .append(BatchNorm2d::new(half))
            .append(conv(half, half, 1, 1))
            .append(BatchNorm2d::new(half))
            .append(ReLU::new());
        Self { branch1, branch2, half, downsamples }
    }
}

impl Forward for InvertedResidual {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let [passes, looked_at] =
            if self.downsamples { [x.apply(&self.branch1), x] } else { x.split([self.half; 2]) };
        passes.concat(&[looked_at.apply(&self.branch2)]).channel_shuffle(2)
    }
}

const PAPER: &str =
    "Ma et al. 2018, ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design";
const ENDS: [&str; 2] = ["conv1.0", "fc"];

/// The entries of the registry.
pub(crate) const MODELS: &[ModelInfo] = &[
    photos(
        "shufflenet_v2_x0_5",
        PAPER,
        "half of the channels bypass each block; half the width",
        ENDS,
        |k, c| Box::new(ShuffleNetV2::shufflenet_v2_x0_5(k, c)),
    ),
    photos("shufflenet_v2_x1_0", PAPER, "the width of the paper", ENDS, |k, c| {
        Box::new(ShuffleNetV2::shufflenet_v2_x1_0(k, c))
    }),
    photos("shufflenet_v2_x1_5", PAPER, "1.5 times the width", ENDS, |k, c| {
        Box::new(ShuffleNetV2::shufflenet_v2_x1_5(k, c))
    }),
    photos("shufflenet_v2_x2_0", PAPER, "twice as wide", ENDS, |k, c| {
        Box::new(ShuffleNetV2::shufflenet_v2_x2_0(k, c))
    }),
];

/// The published weights, one entry per network.
pub(crate) const WEIGHTS: &[WeightsInfo] = &[
    torchvision(["shufflenet_v2_x0_5", "v1"], pth!("shufflenetv2_x0.5", "f707e7126e"), V1, (60.552, 81.746)),
    torchvision(["shufflenet_v2_x1_0", "v1"], pth!("shufflenetv2_x1", "5666bf0f80"), V1, (69.362, 88.316)),
    torchvision(["shufflenet_v2_x1_5", "v1"], pth!("shufflenetv2_x1_5", "3c479a10"), V2, (72.996, 91.086)),
    torchvision(["shufflenet_v2_x2_0", "v1"], pth!("shufflenetv2_x2_0", "8be3c8ee"), V2, (76.230, 93.006)),
];
