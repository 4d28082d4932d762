//! ConvNeXt: a residual network redesigned with ideas from transformers: large windows, few norms, and one activation per
//! block.

use crate::info::{ModelInfo, photos};
use crate::weights::{Card, V2, WeightsInfo, pth, torchvision};
use striate_nn::graph::op::LayerScale;
use striate_nn::{
    Conv2d, Flatten, Forward, GELU, Identity, Init, LayerNorm2d, Linear, Module, PointwiseLinear, Sequential,
    Var,
};

/// ConvNeXt in four sizes: a block applies a depthwise 7x7 convolution, normalizes the channels of each pixel, and mixes them
/// by two linear layers with a GELU in between.
///
/// | network | blocks of the stages | channels of the stages | parameters | multiply-adds at 224 px |
/// | --- | --- | --- | ---: | ---: |
/// | [`ConvNeXt::convnext_tiny`] | 3 3 9 3 | 96 192 384 768 | 28,589,128 | 4,455,531,264 |
/// | [`ConvNeXt::convnext_small`] | 3 3 27 3 | 96 192 384 768 | 50,223,688 | 8,683,712,256 |
/// | [`ConvNeXt::convnext_base`] | 3 3 27 3 | 128 256 512 1024 | 88,591,464 | 15,354,729,472 |
/// | [`ConvNeXt::convnext_large`] | 3 3 27 3 | 192 384 768 1536 | 197,767,336 | 34,361,433,600 |
///
/// # Shapes
/// `[N, in_channels, H, W]` of at least 32 px to logits `[N, num_classes]`.
///
/// # Source
/// Liu et al., "A ConvNet for the 2020s", 2022, table 9.
///
/// # PyTorch
/// `torchvision.models.convnext_tiny` to `convnext_large`, keys and initialization included. In training, blocks are skipped at
/// random, with a probability that grows to one in ten (tiny), two in five (small) or one half (base, large) at the last block.
///
/// # Example
/// ```
/// use striate_models::ConvNeXt;
/// use striate_nn::{Mode, trace};
///
/// let graph = trace(&ConvNeXt::convnext_tiny(1000, 3), Mode::Eval, [3, 224, 224])?;
/// assert_eq!((graph.parameter_count(), graph.multiply_adds()), (28_589_128, 4_455_531_264));
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Module)]
pub struct ConvNeXt {
    /// The convolutional part of the network.
    pub features: Sequential,
    /// The classifier, which computes the logits from the features.
    pub classifier: Sequential,
}

/// Initial factor of a block's branch.
const LAYER_SCALE: f32 = 1e-6;

fn norm(channels: usize) -> LayerNorm2d {
    LayerNorm2d::new(channels).eps(1e-6)
}

/// Normal with a standard deviation of 0.02, which torchvision truncates at 100 standard deviations.
fn init() -> Init {
    Init::Normal { std: 0.02 }
}

impl ConvNeXt {
    fn new(
        channels: usize,
        blocks: [usize; 4],
        left_out: f64,
        num_classes: usize,
        in_channels: usize,
    ) -> Self {
        let stem = Conv2d::new(in_channels, channels, 4).stride(4).init(init());
        let mut features = Sequential::new().append(Sequential::new().append(stem).append(norm(channels)));
        let last = blocks.iter().sum::<usize>() - 1;
        let (mut place, mut width) = (0, channels);
        for (i, count) in blocks.into_iter().enumerate() {
            if i > 0 {
                let down = Conv2d::new(width, 2 * width, 2).stride(2).init(init());
                features = features.append(Sequential::new().append(norm(width)).append(down));
                width *= 2;
            }
            let stage =
                (0..count).map(|j| Block::new(width, (left_out * (place + j) as f64 / last as f64) as f32));
            features = features.append(stage.fold(Sequential::new(), Sequential::append));
            place += count;
        }
        let linear = Linear::new(width, num_classes).init(init());
        let classifier = Sequential::new().append(norm(width)).append(Flatten::new()).append(linear);
        Self { features, classifier }
    }

