//! Which part of a picture a class is due to.
//!
//! A [`Question`] is a network, a picture and a class; each method answers it with [`Evidence`], a map of the class's
//! **logit**: a probability also moves when the other classes do.
//!
//! | method | formula | sums to |
//! | --- | --- | --- |
//! | [`gradient`](Question::gradient) | `∂f/∂x` | |
//! | [`gradient_x_input`](Question::gradient_x_input) | `x · ∂f/∂x` | the logit, for a linear network |
//! | [`integrated_gradients`](Question::integrated_gradients) | the mean gradient on the way from a baseline | the logit's rise, always |
//! | [`grad_cam`](Question::grad_cam) | maps of a layer, weighted by their mean gradients | |
//! | [`grad_cam_plus_plus`](Question::grad_cam_plus_plus) | the same, weighted by where gradients are positive | |
//! | [`layer_cam`](Question::layer_cam) | maps of a layer times their positive gradients | |
//! | [`occlusion`](Question::occlusion) | the fall of the logit when a patch is covered | |

mod cam;
mod grad_cam;
mod grad_cam_plus_plus;
mod gradient;
mod gradient_x_input;
mod integrated_gradients;
mod layer_cam;
mod occlusion;
mod page;
mod quadrature;
mod question;
#[cfg(test)]
mod tests;

pub use integrated_gradients::Path;
pub use occlusion::Patch;
pub use question::Question;

use serde::Serialize;

use crate::error::InspectError;
use crate::maps::select::near;

/// How evidence was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// [`Question::gradient`].
    Gradient,
    /// [`Question::gradient_x_input`].
    GradientXInput,
    /// [`Question::integrated_gradients`].
    IntegratedGradients,
    /// [`Question::grad_cam`].
    GradCam,
    /// [`Question::grad_cam_plus_plus`].
    GradCamPlusPlus,
    /// [`Question::layer_cam`].
    LayerCam,
    /// [`Question::occlusion`].
    Occlusion,
}

impl Method {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gradient => "gradient",
            Self::GradientXInput => "gradient x input",
            Self::IntegratedGradients => "integrated gradients",
            Self::GradCam => "Grad-CAM",
            Self::GradCamPlusPlus => "Grad-CAM++",
            Self::LayerCam => "LayerCAM",
            Self::Occlusion => "occlusion",
        }
    }

    /// Whether its values can be negative: evidence against the class.
    pub fn is_signed(self) -> bool {
        !matches!(self, Self::GradCam | Self::GradCamPlusPlus | Self::LayerCam)
    }
}

/// A map of what speaks for a class, and against it.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// How it was found.
    pub method: Method,
    /// The class, from 0.
    pub class: usize,
    /// Its logit on the picture.
    pub logit: f32,
    /// The layer whose maps were used, if any.
    pub layer: Option<String>,
    /// `[C, H, W]`: the picture's shape, or one channel as large as the layer's maps.
    pub shape: [usize; 3],
    /// The values, row by row, in units of the logit.
    pub values: Vec<f32>,
    /// For methods whose values are to sum to something: whether they do.
    pub completeness: Option<Completeness>,
}

/// What values should sum to, and what they do sum to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Completeness {
    /// The logit on the picture minus that on the baseline.
    pub rise: f64,
    /// The sum of the values.
    pub sum: f64,
    /// `sum - rise`.
    pub gap: f64,
}

impl Completeness {
    fn of(values: &[f32], logit: f32, of_baseline: f32) -> Self {
        let rise = f64::from(logit) - f64::from(of_baseline);
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
        let values = self.per_pixel();
        let [_, h, w] = self.shape;
        if [h, w] == [height, width] {
            return values;
        }
        let place = |i: usize, to: usize, from: usize| {
            let at = ((i as f64 + 0.5) * from as f64 / to as f64 - 0.5).max(0.0);
            let low = (at as usize).min(from - 1);
            (low, (low + 1).min(from - 1), at - low as f64)
        };
        let mut out = Vec::with_capacity(height * width);
        for y in 0..height {
            let (y0, y1, down) = place(y, height, h);
            for x in 0..width {
                let (x0, x1, right) = place(x, width, w);
                let at = |y: usize, x: usize| f64::from(values[y * w + x]);
                let row = |y: usize| at(y, x0) * (1.0 - right) + at(y, x1) * right;
                out.push((row(y0) * (1.0 - down) + row(y1) * down) as f32);
            }
        }
        out
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
