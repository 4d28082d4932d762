//! EfficientNet and EfficientNetV2: gated blocks like those of MobileNetV2, with depth, width and image size scaled together.

use crate::info::{ModelInfo, photos};
use crate::rounding::divisible;
use crate::weights::{Card, WeightsInfo, pth, torchvision};
use striate_nn::{
    BatchNorm2d, Conv2d, Dropout, Forward, Init, Linear, Module, Sequential, SiLU, SqueezeExcitation, Var,
};

/// EfficientNet in eight sizes and EfficientNetV2 in three. A block expands the channels by a 1x1 convolution, applies a
/// depthwise 3x3 or 5x5 convolution, gates the channels, and projects them by 1x1; the first stages of V2 expand by a full 3x3
/// convolution instead.
///
/// | network | images | parameters | multiply-adds |
/// | --- | ---: | ---: | ---: |
/// | [`EfficientNet::efficientnet_b0`] | 224 px | 5,288,548 | 385,814,752 |
/// | [`EfficientNet::efficientnet_b1`] | 240 px | 7,794,184 | 686,802,832 |
/// | [`EfficientNet::efficientnet_b2`] | 288 px | 9,109,994 | 1,087,529,456 |
/// | [`EfficientNet::efficientnet_b3`] | 300 px | 12,233,232 | 1,827,141,392 |
/// | [`EfficientNet::efficientnet_b4`] | 380 px | 19,341,616 | 4,393,771,024 |
/// | [`EfficientNet::efficientnet_b5`] | 456 px | 30,389,784 | 10,266,384,752 |
/// | [`EfficientNet::efficientnet_b6`] | 528 px | 43,040,704 | 19,067,593,536 |
/// | [`EfficientNet::efficientnet_b7`] | 600 px | 66,347,960 | 37,745,884,192 |
/// | [`EfficientNet::efficientnet_v2_s`] | 384 px | 21,458,488 | 8,365,617,152 |
/// | [`EfficientNet::efficientnet_v2_m`] | 480 px | 54,139,356 | 24,582,460,384 |
/// | [`EfficientNet::efficientnet_v2_l`] | 480 px | 118,515,272 | 56,079,699,008 |
///
/// # Shapes
/// `[N, in_channels, H, W]` of any size to logits `[N, num_classes]`.
///
/// # Source
/// Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019, table 1, and
/// "EfficientNetV2: Smaller Models and Faster Training", 2021, table 4.
///
/// # PyTorch
/// `torchvision.models.efficientnet_b0` to `efficientnet_b7`, and `efficientnet_v2_s`, `_m` and `_l`, keys and initialization
/// included. In training, blocks with a shortcut are skipped at random, with a probability that grows to one in five at the
/// last, and a part of the inputs of `classifier.1` is dropped.
///
/// # Example
/// ```
/// use striate_models::EfficientNet;
/// use striate_nn::{Mode, trace};
///
/// let graph = trace(&EfficientNet::efficientnet_b0(1000, 3), Mode::Eval, [3, 224, 224])?;
/// assert_eq!((graph.parameter_count(), graph.multiply_adds()), (5_288_548, 385_814_752));
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Module)]
pub struct EfficientNet {
    /// The convolutional part of the network.
    pub features: Sequential,
    /// The classifier, which computes the logits from the features.
    pub classifier: Sequential,
}

/// Whether a stage expands by a full convolution, expansion factor, kernel, stride of the first block, channels in and out,
/// blocks.
type Stage = (bool, usize, usize, usize, usize, usize, usize);

