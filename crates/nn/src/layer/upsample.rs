//! Resizing images.

use super::*;

/// Resizes each image, usually to a larger size, by the nearest pixel or by linear interpolation.
///
/// Nearest: `Y[n, c, y, x] = X[n, c, ⌊y·H/H'⌋, ⌊x·W/W'⌋]`. Bilinear: the mean of the four pixels around row
/// `max(0, (y + ½)·H/H' − ½)` and the corresponding column, weighted by their nearness.
///
/// # Shapes
/// `[N, C, H, W]` to `[N, C, H', W']`, where `[H', W']` is the requested size, or `[H, W]` times the scale factors.
///
/// # Errors
/// Tracing fails for a size or a factor of 0.
///
/// # Numerics
/// Positions are exact; the weights of bilinear interpolation are rounded once.
///
/// # PyTorch
/// `torch.nn.Upsample` with `mode="nearest"` or `mode="bilinear", align_corners=False`, for integer factors. PyTorch computes
/// positions in f32, which for some factors (41 is the first) selects the pixel before.
///
/// # Example
/// ```
/// use striate_nn::{Mode, Upsample, trace};
///
/// let shape = |layer| trace(&layer, Mode::Eval, [8, 7, 5]).map(|graph| graph.output_shape().to_vec());
/// assert_eq!(shape(Upsample::scale_factor(2))?, [8, 14, 10]);
/// assert_eq!(shape(Upsample::size([9, 9]).bilinear())?, [8, 9, 9]);
/// # Ok::<(), striate_nn::graph::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upsample {
    /// The size of the output, or its factors relative to the input.
    pub to: op::ToSize,
    /// The method of determining a value between pixels.
    pub mode: op::Interpolation,
}

impl Upsample {
    /// Creates a layer that multiplies the numbers of rows and columns by these factors, and takes the nearest pixel.
    pub fn scale_factor(factor: impl Into<Pair>) -> Self {
        Self { to: op::ToSize::ScaleFactor(factor.into().0), mode: op::Interpolation::Nearest }
    }

    /// Creates a layer that resizes to this size, and takes the nearest pixel.
    pub fn size(size: impl Into<Pair>) -> Self {
        Self { to: op::ToSize::Size(size.into().0), mode: op::Interpolation::Nearest }
    }

    /// Interpolates linearly between pixel centers instead.
    #[must_use]
    pub fn bilinear(self) -> Self {
        Self { mode: op::Interpolation::Bilinear, ..self }
    }
}

leaf!(Upsample);

impl Forward for Upsample {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.op(op::Interpolate { to: self.to, mode: self.mode }.into())
    }
}
