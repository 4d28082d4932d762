//! A gate for each channel, computed from the means of all channels.

use super::*;
use std::fmt;

/// Squeeze and excitation: the means of the channels pass through two small layers and become a factor for each channel.
///
/// `Y = X · scale_activation(fc2(activation(fc1(mean_(h, w) X))))`
///
/// # Shapes
/// Input and output are `[N, input_channels, H, W]`. `fc1.weight` is `[squeeze_channels, input_channels, 1, 1]`,
/// `fc2.weight` is `[input_channels, squeeze_channels, 1, 1]`; both have a bias.
///
/// # Source
/// Hu et al., "Squeeze-and-Excitation Networks", 2018, section 3.
///
/// # PyTorch
/// `torchvision.ops.SqueezeExcitation`.
///
/// # Example
/// ```
/// use striate_nn::{Mode, SqueezeExcitation, trace};
///
/// let gate = SqueezeExcitation::new(16, 4);
/// let graph = trace(&gate, Mode::Eval, [16, 28, 28])?;
/// assert_eq!(graph.output_shape(), [16, 28, 28]);
/// assert_eq!(graph.parameter_count(), 16 * 4 + 4 + 4 * 16 + 16);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
pub struct SqueezeExcitation {
    /// A 1x1 convolution that reduces the number of channels to `squeeze_channels`.
    pub fc1: Conv2d,
    /// A 1x1 convolution back to `input_channels`.
    pub fc2: Conv2d,
    activation: Box<dyn Forward>,
    scale_activation: Box<dyn Forward>,
}

impl SqueezeExcitation {
    /// Creates a layer with a ReLU between the layers and a sigmoid after them.
    pub fn new(input_channels: usize, squeeze_channels: usize) -> Self {
        Self {
            fc1: Conv2d::new(input_channels, squeeze_channels, 1),
            fc2: Conv2d::new(squeeze_channels, input_channels, 1),
            activation: Box::new(ReLU::new()),
            scale_activation: Box::new(Sigmoid::new()),
        }
    }

    /// Sets the function between the layers.
    #[must_use]
    pub fn activation(self, activation: impl Forward) -> Self {
        Self { activation: Box::new(activation), ..self }
    }

    /// Sets the function after the layers.
    #[must_use]
    pub fn scale_activation(self, activation: impl Forward) -> Self {
        Self { scale_activation: Box::new(activation), ..self }
    }

    /// Sets how the weights are initialized, as a function of the number of outputs; the biases start at 0.
    #[must_use]
    pub fn init(self, weight: fn(usize) -> Init) -> Self {
        let [fc1, fc2] = [self.fc1, self.fc2].map(|conv| {
            let channels = conv.out_channels;
            conv.init(weight(channels))
        });
        Self { fc1, fc2, ..self }
    }
}

impl fmt::Debug for SqueezeExcitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fc1, fc2, .. } = self;
        f.debug_struct("SqueezeExcitation").field("fc1", fc1).field("fc2", fc2).finish_non_exhaustive()
    }
}

impl Module for SqueezeExcitation {
    fn children<'a>(&'a self, visit: &mut dyn FnMut(&str, &'a dyn Module)) {
        visit("fc1", &self.fc1);
        visit("fc2", &self.fc2);
        visit("activation", self.activation.as_ref());
        visit("scale_activation", self.scale_activation.as_ref());
    }
}

impl Forward for SqueezeExcitation {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let gate = x.adaptive_avg_pool2d(1).apply(&self.fc1).apply(self.activation.as_ref()); // [N, squeeze_channels, 1, 1]
        x * gate.apply(&self.fc2).apply(self.scale_activation.as_ref())
    }
}
