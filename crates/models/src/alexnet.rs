//! AlexNet, which won the ImageNet challenge of 2012.

use crate::info::{ModelInfo, photos};
use crate::weights::{V1, WeightsInfo, pth, torchvision};
use striate_nn::{
    AdaptiveAvgPool2d, Conv2d, Dropout, Forward, Linear, MaxPool2d, Module, ReLU, Sequential, Var,
};

/// AlexNet as in torchvision: the one-tower version of 2014, without local response normalization.
///
/// | layer | output for 224 px | parameters | multiply-adds |
/// | --- | --- | ---: | ---: |
/// | `features.0` 11x11 stride 4, ReLU, 3x3 max-pool | `[N, 64, 27, 27]` | 23,296 | 70,276,800 |
/// | `features.3` 5x5, ReLU, 3x3 max-pool | `[N, 192, 13, 13]` | 307,392 | 223,948,800 |
/// | `features.6` 3x3, ReLU | `[N, 384, 13, 13]` | 663,936 | 112,140,288 |
/// | `features.8` 3x3, ReLU | `[N, 256, 13, 13]` | 884,992 | 149,520,384 |
/// | `features.10` 3x3, ReLU, 3x3 max-pool | `[N, 256, 6, 6]` | 590,080 | 99,680,256 |
/// | `classifier.1`, ReLU | `[N, 4096]` | 37,752,832 | 37,748,736 |
/// | `classifier.4`, ReLU | `[N, 4096]` | 16,781,312 | 16,777,216 |
/// | `classifier.6` | `[N, 1000]` | 4,097,000 | 4,096,000 |
/// | together | | 61,100,840 | 714,188,480 |
///
/// # Shapes
/// `[N, in_channels, H, W]` of at least 63 px to logits `[N, num_classes]`.
///
/// # Source
/// Krizhevsky, "One Weird Trick for Parallelizing Convolutional Neural Networks", 2014.
///
/// # PyTorch
/// `torchvision.models.alexnet`, keys and initialization included. In training, half of the inputs of `classifier.1` and
/// `classifier.4` are dropped.
///
/// # Example
/// ```
/// use striate_models::AlexNet;
/// use striate_nn::{Mode, trace};
///
/// let graph = trace(&AlexNet::new(1000, 3), Mode::Eval, [3, 224, 224])?;
/// assert_eq!((graph.parameter_count(), graph.multiply_adds()), (61_100_840, 714_188_480));
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Module)]
pub struct AlexNet {
    /// Five convolutions, with ReLU and max-pooling.
    pub features: Sequential,
    /// Pools to 6x6, whatever the size of the image.
    pub avgpool: AdaptiveAvgPool2d,
    /// Three fully connected layers, with dropout.
    pub classifier: Sequential,
}

impl AlexNet {
    /// Creates a network for images of `in_channels` channels.
    pub fn new(num_classes: usize, in_channels: usize) -> Self {
        let features = Sequential::new()
            .append(Conv2d::new(in_channels, 64, 11).stride(4).padding(2)) // 0
            .append(ReLU::new())
            .append(MaxPool2d::new(3).stride(2))
            .append(Conv2d::new(64, 192, 5).padding(2)) // 3
            .append(ReLU::new())
            .append(MaxPool2d::new(3).stride(2))
            .append(Conv2d::new(192, 384, 3).padding(1)) // 6
            .append(ReLU::new())
            .append(Conv2d::new(384, 256, 3).padding(1)) // 8
            .append(ReLU::new())
            .append(Conv2d::new(256, 256, 3).padding(1)) // 10
            .append(ReLU::new())
            .append(MaxPool2d::new(3).stride(2));
        let classifier = Sequential::new()
            .append(Dropout::new(0.5))
            .append(Linear::new(256 * 6 * 6, 4096)) // 1
            .append(ReLU::new())
            .append(Dropout::new(0.5))
            .append(Linear::new(4096, 4096)) // 4
            .append(ReLU::new())
            .append(Linear::new(4096, num_classes)); // 6
        Self { features, avgpool: AdaptiveAvgPool2d::new(6), classifier }
    }
}

impl Forward for AlexNet {
    /// `[N, C, H, W]` to logits.
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.features).apply(&self.avgpool); // [N, 256, 6, 6]
        x.flatten(1).apply(&self.classifier)
    }
}

/// The entries of the registry.
pub(crate) const MODELS: &[ModelInfo] = &[photos(
    "alexnet",
    "Krizhevsky 2014, One Weird Trick for Parallelizing Convolutional Neural Networks",
    "the winner of ImageNet 2012: five convolutions, three large linear layers",
    ["features.0", "classifier.6"],
    |k, c| Box::new(AlexNet::new(k, c)),
)];

/// The published weights; the first entry of each network is its default.
pub(crate) const WEIGHTS: &[WeightsInfo] =
    &[torchvision(["alexnet", "v1"], pth!("alexnet-owt", "7be5be79"), V1, (56.522, 79.066))];
