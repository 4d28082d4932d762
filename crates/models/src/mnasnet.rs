//! MNASNet: blocks like those of MobileNetV2, chosen by a search that measured their speed on a phone.

use crate::info::{ModelInfo, photos};
use crate::rounding::divisible;
use crate::weights::{V1, V2, WeightsInfo, pth, torchvision};
use striate_nn::{BatchNorm2d, Conv2d, Dropout, Forward, Init, Linear, Module, ReLU, Sequential, Var};

/// MNASNet-B1 in four widths: blocks that expand by 1x1, apply a depthwise 3x3 or 5x5 convolution, and project by 1x1.
///
/// | network | width | parameters | multiply-adds at 224 px |
/// | --- | ---: | ---: | ---: |
/// | [`MnasNet::mnasnet0_5`] | 0.5 | 2,218,512 | 104,455,968 |
/// | [`MnasNet::mnasnet0_75`] | 0.75 | 3,170,208 | 215,493,104 |
/// | [`MnasNet::mnasnet1_0`] | 1 | 4,383,312 | 314,415,872 |
/// | [`MnasNet::mnasnet1_3`] | 1.3 | 6,282,256 | 526,362,432 |
///
/// # Shapes
/// `[N, in_channels, H, W]` of any size to logits `[N, num_classes]`.
///
/// # Source
/// Tan et al., "MnasNet: Platform-Aware Neural Architecture Search for Mobile", 2019, figure 7.
///
/// # PyTorch
/// `torchvision.models.mnasnet0_5` to `mnasnet1_3`, keys and initialization included. In training, a fifth of the inputs of
/// `classifier.1` is dropped.
///
/// # Example
/// ```
/// use striate_models::MnasNet;
/// use striate_nn::{Mode, trace};
///
/// let graph = trace(&MnasNet::mnasnet1_0(1000, 3), Mode::Eval, [3, 224, 224])?;
/// assert_eq!((graph.parameter_count(), graph.multiply_adds()), (4_383_312, 314_415_872));
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Module)]
pub struct MnasNet {
    /// The convolutional part of the network.
    pub layers: Sequential,
    /// The classifier, which computes the logits from the features.
    pub classifier: Sequential,
}

/// Kernel, stride of the first block, expansion factor, blocks.
const STACKS: [(usize, usize, usize, usize); 6] =
    [(3, 2, 3, 3), (5, 2, 3, 3), (5, 2, 6, 3), (3, 1, 6, 2), (5, 2, 6, 4), (3, 1, 6, 1)];
/// Channels at width 1: of the stem, of the block after it, and of the stacks.
const CHANNELS: [usize; 8] = [32, 16, 24, 40, 80, 96, 192, 320];
/// Length of the feature vector of an image.
const FEATURES: usize = 1280;

impl MnasNet {
    fn new(width: f64, num_classes: usize, in_channels: usize) -> Self {
        let channels = CHANNELS.map(|channels| divisible(channels as f64 * width, 8));
        let [stem, first, ..] = channels;
        let mut layers = Sequential::new();
        layers = layers.append(conv(in_channels, stem, 3, 2, 1)).append(norm(stem)).append(ReLU::new());
        layers = layers.append(conv(stem, stem, 3, 1, stem)).append(norm(stem)).append(ReLU::new());
        layers = layers.append(conv(stem, first, 1, 1, 1)).append(norm(first));
        for (i, (kernel, stride, widen, blocks)) in STACKS.into_iter().enumerate() {
            let (from, to) = (channels[i + 1], channels[i + 2]);
            let block = |block: usize| match block {
                0 => InvertedResidual::new(from, to, kernel, stride, widen),
                _ => InvertedResidual::new(to, to, kernel, 1, widen),
            };
            layers = layers.append((0..blocks).map(block).fold(Sequential::new(), Sequential::append));
        }
        let last = channels[CHANNELS.len() - 1];
        layers = layers.append(conv(last, FEATURES, 1, 1, 1)).append(norm(FEATURES)).append(ReLU::new());
        // Kaiming-uniform over the number of outputs, with the gain for a sigmoid.
        let init = Init::Within { bound: (3.0 / num_classes.max(1) as f64).sqrt() as f32 };
        let linear = Linear::new(FEATURES, num_classes).init(init);
        Self { layers, classifier: Sequential::new().append(Dropout::new(0.2)).append(linear) }
    }

