//! SqueezeNet: the accuracy of AlexNet with a fiftieth of its parameters.

use crate::info::{ModelInfo, photos};
use crate::weights::{V1, WeightsInfo, pth, torchvision};
use striate_nn::{
    AdaptiveAvgPool2d, Conv2d, Dropout, Forward, Init, MaxPool2d, Module, ReLU, Sequential, Var,
};

/// A network for photos without a fully connected layer. Its "fire" blocks squeeze the channels by 1x1, and expand them by 1x1
/// and 3x3 side by side. A last 1x1 convolution computes one feature map per class, whose mean is the logit of the class.
///
/// | network | stem | pools after block | parameters | multiply-adds at 224 px |
/// | --- | --- | --- | ---: | ---: |
/// | [`SqueezeNet::squeezenet1_0`] | 7x7 to 96 channels | stem, 3, 7 | 1,248,424 | 818,924,576 |
/// | [`SqueezeNet::squeezenet1_1`] | 3x3 to 64 channels | stem, 2, 4 | 1,235,496 | 349,151,936 |
///
/// # Shapes
/// `[N, in_channels, H, W]` of at least 21 px (`squeezenet1_1`: 17 px) to logits `[N, num_classes]`, which are never below 0.
///
/// # Source
/// Iandola et al., "SqueezeNet: AlexNet-level Accuracy with 50x Fewer Parameters and <0.5MB Model Size", 2016, table 1.
///
/// # PyTorch
/// `torchvision.models.squeezenet1_0` and `squeezenet1_1`, keys and initialization included. In training, half of the inputs of
/// `classifier.1` are dropped.
///
/// # Example
/// ```
/// use striate_models::SqueezeNet;
/// use striate_nn::{Mode, trace};
///
/// let graph = trace(&SqueezeNet::squeezenet1_1(1000, 3), Mode::Eval, [3, 224, 224])?;
/// assert_eq!((graph.parameter_count(), graph.multiply_adds()), (1_235_496, 349_151_936));
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Module)]
pub struct SqueezeNet {
    /// All convolutions except the last.
    pub features: Sequential,
    /// The last convolution, with dropout and ReLU.
    pub classifier: Sequential,
}

/// Input channels, squeezed channels, and channels of each of the two expanding convolutions.
const FIRES: [(usize, usize, usize); 8] = [
    (96, 16, 64),
    (128, 16, 64),
    (128, 32, 128),
    (256, 32, 128),
    (256, 48, 192),
    (384, 48, 192),
    (384, 64, 256),
    (512, 64, 256),
];

impl SqueezeNet {
    /// `pools`: the blocks that are preceded by a pool.
    fn new(stem: Conv2d, pools: [usize; 3], num_classes: usize) -> Self {
        let channels = stem.out_channels;
        let mut features = Sequential::new().append(stem).append(ReLU::new());
        for (i, (from, squeezed, expanded)) in FIRES.into_iter().enumerate() {
            if pools.contains(&i) {
                features = features.append(MaxPool2d::new(3).stride(2).ceil_mode(true));
            }
            let from = if i == 0 { channels } else { from };
            features = features.append(Fire::new(from, squeezed, expanded));
        }
        let last = Conv2d::new(512, num_classes, 1).init(Init::Normal { std: 0.01 });
        let classifier = Sequential::new()
            .append(Dropout::new(0.5))
            .append(last)
            .append(ReLU::new())
            .append(AdaptiveAvgPool2d::new(1));
        Self { features, classifier }
    }

    /// SqueezeNet as in the paper.
    pub fn squeezenet1_0(num_classes: usize, in_channels: usize) -> Self {
        Self::new(conv(in_channels, 96, 7).stride(2), [0, 3, 7], num_classes)
    }

    /// SqueezeNet with a smaller stem and earlier pools: 2.4 times fewer multiply-adds at the same accuracy.
    pub fn squeezenet1_1(num_classes: usize, in_channels: usize) -> Self {
        Self::new(conv(in_channels, 64, 3).stride(2), [0, 2, 4], num_classes)
    }
}

impl Forward for SqueezeNet {
    /// `[N, C, H, W]` to logits.
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.features); // [N, 512, 13, 13]
        x.apply(&self.classifier).flatten(1)
    }
}

fn conv(from: usize, to: usize, kernel: usize) -> Conv2d {
    Conv2d::new(from, to, kernel).init(Init::kaiming_uniform(from * kernel * kernel))
}

/// Squeeze by 1x1; then 1x1 and 3x3, side by side.
#[derive(Debug, Module)]
struct Fire {
    squeeze: Conv2d,
    expand1x1: Conv2d,
    expand3x3: Conv2d,
}

impl Fire {
    fn new(from: usize, squeezed: usize, expanded: usize) -> Self {
        Self {
            squeeze: conv(from, squeezed, 1),
            expand1x1: conv(squeezed, expanded, 1),
            expand3x3: conv(squeezed, expanded, 3).padding(1),
        }
    }
}

impl Forward for Fire {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.squeeze).relu();
        x.apply(&self.expand1x1).relu().concat(&[x.apply(&self.expand3x3).relu()])
    }
}

const PAPER: &str = "Iandola et al. 2016, SqueezeNet: AlexNet-level Accuracy with 50x Fewer Parameters";
const ENDS: [&str; 2] = ["features.0", "classifier.1"];

/// The entries of the registry.
pub(crate) const MODELS: &[ModelInfo] = &[
    photos(
        "squeezenet1_0",
        PAPER,
        "no fully connected layer: a feature map per class, and its mean",
        ENDS,
        |k, c| Box::new(SqueezeNet::squeezenet1_0(k, c)),
    ),
    photos(
        "squeezenet1_1",
        PAPER,
        "2.4 times fewer multiply-adds than squeezenet1_0, equally accurate",
        ENDS,
        |k, c| Box::new(SqueezeNet::squeezenet1_1(k, c)),
    ),
];

/// The published weights, one entry per network.
pub(crate) const WEIGHTS: &[WeightsInfo] = &[
    torchvision(["squeezenet1_0", "v1"], pth!("squeezenet1_0", "b66bff10"), V1, (58.092, 80.420)),
    torchvision(["squeezenet1_1", "v1"], pth!("squeezenet1_1", "b8a52dc0"), V1, (58.178, 80.624)),
];
