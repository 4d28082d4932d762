//! Images of another size.

use super::*;

/// Each image at another size, as a rule a larger one: the nearest pixel, or straight lines between them.
///
/// Nearest: `Y[n, c, y, x] = X[n, c, ⌊y·H/H'⌋, ⌊x·W/W'⌋]`. Bilinear: the mean of the four pixels about the place
/// `max(0, (y + ½)·H/H' − ½)` and the like column, by how near they are.
///
/// # Shapes
/// `[N, C, H, W]` to `[N, C, H', W']`, with `[H', W']` the size asked for, or so many times `[H, W]`.
///
/// # Errors
/// At the trace: a size or a factor of 0.
///
/// # Numerics
/// Places are exact; the weights of bilinear interpolation are rounded once.
///
/// # PyTorch
/// `torch.nn.Upsample` with `mode="nearest"` or `mode="bilinear", align_corners=False`, for whole factors. PyTorch computes
/// places in f32, which for some factors (41 is the first) takes the pixel before.
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
    /// To which size.
    pub to: op::ToSize,
    /// How a place between pixels is read.
    pub mode: op::Interpolation,
}

impl Upsample {
    /// To so many times the rows and columns, by the nearest pixel.
    pub fn scale_factor(factor: impl Into<Pair>) -> Self {
        Self { to: op::ToSize::ScaleFactor(factor.into().0), mode: op::Interpolation::Nearest }
    }

    /// To this size, by the nearest pixel.
    pub fn size(size: impl Into<Pair>) -> Self {
        Self { to: op::ToSize::Size(size.into().0), mode: op::Interpolation::Nearest }
    }

    /// With straight lines from pixel center to pixel center.
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
