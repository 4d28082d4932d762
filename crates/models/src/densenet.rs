//! DenseNet: each layer reads the feature maps of all layers before it.

use crate::info::{ModelInfo, photos};
use crate::weights::{V1, WeightsInfo, pth, torchvision};
use striate_nn::{AvgPool2d, BatchNorm2d, Conv2d, Forward, Init, Linear, MaxPool2d, Module, ReLU, Var};

/// A densely connected network for photos: within a block each layer reads all feature maps so far and adds a few of its own;
/// between the blocks the number of feature maps and their size are halved.
///
/// | network | layers of the blocks | feature maps per layer | parameters | multiply-adds at 224 px |
/// | --- | --- | ---: | ---: | ---: |
/// | [`DenseNet::densenet121`] | 6 12 24 16 | 32 | 7,978,856 | 2,834,161,664 |
/// | [`DenseNet::densenet161`] | 6 12 36 24 | 48 | 28,681,000 | 7,727,907,072 |
/// | [`DenseNet::densenet169`] | 6 12 32 32 | 32 | 14,149,480 | 3,359,843,328 |
/// | [`DenseNet::densenet201`] | 6 12 48 32 | 32 | 20,013,928 | 4,291,365,888 |
///
/// # Shapes
/// `[N, in_channels, H, W]` of at least 29 px to logits `[N, num_classes]`.
///
/// # Source
/// Huang et al., "Densely Connected Convolutional Networks", 2017, table 1.
///
/// # PyTorch
/// `torchvision.models.densenet121` to `densenet201`, keys and initialization included. The published files call `norm1` of a
/// layer `norm.1`, and so on, as an old version of torchvision did; they are read nevertheless.
///
/// # Example
/// ```
/// use striate_models::DenseNet;
/// use striate_nn::{Mode, trace};
///
/// let graph = trace(&DenseNet::densenet121(1000, 3), Mode::Eval, [3, 224, 224])?;
/// assert_eq!((graph.parameter_count(), graph.multiply_adds()), (7_978_856, 2_834_161_664));
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Module)]
pub struct DenseNet {
    /// The convolutional part of the network.
    pub features: Features,
    /// The classifier, which computes the logits from the features.
    pub classifier: Linear,
}

/// The convolutional part of a [`DenseNet`].
#[derive(Debug, Module)]
pub struct Features {
    /// The stem: 7x7 with stride 2.
    pub conv0: Conv2d,
    /// The batch norm of the stem.
    pub norm0: BatchNorm2d,
    /// A 3x3 max-pool with stride 2.
    pub pool0: MaxPool2d,
    denseblock1: DenseBlock,
    transition1: Transition,
    denseblock2: DenseBlock,
    transition2: Transition,
    denseblock3: DenseBlock,
    transition3: Transition,
    denseblock4: DenseBlock,
    /// The batch norm after the last block.
    pub norm5: BatchNorm2d,
}

/// A convolution without bias, since a batch norm always follows.
fn conv(from: usize, to: usize, kernel: usize) -> Conv2d {
    // As in torchvision: scaled by the number of inputs, not of outputs.
    let init = Init::kaiming_normal(from * kernel * kernel);
    Conv2d::new(from, to, kernel).padding(kernel / 2).bias(false).init(init)
}

impl DenseNet {
    fn new(stem: usize, growth: usize, layers: [usize; 4], num_classes: usize, in_channels: usize) -> Self {
        let mut channels = stem;
        let mut block = |count: usize, halve: bool| {
            let dense = DenseBlock::new(channels, growth, count);
            let wide = channels + growth * count;
            channels = if halve { wide / 2 } else { wide };
            (dense, wide)
        };
        let (denseblock1, wide1) = block(layers[0], true);
        let (denseblock2, wide2) = block(layers[1], true);
        let (denseblock3, wide3) = block(layers[2], true);
        let (denseblock4, wide4) = block(layers[3], false);
        let features = Features {
            conv0: conv(in_channels, stem, 7).stride(2),
            norm0: BatchNorm2d::new(stem),
            pool0: MaxPool2d::new(3).stride(2).padding(1),
            denseblock1,
            transition1: Transition::new(wide1),
            denseblock2,
            transition2: Transition::new(wide2),
            denseblock3,
            transition3: Transition::new(wide3),
            denseblock4,
            norm5: BatchNorm2d::new(wide4),
        };
        let classifier = Linear::new(wide4, num_classes).init(Init::Uniform { fan_in: wide4 });
        Self { features, classifier }
    }

    /// DenseNet with 121 layers.
    pub fn densenet121(num_classes: usize, in_channels: usize) -> Self {
        Self::new(64, 32, [6, 12, 24, 16], num_classes, in_channels)
    }

    /// DenseNet with 161 layers, one and a half times as wide.
    pub fn densenet161(num_classes: usize, in_channels: usize) -> Self {
        Self::new(96, 48, [6, 12, 36, 24], num_classes, in_channels)
    }

