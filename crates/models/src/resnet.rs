//! ResNet: each block learns what to add to its input.

use crate::info::{ModelInfo, photos, small};
use crate::weights::{V1, V2, WeightsInfo, pth, torchvision};
use striate_nn::{
    AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Forward, Init, Linear, MaxPool2d, Module, Sequential, Var,
};

/// A residual network of any depth, for photos or for small images.
///
/// | network | blocks | parameters | multiply-adds |
/// | --- | --- | ---: | ---: |
/// | [`ResNet::resnet18`] | 2 2 2 2 of two 3x3 | 11,689,512 | 1,814,073,344 at 224 px |
/// | [`ResNet::resnet34`] | 3 4 6 3 of two 3x3 | 21,797,672 | 3,663,761,408 at 224 px |
/// | [`ResNet::resnet50`] | 3 4 6 3 of 1x1, 3x3, 1x1 | 25,557,032 | 4,089,184,256 at 224 px |
/// | [`ResNet::resnet101`] | 3 4 23 3 of 1x1, 3x3, 1x1 | 44,549,160 | 7,801,405,440 at 224 px |
/// | [`ResNet::resnet152`] | 3 8 36 3 of 1x1, 3x3, 1x1 | 60,192,808 | 11,513,626,624 at 224 px |
/// | [`ResNet::resnext50_32x4d`] | 3 4 6 3 of 1x1, 3x3 in 32 groups, 1x1 | 25,028,904 | 4,230,479,872 at 224 px |
/// | [`ResNet::resnext101_32x8d`] | 3 4 23 3 of the same | 88,791,336 | 16,414,015,488 at 224 px |
/// | [`ResNet::resnext101_64x4d`] | 3 4 23 3 of the same in 64 groups | 83,455,272 | 15,460,270,080 at 224 px |
/// | [`ResNet::wide_resnet50_2`] | 3 4 6 3 of 1x1, 3x3 twice as wide, 1x1 | 68,883,240 | 11,398,021,120 at 224 px |
/// | [`ResNet::wide_resnet101_2`] | 3 4 23 3 of the same | 126,886,696 | 22,753,050,624 at 224 px |
/// | [`ResNet::resnet20`] | 3 3 3 of two 3x3 | 272,474 | 40,813,184 at 32 px |
/// | [`ResNet::resnet18_small`] | 2 2 2 2 of two 3x3 | 11,173,962 | 555,422,720 at 32 px |
///
/// The last two are for 10 classes, the others for 1000.
///
/// # Shapes
/// `[N, in_channels, H, W]` of any size to logits `[N, num_classes]`.
///
/// # Source
/// He et al., "Deep Residual Learning for Image Recognition", 2016, table 1 and section 4.2; Xie et al., "Aggregated Residual
/// Transformations for Deep Neural Networks", 2017, table 1; Zagoruyko et al., "Wide Residual Networks", 2016.
///
/// # PyTorch
/// `torchvision.models.resnet18` to `resnet152`, `resnext50_32x4d` and its relatives, keys and initialization included. The
/// stride of a bottleneck is in its 3x3 convolution, as there, and not in the first 1x1, as in the paper. The networks for
/// small images have the same keys.
///
/// # Example
/// ```
/// use striate_models::ResNet;
/// use striate_nn::{Mode, trace};
///
/// let graph = trace(&ResNet::resnet50(1000, 3), Mode::Eval, [3, 224, 224])?;
/// assert_eq!((graph.parameter_count(), graph.multiply_adds()), (25_557_032, 4_089_184_256));
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Module)]
pub struct ResNet {
    /// The stem: 7x7 with stride 2 for photos, 3x3 for small images.
    pub conv1: Conv2d,
    /// The batch norm of the stem.
    pub bn1: BatchNorm2d,
    /// A 3x3 max-pool with stride 2, in networks for photos.
    pub maxpool: Option<MaxPool2d>,
    /// Blocks at the size of the stem's output.
    pub layer1: Sequential,
    /// Blocks at half that size.
    pub layer2: Sequential,
    /// Blocks at a quarter of that size.
    pub layer3: Sequential,
    /// Blocks at an eighth of that size; `None` in [`ResNet::resnet20`].
    pub layer4: Option<Sequential>,
    /// The mean of each channel.
    pub avgpool: AdaptiveAvgPool2d,
    /// The classifier, which computes the logits from the features.
    pub fc: Linear,
}

/// The kind of block that a stage is built of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Basic,
    /// Number of groups of the 3x3 convolution, and the channels of each group at 64 filters.
    Bottleneck([usize; 2]),
}

/// The bottleneck of the original ResNets.
const PLAIN: Kind = Kind::Bottleneck([1, 64]);

