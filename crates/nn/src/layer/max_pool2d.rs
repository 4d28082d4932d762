//! Max-pooling.

use super::*;

/// The largest value of each window: what is there, no matter where exactly.
///
/// `Y[n, c, y, x] = max_(i, j) X[n, c, y·s + i·d − p, x·s + j·d − p]`; padding counts as −∞, ties go to the first in
/// scan order.
///
/// # Shapes
/// `[N, C, H, W]` to `[N, C, H', W']`, with the size rule of [`Conv2d`].
///
/// # Errors
/// At the trace: a stride, size or dilation of 0, a window larger than the padded image, padding of more than half a
/// window.
///
/// # PyTorch
/// `torch.nn.MaxPool2d`, `return_indices` apart.
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
    /// Size of the window `[kh, kw]`.
    pub kernel_size: [usize; 2],
    /// Step from one window to the next.
    pub stride: [usize; 2],
    /// Cells added on each side, as −∞.
    pub padding: [usize; 2],
    /// Distance between two taps of the window.
    pub dilation: [usize; 2],
    /// Whether the number of windows is rounded up.
    pub ceil_mode: bool,
}

impl MaxPool2d {
    /// Windows side by side: the stride is the size of the window. No padding, dilation 1.
    pub fn new(kernel_size: impl Into<Pair>) -> Self {
        let Pair(kernel_size) = kernel_size.into();
        Self { kernel_size, stride: kernel_size, padding: [0, 0], dilation: [1, 1], ceil_mode: false }
    }

    /// With this step from one window to the next.
    #[must_use]
    pub fn stride(self, stride: impl Into<Pair>) -> Self {
        Self { stride: stride.into().0, ..self }
    }

    /// With this many cells on each side, at most half a window.
    #[must_use]
    pub fn padding(self, padding: impl Into<Pair>) -> Self {
        Self { padding: padding.into().0, ..self }
    }

    /// With this distance between the taps of a window.
    #[must_use]
    pub fn dilation(self, dilation: impl Into<Pair>) -> Self {
        Self { dilation: dilation.into().0, ..self }
    }

    /// With the number of windows rounded up rather than down: the last may reach behind the padded image, as long as it begins
    /// before the padding after it.
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
