//! Average-pooling.

use super::*;

/// Takes the mean of each window.
///
/// `Y[n, c, y, x] = Σ_(i, j) X[n, c, y·s + i − p, x·s + j − p] / (kh·kw)`; padding counts as zeros. Cells of the last window of
/// `ceil_mode` that lie beyond the padding count neither in the sum nor in the divisor.
///
/// # Shapes
/// `[N, C, H, W]` to `[N, C, H', W']`, with the size rule of [`Conv2d`] and dilation 1.
///
/// # Errors
/// Tracing fails for a stride or size of 0, a window larger than the padded image, or padding of more than half a window.
///
/// # PyTorch
/// `torch.nn.AvgPool2d` with `divisor_override=None`.
///
/// # Example
/// ```
/// use striate_nn::{AvgPool2d, Mode, trace};
///
/// let graph = trace(&AvgPool2d::new([1, 2]), Mode::Eval, [8, 6, 6])?;
/// assert_eq!(graph.output_shape(), [8, 6, 3]);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvgPool2d {
    /// The size of the window `[kh, kw]`.
    pub kernel_size: [usize; 2],
    /// The distance from one window to the next `[rows, columns]`.
    pub stride: [usize; 2],
    /// Zeros added on each side `[rows, columns]`.
    pub padding: [usize; 2],
    /// Whether padding counts in the divisor; if not, a window at the edge divides by the number of cells inside the image.
    pub count_include_pad: bool,
    /// Whether the number of windows is rounded up instead of down.
    pub ceil_mode: bool,
}

impl AvgPool2d {
    /// Creates a layer with adjacent windows, whose stride is the size of the window, and without padding.
    pub fn new(kernel_size: impl Into<Pair>) -> Self {
        let Pair(kernel_size) = kernel_size.into();
        Self { kernel_size, stride: kernel_size, padding: [0, 0], count_include_pad: true, ceil_mode: false }
    }

    /// Sets the distance from one window to the next.
    #[must_use]
    pub fn stride(self, stride: impl Into<Pair>) -> Self {
        Self { stride: stride.into().0, ..self }
    }

    /// Sets the number of zeros on each side, at most half a window.
    #[must_use]
    pub fn padding(self, padding: impl Into<Pair>) -> Self {
        Self { padding: padding.into().0, ..self }
    }

    /// Sets whether padding counts in the divisor; by default it does.
    #[must_use]
    pub fn count_include_pad(self, count_include_pad: bool) -> Self {
        Self { count_include_pad, ..self }
    }

    /// Sets whether the number of windows is rounded up instead of down. If so, the last window may extend beyond the padded
    /// image, as long as it begins before the padding that follows the image.
    #[must_use]
    pub fn ceil_mode(self, ceil_mode: bool) -> Self {
        Self { ceil_mode, ..self }
    }
}

leaf!(AvgPool2d);

impl Forward for AvgPool2d {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        let Self { kernel_size, stride, padding, count_include_pad, ceil_mode } = *self;
        x.op(op::AvgPool2d { kernel_size, stride, padding, count_include_pad, ceil_mode }.into())
    }
}