/// A convolution without bias, since a batch norm always follows.
fn conv(from: usize, to: usize, kernel: usize, stride: usize) -> Conv2d {
    let init = Init::kaiming_normal(to * kernel * kernel);
    Conv2d::new(from, to, kernel).stride(stride).padding(kernel / 2).bias(false).init(init)
}

impl ResNet {
    /// A network for photos.
    fn photos(kind: Kind, blocks: [usize; 4], num_classes: usize, in_channels: usize) -> Self {
        let stem = conv(in_channels, 64, 7, 2);
        Self::with_stem(stem, Some(MaxPool2d::new(3).stride(2).padding(1)), kind, &blocks, num_classes)
    }

    /// A network whose number of filters starts at that of the stem and doubles from stage to stage.
    fn with_stem(
        stem: Conv2d,
        maxpool: Option<MaxPool2d>,
        kind: Kind,
        blocks: &[usize],
        num_classes: usize,
    ) -> Self {
        let width = stem.out_channels;
        let mut channels = width;
        let mut stages = blocks.iter().enumerate().map(|(i, &count)| {
            let mut stage = Sequential::new();
            for block in 0..count {
                let stride = if i > 0 && block == 0 { 2 } else { 1 };
                let filters = width << i;
                (stage, channels) = match kind {
                    Kind::Basic => (stage.append(BasicBlock::new(channels, filters, stride)), filters),
                    Kind::Bottleneck(groups) => {
                        let block = Bottleneck::new(channels, filters, stride, groups);
                        (stage.append(block), filters * EXPANSION)
                    }
                };
            }
            stage
        });
        let mut stage = || stages.next().expect("at least three stages");
        let (layer1, layer2, layer3) = (stage(), stage(), stage());
        let layer4 = stages.next();
        Self {
            bn1: BatchNorm2d::new(width),
            conv1: stem,
            maxpool,
            layer1,
            layer2,
            layer3,
            layer4,
            avgpool: AdaptiveAvgPool2d::new(1),
            fc: Linear::new(channels, num_classes),
        }
    }

    /// ResNet with 18 layers.
    pub fn resnet18(num_classes: usize, in_channels: usize) -> Self {
        Self::photos(Kind::Basic, [2, 2, 2, 2], num_classes, in_channels)
    }

    /// ResNet with 34 layers.
    pub fn resnet34(num_classes: usize, in_channels: usize) -> Self {
        Self::photos(Kind::Basic, [3, 4, 6, 3], num_classes, in_channels)
    }

    /// ResNet with 50 layers.
    pub fn resnet50(num_classes: usize, in_channels: usize) -> Self {
        Self::photos(PLAIN, [3, 4, 6, 3], num_classes, in_channels)
    }

    /// ResNet with 101 layers.
    pub fn resnet101(num_classes: usize, in_channels: usize) -> Self {
        Self::photos(PLAIN, [3, 4, 23, 3], num_classes, in_channels)
    }

    /// ResNet with 152 layers.
    pub fn resnet152(num_classes: usize, in_channels: usize) -> Self {
        Self::photos(PLAIN, [3, 8, 36, 3], num_classes, in_channels)
    }

    /// [`ResNet::resnet50`] with 3x3 convolutions in 32 groups, of 4 channels each in the first stage.
    pub fn resnext50_32x4d(num_classes: usize, in_channels: usize) -> Self {
        Self::photos(Kind::Bottleneck([32, 4]), [3, 4, 6, 3], num_classes, in_channels)
    }

    /// [`ResNet::resnet101`] with 32 groups of 8 channels.
    pub fn resnext101_32x8d(num_classes: usize, in_channels: usize) -> Self {
        Self::photos(Kind::Bottleneck([32, 8]), [3, 4, 23, 3], num_classes, in_channels)
    }

    /// [`ResNet::resnet101`] with 64 groups of 4 channels.
    pub fn resnext101_64x4d(num_classes: usize, in_channels: usize) -> Self {
        Self::photos(Kind::Bottleneck([64, 4]), [3, 4, 23, 3], num_classes, in_channels)
    }

    /// [`ResNet::resnet50`] with 3x3 convolutions twice as wide.
    pub fn wide_resnet50_2(num_classes: usize, in_channels: usize) -> Self {
        Self::photos(Kind::Bottleneck([1, 128]), [3, 4, 6, 3], num_classes, in_channels)
    }

    /// [`ResNet::resnet101`] with 3x3 convolutions twice as wide.
    pub fn wide_resnet101_2(num_classes: usize, in_channels: usize) -> Self {
        Self::photos(Kind::Bottleneck([1, 128]), [3, 4, 23, 3], num_classes, in_channels)
    }

