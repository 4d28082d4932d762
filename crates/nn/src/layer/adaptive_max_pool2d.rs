//! Max-pooling to a given output size.

use super::*;

/// Takes the largest value of windows, which are chosen so that the output has a given size, whatever the size of the image.
///
/// `Y[n, c, y, x]` is the largest value in rows `⌊y·H/H'⌋ .. ⌈(y + 1)·H/H'⌉` and the corresponding columns; the windows may
/// overlap. Ties go to the first in scan order.
///
/// # Shapes
/// `[N, C, H, W]` to `[N, C, H', W']` with `[H', W'] = output_size`.
///
/// # Errors
/// Tracing fails for an output size of 0, or windows of more than 2^24 values.
///
/// # PyTorch
/// `torch.nn.AdaptiveMaxPool2d`, except that `return_indices` and `None` for "the size of the input" are not supported.
///
/// # Example
/// ```
/// use striate_nn::{AdaptiveMaxPool2d, Mode, trace};
///
/// for size in [7, 32, 300] {
///     let graph = trace(&AdaptiveMaxPool2d::new(7), Mode::Eval, [512, size, size])?;
///     assert_eq!(graph.output_shape(), [512, 7, 7]);
/// }
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdaptiveMaxPool2d {
    /// The size of the output `[h, w]`.
    pub output_size: [usize; 2],
}

impl AdaptiveMaxPool2d {
    /// Creates a layer with this output size; 1 gives the largest value of each channel.
    pub fn new(output_size: impl Into<Pair>) -> Self {
        Self { output_size: output_size.into().0 }
    }
}

leaf!(AdaptiveMaxPool2d);

impl Forward for AdaptiveMaxPool2d {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.op(op::AdaptiveMaxPool2d { output_size: self.output_size }.into())
    }
}
