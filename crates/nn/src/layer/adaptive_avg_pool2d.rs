//! Average-pooling to a wanted size.

use super::*;

/// The mean of windows chosen so that the output has a wanted size, whatever the image's.
///
/// `Y[n, c, y, x]` is the mean of rows `⌊y·H/H'⌋ .. ⌈(y + 1)·H/H'⌉` and the like columns: the windows may overlap.
///
/// # Shapes
/// `[N, C, H, W]` to `[N, C, H', W']` with `[H', W'] = output_size`.
///
/// # Errors
/// At the trace: an output of size 0.
///
/// # PyTorch
/// `torch.nn.AdaptiveAvgPool2d`, without `None` for "as the input".
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
    /// Size of the output `[h, w]`.
    pub output_size: [usize; 2],
}

impl AdaptiveAvgPool2d {
    /// To this size; 1 gives the mean of each channel.
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
