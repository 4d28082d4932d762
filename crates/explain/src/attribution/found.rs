//! What a method finds.

use serde::Serialize;

use super::Method;
use super::stretch::{Align, bilinear};

/// A map of what speaks for a class, and against it.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribution {
    /// How it was found.
    pub method: Method,
    /// The class, from 0.
    pub class: usize,
    /// Rather than which, if the attributor was of the difference of both logits.
    pub versus: Option<usize>,
    /// The class's logit on the image; where there is a `versus`, how far it is above that one's.
    pub logit: f32,
    /// The layer whose maps were used, if any.
    pub layer: Option<String>,
    /// `[C, H, W]`: the image's shape, or one channel as large as the layer's maps.
    pub shape: [usize; 3],
    /// The values, row by row; [`Method::unit`] says in what units.
    pub values: Vec<f32>,
    /// For methods whose values are to sum to something: whether they do.
    pub completeness: Option<Completeness>,
    /// Of integrated gradients along more than one panel: how closely each pixel is known.
    pub refinement: Option<Refinement>,
    /// Of the exact sum: what the image and each operation add. Of other methods none.
    pub parts: Vec<Part>,
}

/// What values should sum to, and what they do sum to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Completeness {
    /// The logit on the image minus that on the baseline; of the exact sum, which has no baseline, the logit.
    pub rise: f64,
    /// The sum of the values; of the exact sum, that of all its parts.
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
    /// `[H, W]`: the channels of each pixel added up.
    pub fn per_pixel(&self) -> Vec<f32> {
        let plane = self.shape[1] * self.shape[2];
        let sum = |i: usize| self.values.iter().skip(i).step_by(plane).map(|&v| f64::from(v)).sum::<f64>();
        (0..plane).map(|i| sum(i) as f32).collect()
    }

    /// As [`per_pixel`](Self::per_pixel), `[height, width]`: stretched to the size of the image, bilinearly between
    /// the centers of the values.
    ///
    /// # PyTorch
    /// `interpolate(mode="bilinear", align_corners=False)`.
    pub fn stretched(&self, [height, width]: [usize; 2]) -> Vec<f32> {
        let [_, h, w] = self.shape;
        bilinear(&self.per_pixel(), [h, w], [height, width], Align::Edges)
    }
}

/// How far apart the last two refinements of a path are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Refinement {
    /// The largest difference of a pixel, as a share of the largest pixel.
    pub change: f64,
    /// What it was to come down to.
    pub tolerance: f64,
    /// Gradients that were taken.
    pub gradients: usize,
}

impl Refinement {
    /// Whether the two agree.
    pub fn is_settled(&self) -> bool {
        self.change <= self.tolerance
    }
}

/// What the biases of one operation add to the logit.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Name of the operation's value; `input` for the image itself.
    pub name: String,
    /// `[C, H, W]`, or `[F]` where values have no place in the image.
    pub shape: Vec<usize>,
    /// `b · ∂f/∂b`, or `x · ∂f/∂x`, row by row.
    pub values: Vec<f32>,
    /// Their sum.
    pub sum: f64,
}
