//! Local response normalization.

use super::*;

/// Local response normalization: a large value suppresses the neighboring channels at the same position.
///
/// `Y[n, c] = X[n, c] · (k + alpha / size · Σ_i X[n, i]²)^−beta`, where the sum runs over the existing channels with
/// `c − ⌊size / 2⌋ ≤ i ≤ c + ⌊(size − 1) / 2⌋`.
///
/// # Shapes
/// Input and output are `[N, C, H, W]`.
///
/// # Errors
/// Tracing fails for a `size` of 0, an `alpha` below 0, a `k` that is not above 0, or a `beta` above 100.
///
/// # Numerics
/// The power is `e^(−beta · ln b)` with the logarithm in f64. On machines with a fused multiply-add it is within 1.2 ulp of the
/// power of the rounded sum `b`, with the same bits on every instruction set.
///
/// # Source
/// Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks", 2012, section 3.3; there the sum is not
/// divided by `size`.
///
/// # PyTorch
/// `torch.nn.LocalResponseNorm`, for a `k` above 0.
///
/// # Example
/// ```
/// use striate_nn::{LocalResponseNorm, Mode, trace};
///
/// let layer = LocalResponseNorm::new(5).alpha(1e-4).beta(0.75).k(2.0);
/// assert_eq!(trace(&layer, Mode::Eval, [96, 27, 27])?.output_shape(), [96, 27, 27]);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LocalResponseNorm {
    /// The number of channels in the sum.
    pub size: usize,
    /// The factor of the sum.
    pub alpha: f32,
    /// The exponent of the power, with the opposite sign.
    pub beta: f32,
    /// The number that is added to the sum, so that nothing is divided by 0.
    pub k: f32,
}

impl LocalResponseNorm {
    /// Creates a layer over `size` channels, with `alpha` 1e-4, `beta` 0.75 and `k` 1.
    pub fn new(size: usize) -> Self {
        Self { size, alpha: 1e-4, beta: 0.75, k: 1.0 }
    }

    /// Sets the factor of the sum.
    #[must_use]
    pub fn alpha(self, alpha: f32) -> Self {
        Self { alpha, ..self }
    }

    /// Sets the exponent, with the opposite sign.
    #[must_use]
    pub fn beta(self, beta: f32) -> Self {
        Self { beta, ..self }
    }

    /// Sets the number that is added to the sum.
    #[must_use]
    pub fn k(self, k: f32) -> Self {
        Self { k, ..self }
    }
}

leaf!(LocalResponseNorm);

impl Forward for LocalResponseNorm {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let Self { size, alpha, beta, k } = *self;
        x.op(op::LocalResponseNorm { size, alpha, beta, k }.into())
    }
}
