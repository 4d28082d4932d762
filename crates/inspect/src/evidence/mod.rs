//! Which part of an image a class is due to.
//!
//! A [`Question`] is a network, an image and a class; each method answers it with [`Evidence`], a map of the class's
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

mod ask;
mod cam;
mod classes;
mod eigen_cam;
mod exact_sum;
mod found;
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
pub use found::{Completeness, Evidence, Part, Refinement};
pub use integrated_gradients::Path;
pub use method::Method;
pub use occlusion::Patch;
pub use question::Question;
pub use smooth_grad::Noise;

use crate::error::InspectError;
use crate::maps::select::near;

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