const B: [Stage; 7] = [
    (false, 1, 3, 1, 32, 16, 1),
    (false, 6, 3, 2, 16, 24, 2),
    (false, 6, 5, 2, 24, 40, 2),
    (false, 6, 3, 2, 40, 80, 3),
    (false, 6, 5, 1, 80, 112, 3),
    (false, 6, 5, 2, 112, 192, 4),
    (false, 6, 3, 1, 192, 320, 1),
];
const V2_S: [Stage; 6] = [
    (true, 1, 3, 1, 24, 24, 2),
    (true, 4, 3, 2, 24, 48, 4),
    (true, 4, 3, 2, 48, 64, 4),
    (false, 4, 3, 2, 64, 128, 6),
    (false, 6, 3, 1, 128, 160, 9),
    (false, 6, 3, 2, 160, 256, 15),
];
const V2_M: [Stage; 7] = [
    (true, 1, 3, 1, 24, 24, 3),
    (true, 4, 3, 2, 24, 48, 5),
    (true, 4, 3, 2, 48, 80, 5),
    (false, 4, 3, 2, 80, 160, 7),
    (false, 6, 3, 1, 160, 176, 14),
    (false, 6, 3, 2, 176, 304, 18),
    (false, 6, 3, 1, 304, 512, 5),
];
const V2_L: [Stage; 7] = [
    (true, 1, 3, 1, 32, 32, 4),
    (true, 4, 3, 2, 32, 64, 7),
    (true, 4, 3, 2, 64, 96, 7),
    (false, 4, 3, 2, 96, 192, 10),
    (false, 6, 3, 1, 192, 224, 19),
    (false, 6, 3, 2, 224, 384, 25),
    (false, 6, 3, 1, 384, 640, 7),
];

/// Probability that the last block is skipped; those before it, in proportion to their position.
const LEFT_OUT: f64 = 0.2;

/// Constructor of the batch norms.
type Norm = fn(usize) -> BatchNorm2d;

/// The batch norm of the larger B networks.
fn slow_norm(channels: usize) -> BatchNorm2d {
    BatchNorm2d::new(channels).eps(0.001).momentum(0.01)
}

/// The batch norm of V2.
fn v2_norm(channels: usize) -> BatchNorm2d {
    BatchNorm2d::new(channels).eps(0.001)
}

impl EfficientNet {
    /// `features`: length of the feature vector; `None`: four times the channels of the last stage.
    fn new(
        stages: &[Stage],
        (features, dropout): (Option<usize>, f32),
        norm: Norm,
        num_classes: usize,
        in_channels: usize,
    ) -> Self {
        let total: usize = stages.iter().map(|stage| stage.6).sum();
        let mut place = 0;
        let mut layers = Sequential::new().append(conv_norm_silu(in_channels, stages[0].4, 3, (2, 1), norm));
        for &(fused, widen, kernel, stride, from, to, blocks) in stages {
            let mut stage = Sequential::new();
            for i in 0..blocks {
                let left_out = (LEFT_OUT * place as f64 / total as f64) as f32;
                let (from, stride) = if i == 0 { (from, stride) } else { (to, 1) };
                let block = if fused { Block::fused } else { Block::gated };
                stage = stage.append(block((from, to), widen, (kernel, stride), left_out, norm));
                place += 1;
            }
            layers = layers.append(stage);
        }
        let last = stages[stages.len() - 1].5;
        let features = features.unwrap_or(4 * last);
        let layers = layers.append(conv_norm_silu(last, features, 1, (1, 1), norm));
        // torchvision's bound depends on the number of outputs.
        let linear = Linear::new(features, num_classes).init(Init::Uniform { fan_in: num_classes });
        Self { features: layers, classifier: Sequential::new().append(Dropout::new(dropout)).append(linear) }
    }

    fn b(
        (width, depth): (f64, f64),
        dropout: f32,
        norm: Norm,
        num_classes: usize,
        in_channels: usize,
    ) -> Self {
        let stages = B.map(|(fused, widen, kernel, stride, from, to, blocks)| {
            let blocks = (blocks as f64 * depth).ceil() as usize;
            let wider = |channels: usize| divisible(channels as f64 * width, 8);
            (fused, widen, kernel, stride, wider(from), wider(to), blocks)
        });
        Self::new(&stages, (None, dropout), norm, num_classes, in_channels)
    }

