//! Batch normalization.

use super::*;

/// Batch normalization: each channel is normalized to mean 0 and variance 1, then scaled and shifted by learned parameters.
///
/// `Y = (X − μ) / √(σ² + eps) · weight + bias` for each channel. In training, μ and σ² are the batch's, over `[N, H, W]`, and
/// `running = (1 − momentum) · running + momentum · batch` (with the biased σ² above and the unbiased one here); in inference,
/// μ and σ² are the running statistics.
///
/// # Shapes
/// Input and output are `[N, C, H, W]`. `weight` (starts at 1), `bias` (0), `running_mean` (0) and `running_var` (1) are
/// `[C]`.
///
/// # Errors
/// Tracing fails for an input with another number of channels.
///
/// # Source
/// Ioffe and Szegedy, "Batch Normalization", 2015, algorithms 1 and 2.
///
/// # PyTorch
/// `torch.nn.BatchNorm2d`, with its `eps` of 1e-5 and `momentum` of 0.1. The count `num_batches_tracked` is not kept:
/// only `momentum=None` would need it.
///
/// # Example
/// ```
/// use striate_nn::{BatchNorm2d, Mode, trace};
///
/// let graph = trace(&BatchNorm2d::new(16), Mode::Train, [16, 14, 14])?;
/// assert_eq!(graph.params().len(), 4);
/// assert_eq!(graph.parameter_count(), 32); // the running statistics are not learned
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm2d {
    /// The number of channels of the input.
    pub num_features: usize,
    /// The number that is added to the variance, so that a constant channel does not cause a division by zero.
    pub eps: f32,
    /// The weight of the batch when the running statistics are updated, from 0 to 1.
    pub momentum: f32,
}

impl BatchNorm2d {
    /// Creates a layer with `eps` 1e-5 and `momentum` 0.1.
    pub fn new(num_features: usize) -> Self {
        Self { num_features, eps: 1e-5, momentum: 0.1 }
    }

    /// Sets the number that is added to the variance.
    #[must_use]
    pub fn eps(self, eps: f32) -> Self {
        Self { eps, ..self }
    }

    /// Sets the weight of the batch when the running statistics are updated.
    #[must_use]
    pub fn momentum(self, momentum: f32) -> Self {
        Self { momentum, ..self }
    }
}

leaf!(BatchNorm2d);

impl Forward for BatchNorm2d {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let Self { num_features, eps, momentum } = *self;
        let training = x.mode() == Mode::Train;
        x.op(op::BatchNorm2d { num_features, eps, momentum, training }.into())
    }
}
