//! A classic ConvNet: two convolutions extract features, and two linear layers classify them.

use crate::info::{ModelInfo, small};
use striate_nn::{Conv2d, Forward, Linear, Module, Var};

/// A classic ConvNet for small images.
///
/// | layer | output | parameters | multiply-adds |
/// | --- | --- | ---: | ---: |
/// | `conv1` 3x3, ReLU, 2x2 max-pool | `[N, 16, 14, 14]` | 160 | 112,896 |
/// | `conv2` 3x3, ReLU, 2x2 max-pool | `[N, 32, 7, 7]` | 4,640 | 903,168 |
/// | `fc1`, ReLU | `[N, 128]` | 200,832 | 200,704 |
/// | `fc2` | `[N, 10]` | 1,290 | 1,280 |
/// | together | | 206,922 | 1,218,048 |
///
/// # Shapes
/// `[N, in_channels, 28, 28]` to logits `[N, num_classes]`.
///
/// # PyTorch
/// Keys `conv1 conv2 fc1 fc2`, each with `.weight` and `.bias`.
///
/// # Example
/// ```
/// use striate_models::ConvNet;
/// use striate_nn::{Mode, trace};
///
/// let graph = trace(&ConvNet::new(10), Mode::Eval, [1, 28, 28])?;
/// assert_eq!(graph.multiply_adds(), 1_218_048);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Module)]
pub struct ConvNet {
    /// 16 filters, which respond to strokes.
    pub conv1: Conv2d,
    /// 32 filters, which respond to combinations of strokes.
    pub conv2: Conv2d,
    /// The first fully connected layer, from features and their positions to 128 features.
    pub fc1: Linear,
    /// The classifier, which computes the logits from the features.
    pub fc2: Linear,
}

impl ConvNet {
    /// Creates a network for grayscale images.
    pub fn new(num_classes: usize) -> Self {
        Self::with_channels(num_classes, 1)
    }

    /// Creates a network for images of `in_channels` channels.
    pub fn with_channels(num_classes: usize, in_channels: usize) -> Self {
        Self {
            conv1: Conv2d::new(in_channels, 16, 3).padding(1),
            conv2: Conv2d::new(16, 32, 3).padding(1),
            fc1: Linear::new(32 * 7 * 7, 128),
            fc2: Linear::new(128, num_classes),
        }
    }
}

impl Forward for ConvNet {
    /// `[N, C, 28, 28]` to logits.
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.conv1).relu().max_pool2d(2); // [N, 16, 14, 14]
        let x = x.apply(&self.conv2).relu().max_pool2d(2); // [N, 32, 7, 7]
        let x = x.flatten(1).apply(&self.fc1).relu(); // [N, 128]
        x.apply(&self.fc2)
    }
}

/// The entries of the registry.
pub(crate) const MODELS: &[ModelInfo] = &[small(
    "convnet",
    "",
    "two 3x3 convolutions and two linear layers: 99 % of handwritten digits in seconds",
    ["conv1", "fc2"],
    [1, 28, 28],
    |k, c| Box::new(ConvNet::with_channels(k, c)),
)];

/// No weights have been published.
pub(crate) const WEIGHTS: &[crate::weights::WeightsInfo] = &[];
