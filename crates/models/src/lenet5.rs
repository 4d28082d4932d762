//! LeNet-5, which read bank checks in the 1990s.

use crate::info::{ModelInfo, small};
use striate_nn::{Conv2d, Forward, Linear, Module, Var};

/// LeNet-5 with today's ReLU and max-pooling.
///
/// The paper's network uses tanh, pools by a mean with learned weights, connects its second convolution to selected channels
/// only, and takes 32x32 images; a padding of 2 in `conv1` gives 28x28 images the same sizes from there on.
///
/// | layer | output | parameters | multiply-adds |
/// | --- | --- | ---: | ---: |
/// | `conv1` 5x5, ReLU, 2x2 max-pool | `[N, 6, 14, 14]` | 156 | 117,600 |
/// | `conv2` 5x5, ReLU, 2x2 max-pool | `[N, 16, 5, 5]` | 2,416 | 240,000 |
/// | `fc1`, ReLU | `[N, 120]` | 48,120 | 48,000 |
/// | `fc2`, ReLU | `[N, 84]` | 10,164 | 10,080 |
/// | `fc3` | `[N, 10]` | 850 | 840 |
/// | together | | 61,706 | 416,520 |
///
/// # Shapes
/// `[N, in_channels, 28, 28]` to logits `[N, num_classes]`.
///
/// # Source
/// LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998, figure 2.
///
/// # PyTorch
/// Keys `conv1 conv2 fc1 fc2 fc3`, each with `.weight` and `.bias`.
///
/// # Example
/// ```
/// use striate_models::LeNet5;
/// use striate_nn::{Mode, trace};
///
/// let graph = trace(&LeNet5::new(10), Mode::Eval, [1, 28, 28])?;
/// assert_eq!(graph.parameter_count(), 61_706);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Module)]
pub struct LeNet5 {
    /// The paper's C1.
    pub conv1: Conv2d,
    /// The paper's C3.
    pub conv2: Conv2d,
    /// The paper's C5, which covers all of its 5x5 input and is therefore a linear layer.
    pub fc1: Linear,
    /// The paper's F6.
    pub fc2: Linear,
    /// The output layer, without the paper's radial basis functions.
    pub fc3: Linear,
}

impl LeNet5 {
    /// Creates a network for grayscale images.
    pub fn new(num_classes: usize) -> Self {
        Self::with_channels(num_classes, 1)
    }

    /// Creates a network for images of `in_channels` channels.
    pub fn with_channels(num_classes: usize, in_channels: usize) -> Self {
        Self {
            conv1: Conv2d::new(in_channels, 6, 5).padding(2),
            conv2: Conv2d::new(6, 16, 5),
            fc1: Linear::new(16 * 5 * 5, 120),
            fc2: Linear::new(120, 84),
            fc3: Linear::new(84, num_classes),
        }
    }
}

impl Forward for LeNet5 {
    /// `[N, C, 28, 28]` to logits.
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.apply(&self.conv1).relu().max_pool2d(2); // [N, 6, 14, 14]
        let x = x.apply(&self.conv2).relu().max_pool2d(2); // [N, 16, 5, 5]
        let x = x.flatten(1).apply(&self.fc1).relu(); // [N, 120]
        let x = x.apply(&self.fc2).relu(); // [N, 84]
        x.apply(&self.fc3)
    }
}

/// The entries of the registry.
pub(crate) const MODELS: &[ModelInfo] = &[small(
    "lenet5",
    "LeCun et al. 1998, Gradient-Based Learning Applied to Document Recognition",
    "the network that read bank checks, with ReLU and max-pooling",
    ["conv1", "fc3"],
    [1, 28, 28],
    |k, c| Box::new(LeNet5::with_channels(k, c)),
)];

/// No weights have been published.
pub(crate) const WEIGHTS: &[crate::weights::WeightsInfo] = &[];