    /// DenseNet with 169 layers.
    pub fn densenet169(num_classes: usize, in_channels: usize) -> Self {
        Self::new(64, 32, [6, 12, 32, 32], num_classes, in_channels)
    }

    /// DenseNet with 201 layers.
    pub fn densenet201(num_classes: usize, in_channels: usize) -> Self {
        Self::new(64, 32, [6, 12, 48, 32], num_classes, in_channels)
    }
}

impl Forward for DenseNet {
    /// `[N, C, H, W]` to logits.
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.features).relu(); // [N, 1024, 7, 7]
        x.adaptive_avg_pool2d(1).flatten(1).apply(&self.classifier)
    }
}

impl Forward for Features {
    /// The sizes in the comments are those of densenet121 and photos of 224 px.
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.conv0).apply(&self.norm0).relu(); // [N, 64, 112, 112]
        let x = x.apply(&self.pool0).apply(&self.denseblock1).apply(&self.transition1); // [N, 128, 28, 28]
        let x = x.apply(&self.denseblock2).apply(&self.transition2); // [N, 256, 14, 14]
        let x = x.apply(&self.denseblock3).apply(&self.transition3); // [N, 512, 7, 7]
        x.apply(&self.denseblock4).apply(&self.norm5) // [N, 1024, 7, 7]
    }
}

/// Layers that each read the input of the block and the outputs of all layers before them.
#[derive(Debug)]
struct DenseBlock(Vec<DenseLayer>);

impl DenseBlock {
    fn new(from: usize, growth: usize, layers: usize) -> Self {
        Self((0..layers).map(|i| DenseLayer::new(from + i * growth, growth)).collect())
    }
}

impl Module for DenseBlock {
    fn children<'a>(&'a self, visit: &mut dyn FnMut(&str, &'a dyn Module)) {
        for (i, layer) in self.0.iter().enumerate() {
            visit(&format!("denselayer{}", i + 1), layer);
        }
    }
}

impl Forward for DenseBlock {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        // torchvision concatenates all values before each layer; concatenated one by one, they are the same channels in the
        // same order.
        self.0.iter().fold(x, |x, layer| x.concat(&[x.apply(layer)]))
    }
}

/// A 1x1 convolution to four times the number of feature maps that the layer adds, then a 3x3 convolution.
#[derive(Debug, Module)]
struct DenseLayer {
    norm1: BatchNorm2d,
    conv1: Conv2d,
    norm2: BatchNorm2d,
    conv2: Conv2d,
}

impl DenseLayer {
    fn new(from: usize, growth: usize) -> Self {
        let wide = 4 * growth;
        Self {
            norm1: BatchNorm2d::new(from),
            conv1: conv(from, wide, 1),
            norm2: BatchNorm2d::new(wide),
            conv2: conv(wide, growth, 3),
        }
    }
}

impl Forward for DenseLayer {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.norm1).relu().apply(&self.conv1);
        x.apply(&self.norm2).relu().apply(&self.conv2)
    }
}

/// Halves the number of feature maps and their size.
#[derive(Debug, Module)]
struct Transition {
    norm: BatchNorm2d,
    relu: ReLU,
    conv: Conv2d,
    pool: AvgPool2d,
}

impl Transition {
    fn new(from: usize) -> Self {
        Self {
            norm: BatchNorm2d::new(from),
            relu: ReLU::new(),
            conv: conv(from, from / 2, 1),
            pool: AvgPool2d::new(2),
        }
    }
}

impl Forward for Transition {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.apply(&self.norm).apply(&self.relu).apply(&self.conv).apply(&self.pool)
    }
}

const PAPER: &str = "Huang et al. 2017, Densely Connected Convolutional Networks";
const ENDS: [&str; 2] = ["features.conv0", "classifier"];

/// The entries of the registry.
pub(crate) const MODELS: &[ModelInfo] = &[
    photos(
        "densenet121",
        PAPER,
        "each layer reads the feature maps of all before it: few parameters, much memory",
        ENDS,
        |k, c| Box::new(DenseNet::densenet121(k, c)),
    ),
    photos("densenet161", PAPER, "161 layers, 1.5 times as wide", ENDS, |k, c| {
        Box::new(DenseNet::densenet161(k, c))
    }),
    photos("densenet169", PAPER, "169 layers", ENDS, |k, c| Box::new(DenseNet::densenet169(k, c))),
    photos("densenet201", PAPER, "201 layers", ENDS, |k, c| Box::new(DenseNet::densenet201(k, c))),
];

/// The published weights, one entry per network.
pub(crate) const WEIGHTS: &[WeightsInfo] = &[
    torchvision(["densenet121", "v1"], pth!("densenet121", "a639ec97"), V1, (74.434, 91.972)),
    torchvision(["densenet161", "v1"], pth!("densenet161", "8d451a50"), V1, (77.138, 93.560)),
    torchvision(["densenet169", "v1"], pth!("densenet169", "b2777c0a"), V1, (75.600, 92.806)),
    torchvision(["densenet201", "v1"], pth!("densenet201", "c1103571"), V1, (76.896, 93.370)),
];