    /// MNASNet at half the width.
    pub fn mnasnet0_5(num_classes: usize, in_channels: usize) -> Self {
        Self::new(0.5, num_classes, in_channels)
    }

    /// MNASNet at three quarters of the width.
    pub fn mnasnet0_75(num_classes: usize, in_channels: usize) -> Self {
        Self::new(0.75, num_classes, in_channels)
    }

    /// MNASNet at the width of the paper.
    pub fn mnasnet1_0(num_classes: usize, in_channels: usize) -> Self {
        Self::new(1.0, num_classes, in_channels)
    }

    /// MNASNet at 1.3 times the width.
    pub fn mnasnet1_3(num_classes: usize, in_channels: usize) -> Self {
        Self::new(1.3, num_classes, in_channels)
    }
}

impl Forward for MnasNet {
    /// `[N, C, H, W]` to logits.
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.layers).adaptive_avg_pool2d(1); // [N, 1280, 1, 1]
        x.flatten(1).apply(&self.classifier)
    }
}

fn conv(from: usize, to: usize, kernel: usize, stride: usize, groups: usize) -> Conv2d {
    let conv = Conv2d::new(from, to, kernel).stride(stride).padding(kernel / 2);
    conv.groups(groups).bias(false).init(Init::kaiming_normal(to * kernel * kernel))
}

/// A batch norm whose running statistics hardly move: with a momentum of 0.0003.
fn norm(channels: usize) -> BatchNorm2d {
    BatchNorm2d::new(channels).momentum(0.0003)
}

/// Expand, depthwise convolution, project; with a shortcut if input and output have the same shape.
#[derive(Debug, Module)]
struct InvertedResidual {
    layers: Sequential,
    #[module(skip)]
    shortcut: bool,
}

impl InvertedResidual {
    fn new(from: usize, to: usize, kernel: usize, stride: usize, widen: usize) -> Self {
        let wide = from * widen;
        let layers = Sequential::new()
            .append(conv(from, wide, 1, 1, 1))
            .append(norm(wide))
            .append(ReLU::new())
            .append(conv(wide, wide, kernel, stride, wide))
            .append(norm(wide))
            .append(ReLU::new())
            .append(conv(wide, to, 1, 1, 1))
            .append(norm(to));
        Self { layers, shortcut: stride == 1 && from == to }
    }
}

impl Forward for InvertedResidual {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let y = x.apply(&self.layers);
        if self.shortcut { y + x } else { y }
    }
}

const PAPER: &str = "Tan et al. 2019, MnasNet: Platform-Aware Neural Architecture Search for Mobile";
const ENDS: [&str; 2] = ["layers.0", "classifier.1"];

/// The entries of the registry.
pub(crate) const MODELS: &[ModelInfo] = &[
    photos(
        "mnasnet0_5",
        PAPER,
        "chosen by a search that timed networks on a phone; half the width",
        ENDS,
        |k, c| Box::new(MnasNet::mnasnet0_5(k, c)),
    ),
    photos("mnasnet0_75", PAPER, "three quarters of the width", ENDS, |k, c| {
        Box::new(MnasNet::mnasnet0_75(k, c))
    }),
    photos("mnasnet1_0", PAPER, "the width of the paper", ENDS, |k, c| Box::new(MnasNet::mnasnet1_0(k, c))),
    photos("mnasnet1_3", PAPER, "a third wider", ENDS, |k, c| Box::new(MnasNet::mnasnet1_3(k, c))),
];

/// The published weights, one entry per network.
pub(crate) const WEIGHTS: &[WeightsInfo] = &[
    torchvision(["mnasnet0_5", "v1"], pth!("mnasnet0.5_top1_67.823", "3ffadce67e"), V1, (67.734, 87.490)),
    torchvision(["mnasnet0_75", "v1"], pth!("mnasnet0_75", "7090bc5f"), V2, (71.180, 90.496)),
    torchvision(["mnasnet1_0", "v1"], pth!("mnasnet1.0_top1_73.512", "f206786ef8"), V1, (73.456, 91.510)),
    torchvision(["mnasnet1_3", "v1"], pth!("mnasnet1_3", "a4c69d6f"), V2, (76.506, 93.522)),
];
