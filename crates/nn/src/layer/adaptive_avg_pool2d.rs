//! Average-pooling to a given output size.

use super::*;

/// Takes the mean of windows, which are chosen so that the output has a given size, whatever the size of the image.
///
/// `Y[n, c, y, x]` is the mean of rows `⌊y·H/H'⌋ .. ⌈(y + 1)·H/H'⌉` and the corresponding columns; the windows may overlap.
///
/// # Shapes
/// `[N, C, H, W]` to `[N, C, H', W']` with `[H', W'] = output_size`.
///
/// # Errors
/// Tracing fails for an output size of 0.
///
/// # PyTorch
/// `torch.nn.AdaptiveAvgPool2d`, except that `None` for "the size of the input" is not supported.
///
/// # Example
/// ```
/// use striate_nn::{AdaptiveAvgPool2d, Mode, trace};
///
/// for size in [7, 32, 300] {
///     let graph = trace(&AdaptiveAvgPool2d::new(7), Mode::Eval, [512, size, size])?;
///     assert_eq!(graph.output_shape(), [512, 7, 7]);
/// }
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdaptiveAvgPool2d {
    /// The size of the output `[h, w]`.
    pub output_size: [usize; 2],
}

impl AdaptiveAvgPool2d {
    /// Creates a layer with this output size; 1 gives the mean of each channel.
    pub fn new(output_size: impl Into<Pair>) -> Self {
        Self { output_size: output_size.into().0 }
    }
}

leaf!(AdaptiveAvgPool2d);

impl Forward for AdaptiveAvgPool2d {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.op(op::AdaptiveAvgPool2d { output_size: self.output_size }.into())
    }
}
