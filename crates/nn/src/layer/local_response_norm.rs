//! Local response normalization.

use super::*;

/// Local response normalization: a large value quiets the channels beside it at its place.
///
/// `Y[n, c] = X[n, c] · (k + alpha / size · Σ_i X[n, i]²)^−beta`, the sum over the channels
/// `c − ⌊size / 2⌋ ≤ i ≤ c + ⌊(size − 1) / 2⌋` that there are.
///
/// # Shapes
/// `[N, C, H, W]`, in and out.
///
/// # Errors
/// At the trace: a `size` of 0, an `alpha` below 0, a `k` not above 0, a `beta` of more than 100.
///
/// # Numerics
/// The power is `e^(−beta · ln b)` with the logarithm in f64, within 1.2 ulp of that of the rounded sum `b` where the machine has a
/// fused multiply-add, and the same bits there on every instruction set.
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
    /// Channels of a neighborhood.
    pub size: usize,
    /// How strongly they count.
    pub alpha: f32,
    /// The power.
    pub beta: f32,
    /// What is added, so that nothing is divided by 0.
    pub k: f32,
}

impl LocalResponseNorm {
    /// Over so many channels; `alpha` 1e-4, `beta` 0.75, `k` 1.
    pub fn new(size: usize) -> Self {
        Self { size, alpha: 1e-4, beta: 0.75, k: 1.0 }
    }

    /// With neighbors that count so much.
    #[must_use]
    pub fn alpha(self, alpha: f32) -> Self {
        Self { alpha, ..self }
    }

    /// With this power.
    #[must_use]
    pub fn beta(self, beta: f32) -> Self {
        Self { beta, ..self }
    }

    /// With this added.
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
