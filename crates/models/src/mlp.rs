//! A network on flattened pixels: the baseline that a ConvNet has to beat.

use crate::info::{ModelInfo, small};
use striate_nn::{Forward, Linear, Module, Var};

/// A multi-layer perceptron over flattened pixels, as large as the [`ConvNet`](crate::ConvNet).
///
/// Every weight of `fc1` belongs to one pixel, so what the network learns about a stroke at one position does not carry over to
/// other positions. With the same number of parameters, this is the difference to convolution. Everything else is kept equal:
/// both networks end with a linear layer over 128 features, and the one remaining width, 224, brings the number of parameters
/// within half a percent of the ConvNet's.
///
/// | layer | output | parameters | multiply-adds |
/// | --- | --- | ---: | ---: |
/// | `fc1`, ReLU | `[N, 224]` | 175,840 | 175,616 |
/// | `fc2`, ReLU | `[N, 128]` | 28,800 | 28,672 |
/// | `fc3` | `[N, 10]` | 1,290 | 1,280 |
/// | together | | 205,930 | 205,568 |
///
/// # Shapes
/// `[N, in_channels, 28, 28]` to logits `[N, num_classes]`.
///
/// # PyTorch
/// Keys `fc1 fc2 fc3`, each with `.weight` and `.bias`.
///
/// # Example
/// ```
/// use striate_models::{ConvNet, Mlp};
/// use striate_nn::{Mode, trace};
///
/// let rival = trace(&Mlp::new(10), Mode::Eval, [1, 28, 28])?;
/// let convnet = trace(&ConvNet::new(10), Mode::Eval, [1, 28, 28])?;
/// assert!(rival.parameter_count().abs_diff(convnet.parameter_count()) < 1000);
/// assert!(rival.multiply_adds() * 5 < convnet.multiply_adds()); // a shared weight is used many times
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Module)]
pub struct Mlp {
    /// The first layer, from pixels to 224 features.
    pub fc1: Linear,
    /// The second layer, from 224 to 128 features.
    pub fc2: Linear,
    /// The classifier, which computes the logits from the features.
    pub fc3: Linear,
}

impl Mlp {
    /// Creates a network for grayscale images.
    pub fn new(num_classes: usize) -> Self {
        Self::with_channels(num_classes, 1)
    }

    /// Creates a network for images of `in_channels` channels; `fc1` grows in proportion.
    pub fn with_channels(num_classes: usize, in_channels: usize) -> Self {
        Self {
            fc1: Linear::new(in_channels * 28 * 28, 224),
            fc2: Linear::new(224, 128),
            fc3: Linear::new(128, num_classes),
        }
    }
}

impl Forward for Mlp {
    /// `[N, C, 28, 28]` to logits.
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let x = x.flatten(1).apply(&self.fc1).relu(); // [N, 224]
        let x = x.apply(&self.fc2).relu(); // [N, 128]
        x.apply(&self.fc3)
    }
}

/// The entries of the registry.
pub(crate) const MODELS: &[ModelInfo] = &[small(
    "mlp",
    "",
    "flattened pixels and three linear layers: a baseline of the same size for convnet",
    ["fc1", "fc3"],
    [1, 28, 28],
    |k, c| Box::new(Mlp::with_channels(k, c)),
)];

/// No weights have been published.
pub(crate) const WEIGHTS: &[crate::weights::WeightsInfo] = &[];