    /// EfficientNet-B0, the smallest.
    pub fn efficientnet_b0(num_classes: usize, in_channels: usize) -> Self {
        Self::b((1.0, 1.0), 0.2, BatchNorm2d::new, num_classes, in_channels)
    }

    /// EfficientNet-B1, a tenth deeper than B0.
    pub fn efficientnet_b1(num_classes: usize, in_channels: usize) -> Self {
        Self::b((1.0, 1.1), 0.2, BatchNorm2d::new, num_classes, in_channels)
    }

    /// EfficientNet-B2, a tenth wider and a fifth deeper than B0.
    pub fn efficientnet_b2(num_classes: usize, in_channels: usize) -> Self {
        Self::b((1.1, 1.2), 0.3, BatchNorm2d::new, num_classes, in_channels)
    }

    /// EfficientNet-B3, 1.2 times as wide and 1.4 times as deep as B0.
    pub fn efficientnet_b3(num_classes: usize, in_channels: usize) -> Self {
        Self::b((1.2, 1.4), 0.3, BatchNorm2d::new, num_classes, in_channels)
    }

    /// EfficientNet-B4, 1.4 times as wide and 1.8 times as deep as B0.
    pub fn efficientnet_b4(num_classes: usize, in_channels: usize) -> Self {
        Self::b((1.4, 1.8), 0.4, BatchNorm2d::new, num_classes, in_channels)
    }

    /// EfficientNet-B5, 1.6 times as wide and 2.2 times as deep as B0.
    pub fn efficientnet_b5(num_classes: usize, in_channels: usize) -> Self {
        Self::b((1.6, 2.2), 0.4, slow_norm, num_classes, in_channels)
    }

    /// EfficientNet-B6, 1.8 times as wide and 2.6 times as deep as B0.
    pub fn efficientnet_b6(num_classes: usize, in_channels: usize) -> Self {
        Self::b((1.8, 2.6), 0.5, slow_norm, num_classes, in_channels)
    }

    /// EfficientNet-B7, twice as wide and 3.1 times as deep as B0.
    pub fn efficientnet_b7(num_classes: usize, in_channels: usize) -> Self {
        Self::b((2.0, 3.1), 0.5, slow_norm, num_classes, in_channels)
    }

    /// EfficientNetV2-S, the smallest of V2.
    pub fn efficientnet_v2_s(num_classes: usize, in_channels: usize) -> Self {
        Self::new(&V2_S, (Some(1280), 0.2), v2_norm, num_classes, in_channels)
    }

    /// EfficientNetV2-M, with 57 blocks.
    pub fn efficientnet_v2_m(num_classes: usize, in_channels: usize) -> Self {
        Self::new(&V2_M, (Some(1280), 0.3), v2_norm, num_classes, in_channels)
    }

    /// EfficientNetV2-L, with 79 blocks.
    pub fn efficientnet_v2_l(num_classes: usize, in_channels: usize) -> Self {
        Self::new(&V2_L, (Some(1280), 0.4), v2_norm, num_classes, in_channels)
    }
}

impl Forward for EfficientNet {
    /// `[N, C, H, W]` to logits.
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.features).adaptive_avg_pool2d(1); // [N, 1280, 1, 1] of b0
        x.flatten(1).apply(&self.classifier)
    }
}

fn conv_norm(
    from: usize,
    to: usize,
    kernel: usize,
    (stride, groups): (usize, usize),
    norm: Norm,
) -> Sequential {
    let conv = Conv2d::new(from, to, kernel).stride(stride).padding(kernel / 2).groups(groups).bias(false);
    Sequential::new().append(conv.init(Init::kaiming_normal(to * kernel * kernel))).append(norm(to))
}

fn conv_norm_silu(from: usize, to: usize, kernel: usize, steps: (usize, usize), norm: Norm) -> Sequential {
    conv_norm(from, to, kernel, steps, norm).append(SiLU::new())
}