    /// ResNet with 20 layers for images of 28 to 64 px: 16, 32 and 64 filters in three stages of three blocks.
    ///
    /// This is the paper's network for CIFAR-10. Where the size changes, its shortcuts are the projections of option B (1x1
    /// convolutions, as in the larger networks) rather than those of option A (padding with zeros), which have 2,752 parameters
    /// fewer.
    pub fn resnet20(num_classes: usize, in_channels: usize) -> Self {
        Self::with_stem(conv(in_channels, 16, 3, 1), None, Kind::Basic, &[3, 3, 3], num_classes)
    }

    /// ResNet-18 for images of 28 to 64 px: a 3x3 stem with stride 1, and no max-pool.
    pub fn resnet18_small(num_classes: usize, in_channels: usize) -> Self {
        Self::with_stem(conv(in_channels, 64, 3, 1), None, Kind::Basic, &[2, 2, 2, 2], num_classes)
    }
}

impl Forward for ResNet {
    /// `[N, C, H, W]` to logits. The sizes in the comments are those of photos of 224 px.
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.conv1).apply(&self.bn1).relu(); // [N, 64, 112, 112]
        let x = self.maxpool.as_ref().map_or(x, |pool| x.apply(pool)); // [N, 64, 56, 56]
        let x = x.apply(&self.layer1); // [N, 64 or 256, 56, 56]
        let x = x.apply(&self.layer2); // [N, 128 or 512, 28, 28]
        let x = x.apply(&self.layer3); // [N, 256 or 1024, 14, 14]
        let x = self.layer4.as_ref().map_or(x, |layer| x.apply(layer)); // [N, 512 or 2048, 7, 7]
        x.apply(&self.avgpool).flatten(1).apply(&self.fc)
    }
}

/// The projection of a shortcut that changes the shape; `None` if it does not.
fn downsample(from: usize, to: usize, stride: usize) -> Option<Sequential> {
    (stride != 1 || from != to)
        .then(|| Sequential::new().append(conv(from, to, 1, stride)).append(BatchNorm2d::new(to)))
}

/// Two 3x3 convolutions and a shortcut.
#[derive(Debug, Module)]
struct BasicBlock {
    conv1: Conv2d,
    bn1: BatchNorm2d,
    conv2: Conv2d,
    bn2: BatchNorm2d,
    downsample: Option<Sequential>,
}

impl BasicBlock {
    fn new(from: usize, filters: usize, stride: usize) -> Self {
        Self {
            conv1: conv(from, filters, 3, stride),
            bn1: BatchNorm2d::new(filters),
            conv2: conv(filters, filters, 3, 1),
            bn2: BatchNorm2d::new(filters),
            downsample: downsample(from, filters, stride),
        }
    }
}

impl Forward for BasicBlock {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let y = x.apply(&self.conv1).apply(&self.bn1).relu();
        let y = y.apply(&self.conv2).apply(&self.bn2);
        (y + self.downsample.as_ref().map_or(x, |layer| x.apply(layer))).relu()
    }
}

/// Output channels of a bottleneck per filter.
const EXPANSION: usize = 4;

/// A 3x3 convolution between two 1x1 convolutions that reduce and restore the channels, and a shortcut.
#[derive(Debug, Module)]
struct Bottleneck {
    conv1: Conv2d,
    bn1: BatchNorm2d,
    conv2: Conv2d,
    bn2: BatchNorm2d,
    conv3: Conv2d,
    bn3: BatchNorm2d,
    downsample: Option<Sequential>,
}

impl Bottleneck {
    fn new(from: usize, filters: usize, stride: usize, [groups, per_group]: [usize; 2]) -> Self {
        let (to, width) = (filters * EXPANSION, filters * per_group / 64 * groups);
        Self {
            conv1: conv(from, width, 1, 1),
            bn1: BatchNorm2d::new(width),
            conv2: conv(width, width, 3, stride).groups(groups),
            bn2: BatchNorm2d::new(width),
            conv3: conv(width, to, 1, 1),
            bn3: BatchNorm2d::new(to),
            downsample: downsample(from, to, stride),
        }
    }
}

impl Forward for Bottleneck {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let y = x.apply(&self.conv1).apply(&self.bn1).relu();
        let y = y.apply(&self.conv2).apply(&self.bn2).relu();
        let y = y.apply(&self.conv3).apply(&self.bn3);
        (y + self.downsample.as_ref().map_or(x, |layer| x.apply(layer))).relu()
    }
}

const PAPER: &str = "He et al. 2016, Deep Residual Learning for Image Recognition";
const NEXT: &str = "Xie et al. 2017, Aggregated Residual Transformations for Deep Neural Networks";
const WIDE: &str = "Zagoruyko and Komodakis 2016, Wide Residual Networks";
const ENDS: [&str; 2] = ["conv1", "fc"];