    /// ConvNeXt-T, with 18 blocks.
    pub fn convnext_tiny(num_classes: usize, in_channels: usize) -> Self {
        Self::new(96, [3, 3, 9, 3], 0.1, num_classes, in_channels)
    }

    /// ConvNeXt-S, with 36 blocks.
    pub fn convnext_small(num_classes: usize, in_channels: usize) -> Self {
        Self::new(96, [3, 3, 27, 3], 0.4, num_classes, in_channels)
    }

    /// ConvNeXt-B, a third wider than small.
    pub fn convnext_base(num_classes: usize, in_channels: usize) -> Self {
        Self::new(128, [3, 3, 27, 3], 0.5, num_classes, in_channels)
    }

    /// ConvNeXt-L, twice as wide as small.
    pub fn convnext_large(num_classes: usize, in_channels: usize) -> Self {
        Self::new(192, [3, 3, 27, 3], 0.5, num_classes, in_channels)
    }
}

impl Forward for ConvNeXt {
    /// `[N, C, H, W]` to logits.
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.features).adaptive_avg_pool2d(1); // [N, 768, 1, 1] of tiny
        x.apply(&self.classifier)
    }
}

/// Depthwise convolution, norm and two linear layers, with a shortcut past them.
#[derive(Debug, Module)]
struct Block {
    block: Sequential,
    #[module(skip)]
    channels: usize,
    /// Probability that the block is skipped in training.
    #[module(skip)]
    left_out: f32,
}

impl Block {
    fn new(channels: usize, left_out: f32) -> Self {
        let block = Sequential::new()
            .append(Conv2d::new(channels, channels, 7).padding(3).groups(channels).init(init()))
            // torchvision moves the channels behind the columns here, and back at the end.
            .append(Identity::new())
            .append(norm(channels))
            .append(PointwiseLinear::new(channels, 4 * channels).init(init()))
            .append(GELU::new())
            .append(PointwiseLinear::new(4 * channels, channels).init(init()))
            .append(Identity::new());
        Self { block, channels, left_out }
    }
}

impl Forward for Block {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let scale = LayerScale { num_channels: self.channels, init: Some(LAYER_SCALE) };
        x.apply(&self.block).op(scale.into()).stochastic_depth(self.left_out) + x
    }
}

const PAPER: &str = "Liu et al. 2022, A ConvNet for the 2020s";
const ENDS: [&str; 2] = ["features.0.0", "classifier.2"];

/// The entries of the registry.
pub(crate) const MODELS: &[ModelInfo] = &[
    photos("convnext_tiny", PAPER, "a residual network redesigned like a transformer", ENDS, |k, c| {
        Box::new(ConvNeXt::convnext_tiny(k, c))
    }),
    photos("convnext_small", PAPER, "36 blocks", ENDS, |k, c| Box::new(ConvNeXt::convnext_small(k, c))),
    photos("convnext_base", PAPER, "a third wider than small", ENDS, |k, c| {
        Box::new(ConvNeXt::convnext_base(k, c))
    }),
    photos("convnext_large", PAPER, "twice as wide as small", ENDS, |k, c| {
        Box::new(ConvNeXt::convnext_large(k, c))
    }),
];

/// The published weights, one entry per network.
pub(crate) const WEIGHTS: &[WeightsInfo] = &[
    torchvision(
        ["convnext_tiny", "v1"],
        pth!("convnext_tiny", "983f1562"),
        Card::imagenet(236),
        (82.520, 96.146),
    ),
    torchvision(
        ["convnext_small", "v1"],
        pth!("convnext_small", "0c510722"),
        Card::imagenet(230),
        (83.616, 96.650),
    ),
    torchvision(["convnext_base", "v1"], pth!("convnext_base", "6075fbad"), V2, (84.062, 96.870)),
    torchvision(["convnext_large", "v1"], pth!("convnext_large", "ea097f82"), V2, (84.414, 96.976)),
];
