//! The ConvNet without a flatten: five convolutions, the mean of each feature map, and one linear layer.

use crate::info::{ModelInfo, small};
use striate_nn::{Conv2d, Forward, Linear, Module, Var};

/// A ConvNet that ends in global average pooling, as large as the [`ConvNet`](crate::ConvNet).
///
/// Its linear layer receives the strength of each feature but not its position: a stroke counts the same wherever it is drawn,
/// and Grad-CAM of its last feature maps is the class activation map itself. The ConvNet has weights for every position after
/// its flatten; this network uses as many parameters in three more convolutions. The number of parameters is within 1 % of the
/// ConvNet's, with nine times as many multiply-adds.
///
/// | layer | output | parameters | multiply-adds |
/// | --- | --- | ---: | ---: |
/// | `conv1` 3x3, ReLU, 2x2 max-pool | `[N, 16, 14, 14]` | 160 | 112,896 |
/// | `conv2` 3x3, ReLU, 2x2 max-pool | `[N, 32, 7, 7]` | 4,640 | 903,168 |
/// | `conv3` 3x3, ReLU | `[N, 64, 7, 7]` | 18,496 | 903,168 |
/// | `conv4` 3x3, ReLU | `[N, 128, 7, 7]` | 73,856 | 3,612,672 |
/// | `conv5` 3x3, ReLU, mean of each map | `[N, 96]` | 110,688 | 5,419,008 |
/// | `fc` | `[N, 10]` | 970 | 960 |
/// | together | | 208,810 | 10,951,872 |
///
/// # Shapes
/// `[N, in_channels, H, W]` to logits `[N, num_classes]`; made for 28 x 28, and takes any size from 4 x 4.
///
/// # PyTorch
/// Keys `conv1 conv2 conv3 conv4 conv5 fc`, each with `.weight` and `.bias`.
///
/// # Example
/// ```
/// use striate_models::{ConvNet, ConvNetGap};
/// use striate_nn::{Mode, trace};
///
/// let gap = trace(&ConvNetGap::new(10), Mode::Eval, [1, 28, 28])?;
/// let flat = trace(&ConvNet::new(10), Mode::Eval, [1, 28, 28])?;
/// assert!(gap.parameter_count().abs_diff(flat.parameter_count()) * 100 < flat.parameter_count());
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Module)]
pub struct ConvNetGap {
    /// 16 filters, which respond to strokes.
    pub conv1: Conv2d,
    /// 32 filters, which respond to combinations of strokes.
    pub conv2: Conv2d,
    /// 64 filters with a receptive field of 18 x 18 pixels.
    pub conv3: Conv2d,
    /// 128 filters with a receptive field of 26 x 26 pixels.
    pub conv4: Conv2d,
    /// 96 filters with a receptive field of 34 x 34 pixels: at the center, the whole image.
    pub conv5: Conv2d,
    /// The classifier, which computes the logits from the means of the feature maps.
    pub fc: Linear,
}

impl ConvNetGap {
    /// Creates a network for grayscale images.
    pub fn new(num_classes: usize) -> Self {
        Self::with_channels(num_classes, 1)
    }

    /// Creates a network for images of `in_channels` channels.
    pub fn with_channels(num_classes: usize, in_channels: usize) -> Self {
        let conv = |from, to| Conv2d::new(from, to, 3).padding(1);
        Self {
            conv1: conv(in_channels, 16),
            conv2: conv(16, 32),
            conv3: conv(32, 64),
            conv4: conv(64, 128),
            conv5: conv(128, 96),
            fc: Linear::new(96, num_classes),
        }
    }
}

impl Forward for ConvNetGap {
    /// `[N, C, H, W]` to logits.
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.conv1).relu().max_pool2d(2); // [N, 16, 14, 14]
        let x = x.apply(&self.conv2).relu().max_pool2d(2); // [N, 32, 7, 7]
        let x = x.apply(&self.conv3).relu(); // [N, 64, 7, 7]
        let x = x.apply(&self.conv4).relu(); // [N, 128, 7, 7]
        let x = x.apply(&self.conv5).relu(); // [N, 96, 7, 7]
        x.adaptive_avg_pool2d(1).flatten(1).apply(&self.fc)
    }
}

/// The entries of the registry.
pub(crate) const MODELS: &[ModelInfo] = &[small(
    "convnet_gap",
    "",
    "five 3x3 convolutions and the mean of each feature map: a counterpart of convnet without the flatten",
    ["conv1", "fc"],
    [1, 28, 28],
    |k, c| Box::new(ConvNetGap::with_channels(k, c)),
)];

/// No weights have been published.
pub(crate) const WEIGHTS: &[crate::weights::WeightsInfo] = &[];
