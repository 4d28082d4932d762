//! Attribution: how much each pixel of an image contributes to a class.
//!
//! An [`Attributor`] combines a network, an image and a class. Each method returns an [`Attribution`], a map that explains the
//! **logit** of the class. The logit is explained because a probability also depends on the other classes.
//!
//! | method | formula | sums to |
//! | --- | --- | --- |
//! | [`gradient`](Attributor::gradient) | `∂f/∂x` | |
//! | [`gradient_x_input`](Attributor::gradient_x_input) | `x · ∂f/∂x` | the logit, for a linear network |
//! | [`smooth_grad`](Attributor::smooth_grad) | the mean gradient of noisy copies | |
//! | [`integrated_gradients`](Attributor::integrated_gradients) | the mean gradient on the path from a baseline | the rise of the logit, always |
//! | [`exact_sum`](Attributor::exact_sum) | `x · ∂f/∂x`, and `b · ∂f/∂b` of every bias | the logit, where operations are piecewise linear |
//! | [`guided_backprop`](Attributor::guided_backprop) | the gradient, without negative parts at any ReLU | |
//! | [`grad_cam`](Attributor::grad_cam) | maps of a layer, weighted by their mean gradients | |
//! | [`grad_cam_plus_plus`](Attributor::grad_cam_plus_plus) | the same, weighted by where gradients are positive | |
//! | [`layer_cam`](Attributor::layer_cam) | maps of a layer times their positive gradients | |
//! | [`eigen_cam`](Attributor::eigen_cam) | first principal component of the maps of a layer, regardless of the class | |
//! | [`score_cam`](Attributor::score_cam) | maps of a layer, weighted by the logit of the image masked with each | |
//! | [`occlusion`](Attributor::occlusion) | the drop of the logit when a patch is covered | |
//!
//! [`Attributor::ask`] runs any of them by name, [`Method::all`] lists them, and [`Attributor::versus`] explains one class
//! rather than another.

mod ask;
mod attributor;
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
mod report;
mod score_cam;
mod smooth;
mod smooth_grad;
mod stretch;
#[cfg(test)]
mod tests;

pub use attributor::Attributor;
pub use classes::class_page;
pub use found::{Attribution, Completeness, LogitTerm, Refinement};
pub use integrated_gradients::Path;
pub use method::Method;
pub use occlusion::Patch;
pub use report::{AttributionHead, AttributionReport, ClassLogit, ClassesReport, LogitTermSum};
pub use smooth_grad::Noise;

use crate::error::ExplainError;
use crate::maps::select::near;

/// Finds the class with this name, regardless of case.
///
/// # Errors
/// [`ExplainError::NoClassNamed`] with the most similar names.
pub fn find_class(classes: &[String], name: &str) -> Result<usize, ExplainError> {
    let same = |class: &String| class == name;
    let alike = |class: &String| class.to_lowercase() == name.to_lowercase();
    let found = classes.iter().position(same).or_else(|| classes.iter().position(alike));
    let names: Vec<&str> = classes.iter().map(String::as_str).collect();
    found.ok_or_else(|| ExplainError::NoClassNamed {
        name: name.into(),
        classes: classes.len(),
        near: near(&names, name),
    })
}
