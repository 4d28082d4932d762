//! The result of an attribution method.

use serde::Serialize;

use super::Method;
use super::stretch::{Align, bilinear};

/// The result of an attribution method: a map of the values that speak for or against a class.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribution {
    /// The method that computed it.
    pub method: Method,
    /// The explained class, from 0.
    pub class: usize,
    /// The class that it is compared with, if the difference of two logits was explained.
    pub versus: Option<usize>,
    /// The logit of the class, or with `versus` its difference from the logit of the other class.
    pub logit: f32,
    /// The layer whose feature maps were used, if any.
    pub layer: Option<String>,
    /// `[C, H, W]`: the shape of the image, or one channel with the size of the layer's maps.
    pub shape: [usize; 3],
    /// The values, row by row; [`Method::unit`] gives their unit.
    pub values: Vec<f32>,
    /// The expected and the actual sum of the values; `None` for methods without an expected sum.
    pub completeness: Option<Completeness>,
    /// The precision of single pixels, for integrated gradients with more than one panel.
    pub refinement: Option<Refinement>,
    /// For the exact sum, the contributions of the image and of each operation; empty for other methods.
    pub parts: Vec<LogitTerm>,
}

/// The expected and the actual sum of the values of an attribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Completeness {
    /// The logit on the image minus the logit on the baseline; for the exact sum, which has no baseline, the logit.
    pub rise: f64,
    /// The sum of the values; for the exact sum, the sum of all parts.
    pub sum: f64,
    /// `sum - rise`.
    pub gap: f64,
}

impl Completeness {
    pub(super) fn of(values: &[f32], score: f64, of_baseline: f64) -> Self {
        let rise = score - of_baseline;
        let sum: f64 = values.iter().map(|&v| f64::from(v)).sum();
        Self { rise, sum, gap: sum - rise }
    }
}

impl Attribution {
    /// Sums the values over the channels, and returns one value per pixel, `[H, W]`.
    pub fn per_pixel(&self) -> Vec<f32> {
        let plane = self.shape[1] * self.shape[2];
        let sum = |i: usize| self.values.iter().skip(i).step_by(plane).map(|&v| f64::from(v)).sum::<f64>();
        (0..plane).map(|i| sum(i) as f32).collect()
    }

    /// Resizes [`per_pixel`](Self::per_pixel) to `[height, width]` by bilinear interpolation between the centers of the
    /// values.
    ///
    /// # PyTorch
    /// `interpolate(mode="bilinear", align_corners=False)`.
    pub fn stretched(&self, [height, width]: [usize; 2]) -> Vec<f32> {
        let [_, h, w] = self.shape;
        bilinear(&self.per_pixel(), [h, w], [height, width], Align::Edges)
    }
}

/// The difference between the last two refinements of a path.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Refinement {
    /// The largest difference at a pixel, as a share of the value of the largest pixel.
    pub change: f64,
    /// The tolerance for `change`.
    pub tolerance: f64,
    /// The number of gradients that were computed.
    pub gradients: usize,
}

impl Refinement {
    /// Whether the two refinements agree within the tolerance.
    pub fn is_settled(&self) -> bool {
        self.change <= self.tolerance
    }
}

/// One term of the exact sum that gives a logit: the contribution of the image, or of the biases of one operation.
#[derive(Debug, Clone, PartialEq)]
pub struct LogitTerm {
    /// The name of the operation's value; `input` for the image itself.
    pub name: String,
    /// `[C, H, W]`, or `[F]` where the values have no position in the image.
    pub shape: Vec<usize>,
    /// `b · ∂f/∂b`, or `x · ∂f/∂x`, row by row.
    pub values: Vec<f32>,
    /// The sum of the values.
    pub sum: f64,
}
