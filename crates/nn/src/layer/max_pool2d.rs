//! Max-pooling.

use super::*;

/// Takes the largest value of each window, whatever its exact position in the window.
///
/// `Y[n, c, y, x] = max_(i, j) X[n, c, y·s + i·d − p, x·s + j·d − p]`; padding counts as −∞, ties go to the first in
/// scan order.
///
/// # Shapes
/// `[N, C, H, W]` to `[N, C, H', W']`, with the size rule of [`Conv2d`].
///
/// # Errors
/// Tracing fails for a stride, size or dilation of 0, a window larger than the padded image, or padding of more than half a
/// window.
///
/// # PyTorch
/// `torch.nn.MaxPool2d`, without `return_indices`.
///
/// # Example
/// ```
/// use striate_nn::{MaxPool2d, Mode, trace};
///
/// let graph = trace(&MaxPool2d::new(3).stride(2).padding(1), Mode::Eval, [64, 112, 112])?;
/// assert_eq!(graph.output_shape(), [64, 56, 56]);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaxPool2d {
    /// The size of the window `[kh, kw]`.
    pub kernel_size: [usize; 2],
    /// The distance from one window to the next `[rows, columns]`.
    pub stride: [usize; 2],
    /// Cells added on each side `[rows, columns]`, as −∞.
    pub padding: [usize; 2],
    /// The distance between two taps of the window `[rows, columns]`.
    pub dilation: [usize; 2],
    /// Whether the number of windows is rounded up instead of down.
    pub ceil_mode: bool,
}

impl MaxPool2d {
    /// Creates a layer with adjacent windows, whose stride is the size of the window, without padding and with dilation 1.
    pub fn new(kernel_size: impl Into<Pair>) -> Self {
        let Pair(kernel_size) = kernel_size.into();
        Self { kernel_size, stride: kernel_size, padding: [0, 0], dilation: [1, 1], ceil_mode: false }
    }

    /// Sets the distance from one window to the next.
    #[must_use]
    pub fn stride(self, stride: impl Into<Pair>) -> Self {
        Self { stride: stride.into().0, ..self }
    }

    /// Sets the number of cells on each side, at most half a window.
    #[must_use]
    pub fn padding(self, padding: impl Into<Pair>) -> Self {
        Self { padding: padding.into().0, ..self }
    }

    /// Sets the distance between the taps of a window.
    #[must_use]
    pub fn dilation(self, dilation: impl Into<Pair>) -> Self {
        Self { dilation: dilation.into().0, ..self }
    }

    /// Sets whether the number of windows is rounded up instead of down. If so, the last window may extend beyond the padded
    /// image, as long as it begins before the padding that follows the image.
    #[must_use]
    pub fn ceil_mode(self, ceil_mode: bool) -> Self {
        Self { ceil_mode, ..self }
    }
}

leaf!(MaxPool2d);

impl Forward for MaxPool2d {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let Self { kernel_size, stride, padding, dilation, ceil_mode } = *self;
        x.op(op::MaxPool2d { kernel_size, stride, padding, dilation, ceil_mode }.into())
    }
}