/// A block, with a shortcut if input and output have the same shape.
#[derive(Debug, Module)]
struct Block {
    block: Sequential,
    #[module(skip)]
    shortcut: bool,
    /// Probability that the block is skipped in training.
    #[module(skip)]
    left_out: f32,
}

impl Block {
    /// Expand, depthwise convolution, gate, project.
    fn gated(
        (from, to): (usize, usize),
        widen: usize,
        (kernel, stride): (usize, usize),
        left_out: f32,
        norm: Norm,
    ) -> Self {
        let wide = from * widen;
        let mut block = Sequential::new();
        if widen != 1 {
            block = block.append(conv_norm_silu(from, wide, 1, (1, 1), norm));
        }
        let gate = SqueezeExcitation::new(wide, (from / 4).max(1)).activation(SiLU::new());
        let block = block
            .append(conv_norm_silu(wide, wide, kernel, (stride, wide), norm))
            .append(gate.init(Init::kaiming_normal))
            .append(conv_norm(wide, to, 1, (1, 1), norm));
        Self { block, shortcut: stride == 1 && from == to, left_out }
    }

    /// Expand by a full convolution, project; a single convolution if nothing is expanded.
    fn fused(
        (from, to): (usize, usize),
        widen: usize,
        (kernel, stride): (usize, usize),
        left_out: f32,
        norm: Norm,
    ) -> Self {
        let wide = from * widen;
        let block =
            if widen == 1 {
                Sequential::new().append(conv_norm_silu(from, to, kernel, (stride, 1), norm))
            } else {
                Sequential::new()
                    .append(conv_norm_silu(from, wide, kernel, (stride, 1), norm))
                    .append(conv_norm(wide, to, 1, (1, 1), norm))
            };
        Self { block, shortcut: stride == 1 && from == to, left_out }
    }
}

impl Forward for Block {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let y = x.apply(&self.block);
        if self.shortcut { y.stochastic_depth(self.left_out) + x } else { y }
    }
}

const PAPER: &str =
    "Tan and Le 2019, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks";
const PAPER_V2: &str = "Tan and Le 2021, EfficientNetV2: Smaller Models and Faster Training";
const ENDS: [&str; 2] = ["features.0.0", "classifier.1"];

/// The entries of the registry.
pub(crate) const MODELS: &[ModelInfo] = &[
    photos("efficientnet_b0", PAPER, "high accuracy for little work; the smallest of eight", ENDS, |k, c| {
        Box::new(EfficientNet::efficientnet_b0(k, c))
    }),
    photos("efficientnet_b1", PAPER, "a tenth deeper than b0", ENDS, |k, c| {
        Box::new(EfficientNet::efficientnet_b1(k, c))
    })
    .sized(240),
    photos("efficientnet_b2", PAPER, "a tenth wider and a fifth deeper than b0", ENDS, |k, c| {
        Box::new(EfficientNet::efficientnet_b2(k, c))
    })
    .sized(288),
    photos("efficientnet_b3", PAPER, "1.2 times as wide and 1.4 times as deep as b0", ENDS, |k, c| {
        Box::new(EfficientNet::efficientnet_b3(k, c))
    })
    .sized(300),
    photos("efficientnet_b4", PAPER, "1.4 times as wide and 1.8 times as deep as b0", ENDS, |k, c| {
        Box::new(EfficientNet::efficientnet_b4(k, c))
    })
    .sized(380),
    photos("efficientnet_b5", PAPER, "1.6 times as wide and 2.2 times as deep as b0", ENDS, |k, c| {
        Box::new(EfficientNet::efficientnet_b5(k, c))
    })
    .sized(456),
    photos("efficientnet_b6", PAPER, "1.8 times as wide and 2.6 times as deep as b0", ENDS, |k, c| {
        Box::new(EfficientNet::efficientnet_b6(k, c))
    })
    .sized(528),
    photos("efficientnet_b7", PAPER, "twice as wide and 3.1 times as deep as b0", ENDS, |k, c| {
        Box::new(EfficientNet::efficientnet_b7(k, c))
    })
    .sized(600),
    photos("efficientnet_v2_s", PAPER_V2, "full convolutions in the first stages", ENDS, |k, c| {
        Box::new(EfficientNet::efficientnet_v2_s(k, c))
    })
    .sized(384),
    photos("efficientnet_v2_m", PAPER_V2, "57 blocks", ENDS, |k, c| {
        Box::new(EfficientNet::efficientnet_v2_m(k, c))
    })
    .sized(480),
    photos("efficientnet_v2_l", PAPER_V2, "79 blocks", ENDS, |k, c| {
        Box::new(EfficientNet::efficientnet_v2_l(k, c))
    })
    .sized(480),
];