/// The entries of the registry.
pub(crate) const MODELS: &[ModelInfo] = &[
    small("resnet20", PAPER, "20 layers for images of 28 to 64 px", ENDS, [3, 32, 32], |k, c| {
        Box::new(ResNet::resnet20(k, c))
    }),
    small(
        "resnet18_small",
        PAPER,
        "resnet18 with a 3x3 stem, for images of 28 to 64 px",
        ENDS,
        [3, 32, 32],
        |k, c| Box::new(ResNet::resnet18_small(k, c)),
    ),
    photos("resnet18", PAPER, "the smallest of the residual networks for photos", ENDS, |k, c| {
        Box::new(ResNet::resnet18(k, c))
    }),
    photos("resnet34", PAPER, "resnet18 with twice the blocks", ENDS, |k, c| {
        Box::new(ResNet::resnet34(k, c))
    }),
    photos("resnet50", PAPER, "the usual reference: bottleneck blocks, 50 layers", ENDS, |k, c| {
        Box::new(ResNet::resnet50(k, c))
    }),
    photos("resnet101", PAPER, "101 layers", ENDS, |k, c| Box::new(ResNet::resnet101(k, c))),
    photos("resnet152", PAPER, "152 layers", ENDS, |k, c| Box::new(ResNet::resnet152(k, c))),
    photos("resnext50_32x4d", NEXT, "resnet50 with 3x3 convolutions of 32 groups", ENDS, |k, c| {
        Box::new(ResNet::resnext50_32x4d(k, c))
    }),
    photos("resnext101_32x8d", NEXT, "101 layers, 32 groups of 8 channels", ENDS, |k, c| {
        Box::new(ResNet::resnext101_32x8d(k, c))
    }),
    photos("resnext101_64x4d", NEXT, "101 layers, 64 groups of 4 channels", ENDS, |k, c| {
        Box::new(ResNet::resnext101_64x4d(k, c))
    }),
    photos("wide_resnet50_2", WIDE, "resnet50 with 3x3 convolutions twice as wide", ENDS, |k, c| {
        Box::new(ResNet::wide_resnet50_2(k, c))
    }),
    photos("wide_resnet101_2", WIDE, "resnet101 with 3x3 convolutions twice as wide", ENDS, |k, c| {
        Box::new(ResNet::wide_resnet101_2(k, c))
    }),
];

/// The published weights; the first entry of each network is its default.
pub(crate) const WEIGHTS: &[WeightsInfo] = &[
    torchvision(["resnet18", "v1"], pth!("resnet18", "f37072fd"), V1, (69.758, 89.078)),
    torchvision(["resnet34", "v1"], pth!("resnet34", "b627a593"), V1, (73.314, 91.420)),
    torchvision(["resnet50", "v2"], pth!("resnet50", "11ad3fa6"), V2, (80.858, 95.434)),
    torchvision(["resnet50", "v1"], pth!("resnet50", "0676ba61"), V1, (76.130, 92.862)),
    torchvision(["resnet101", "v2"], pth!("resnet101", "cd907fc2"), V2, (81.886, 95.780)),
    torchvision(["resnet101", "v1"], pth!("resnet101", "63fe2227"), V1, (77.374, 93.546)),
    torchvision(["resnet152", "v2"], pth!("resnet152", "f82ba261"), V2, (82.284, 96.002)),
    torchvision(["resnet152", "v1"], pth!("resnet152", "394f9c45"), V1, (78.312, 94.046)),
    torchvision(["resnext50_32x4d", "v2"], pth!("resnext50_32x4d", "1a0047aa"), V2, (81.198, 95.340)),
    torchvision(["resnext50_32x4d", "v1"], pth!("resnext50_32x4d", "7cdf4587"), V1, (77.618, 93.698)),
    torchvision(["resnext101_32x8d", "v2"], pth!("resnext101_32x8d", "110c445d"), V2, (82.834, 96.228)),
    torchvision(["resnext101_32x8d", "v1"], pth!("resnext101_32x8d", "8ba56ff5"), V1, (79.312, 94.526)),
    torchvision(["resnext101_64x4d", "v1"], pth!("resnext101_64x4d", "173b62eb"), V2, (83.246, 96.454)),
    torchvision(["wide_resnet50_2", "v2"], pth!("wide_resnet50_2", "9ba9bcbe"), V2, (81.602, 95.758)),
    torchvision(["wide_resnet50_2", "v1"], pth!("wide_resnet50_2", "95faca4d"), V1, (78.468, 94.086)),
    torchvision(["wide_resnet101_2", "v2"], pth!("wide_resnet101_2", "d733dc28"), V2, (82.510, 96.020)),
    torchvision(["wide_resnet101_2", "v1"], pth!("wide_resnet101_2", "32ee1156"), V1, (78.848, 94.284)),
];
