//! Which part of a picture a class is due to.
//!
//! A [`Question`] is a network, a picture and a class; each method answers it with [`Evidence`], a map of the class's
//! **logit**: a probability also moves when the other classes do.
//!
//! | method | formula | sums to |
//! | --- | --- | --- |
//! | [`gradient`](Question::gradient) | `∂f/∂x` | |
//! | [`gradient_x_input`](Question::gradient_x_input) | `x · ∂f/∂x` | the logit, for a linear network |
//! | [`smooth_grad`](Question::smooth_grad) | the mean gradient of noisy copies | |
//! | [`integrated_gradients`](Question::integrated_gradients) | the mean gradient on the way from a baseline | the logit's rise, always |
//! | [`exact_sum`](Question::exact_sum) | `x · ∂f/∂x`, and `b · ∂f/∂b` of every bias | the logit, where operations are piecewise linear |
//! | [`guided_backprop`](Question::guided_backprop) | the gradient without what is negative at any ReLU | |
//! | [`grad_cam`](Question::grad_cam) | maps of a layer, weighted by their mean gradients | |
//! | [`grad_cam_plus_plus`](Question::grad_cam_plus_plus) | the same, weighted by where gradients are positive | |
//! | [`layer_cam`](Question::layer_cam) | maps of a layer times their positive gradients | |
//! | [`eigen_cam`](Question::eigen_cam) | maps of a layer along what differs most in them; knows no class | |
//! | [`score_cam`](Question::score_cam) | maps of a layer, weighted by the logit of what lies under each | |
//! | [`occlusion`](Question::occlusion) | the fall of the logit when a patch is covered | |
//!
//! [`Question::ask`] takes any of them, [`Method::all`] lists them; [`Question::versus`] asks why one class rather than another.

mod cam;
mod classes;
mod eigen_cam;
mod exact_sum;
mod grad_cam;
mod grad_cam_plus_plus;
mod gradient;
mod gradient_x_input;
mod guided_backprop;
mod integrated_gradients;
mod layer_cam;
mod method;
mod noise;
mod occlusion;
mod page;
mod quadrature;
mod question;
mod score_cam;
mod smooth;
mod smooth_grad;
mod stretch;
#[cfg(test)]
mod tests;

pub use classes::class_page;
pub use exact_sum::Part;
pub use integrated_gradients::{Path, Refinement};
pub use method::Method;
pub use occlusion::Patch;
pub use question::Question;
pub use smooth_grad::Noise;

use serde::Serialize;

use crate::error::InspectError;
use crate::maps::select::near;
use stretch::{Align, bilinear};

/// A map of what speaks for a class, and against it.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// How it was found.
    pub method: Method,
    /// The class, from 0.
    pub class: usize,
    /// Rather than which, if the question was of the difference of both logits.
    pub versus: Option<usize>,
    /// The class's logit on the picture; where there is a `versus`, how far it is above that one's.
    pub logit: f32,
    /// The layer whose maps were used, if any.
    pub layer: Option<String>,
    /// `[C, H, W]`: the picture's shape, or one channel as large as the layer's maps.
    pub shape: [usize; 3],
    /// The values, row by row; [`Method::unit`] says in what units.
    pub values: Vec<f32>,
    /// For methods whose values are to sum to something: whether they do.
    pub completeness: Option<Completeness>,
    /// Of integrated gradients along more than one panel: how closely each pixel is known.
    pub refinement: Option<Refinement>,
    /// Of the exact sum: what the picture and each operation add. Of other methods none.
    pub parts: Vec<Part>,
}

/// What values should sum to, and what they do sum to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Completeness {
    /// The logit on the picture minus that on the baseline; of the exact sum, which has no baseline, the logit.
    pub rise: f64,
    /// The sum of the values; of the exact sum, that of all its parts.
    pub sum: f64,
    /// `sum - rise`.
    pub gap: f64,
}

impl Completeness {
    fn of(values: &[f32], score: f64, of_baseline: f64) -> Self {
        let rise = score - of_baseline;
        let sum: f64 = values.iter().map(|&v| f64::from(v)).sum();
        Self { rise, sum, gap: sum - rise }
    }
}

impl Evidence {
    /// `[H, W]`: the channels of each pixel added up.
    pub fn per_pixel(&self) -> Vec<f32> {
        let plane = self.shape[1] * self.shape[2];
        let sum = |i: usize| self.values.iter().skip(i).step_by(plane).map(|&v| f64::from(v)).sum::<f64>();
        (0..plane).map(|i| sum(i) as f32).collect()
    }

    /// As [`per_pixel`](Self::per_pixel), `[height, width]`: stretched to the size of the picture, bilinearly between
    /// the centres of the values.
    ///
    /// # PyTorch
    /// `interpolate(mode="bilinear", align_corners=False)`.
    pub fn stretched(&self, [height, width]: [usize; 2]) -> Vec<f32> {
        let [_, h, w] = self.shape;
        bilinear(&self.per_pixel(), [h, w], [height, width], Align::Edges)
    }
}

/// The class of that name, written in capitals or not.
///
/// # Errors
/// [`InspectError::NoClassNamed`] with the names nearest to it.
pub fn find_class(classes: &[String], name: &str) -> Result<usize, InspectError> {
    let same = |class: &String| class == name;
    let alike = |class: &String| class.to_lowercase() == name.to_lowercase();
    let found = classes.iter().position(same).or_else(|| classes.iter().position(alike));
    let names: Vec<&str> = classes.iter().map(String::as_str).collect();
    found.ok_or_else(|| InspectError::NoClassNamed {
        name: name.into(),
        classes: classes.len(),
        near: near(&names, name),
    })
}