/// Input and shorter side in pixels.
const fn bicubic(size: usize, resize_shorter: usize) -> Card {
    Card::imagenet(resize_shorter).sized(size).bicubic()
}
const fn bilinear(size: usize, resize_shorter: usize) -> Card {
    Card::imagenet(resize_shorter).sized(size)
}

const B0: [&str; 3] = pth!("efficientnet_b0_rwightman", "7f5810bc");
const B1_V1: [&str; 3] = pth!("efficientnet_b1_rwightman", "bac287d4");
const B2: [&str; 3] = pth!("efficientnet_b2_rwightman", "c35c1473");
const B3: [&str; 3] = pth!("efficientnet_b3_rwightman", "b3899882");
const B4: [&str; 3] = pth!("efficientnet_b4_rwightman", "23ab8bcd");
const B5: [&str; 3] = pth!("efficientnet_b5_lukemelas", "1a07897c");
const B6: [&str; 3] = pth!("efficientnet_b6_lukemelas", "24a108a5");
const B7: [&str; 3] = pth!("efficientnet_b7_lukemelas", "c5b4e57e");
const L: [&str; 3] = pth!("efficientnet_v2_l", "59c71312");

/// The published weights; the first entry of each network is its default.
pub(crate) const WEIGHTS: &[WeightsInfo] = &[
    torchvision(["efficientnet_b0", "v1"], B0, bicubic(224, 256), (77.692, 93.532)),
    torchvision(
        ["efficientnet_b1", "v2"],
        pth!("efficientnet_b1", "c27df63c"),
        bilinear(240, 255),
        (79.838, 94.934),
    ),
    torchvision(["efficientnet_b1", "v1"], B1_V1, bicubic(240, 256), (78.642, 94.186)),
    torchvision(["efficientnet_b2", "v1"], B2, bicubic(288, 288), (80.608, 95.310)),
    torchvision(["efficientnet_b3", "v1"], B3, bicubic(300, 320), (82.008, 96.054)),
    torchvision(["efficientnet_b4", "v1"], B4, bicubic(380, 384), (83.384, 96.594)),
    torchvision(["efficientnet_b5", "v1"], B5, bicubic(456, 456), (83.444, 96.628)),
    torchvision(["efficientnet_b6", "v1"], B6, bicubic(528, 528), (84.008, 96.916)),
    torchvision(["efficientnet_b7", "v1"], B7, bicubic(600, 600), (84.122, 96.908)),
    torchvision(
        ["efficientnet_v2_s", "v1"],
        pth!("efficientnet_v2_s", "dd5fe13b"),
        bilinear(384, 384),
        (84.228, 96.878),
    ),
    torchvision(
        ["efficientnet_v2_m", "v1"],
        pth!("efficientnet_v2_m", "dc08266a"),
        bilinear(480, 480),
        (85.112, 97.156),
    ),
    torchvision(["efficientnet_v2_l", "v1"], L, bicubic(480, 480).halves(), (85.808, 97.788)),
];
