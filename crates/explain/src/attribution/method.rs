//! The attribution methods by name, with the properties that a reader must know.

use serde::Serialize;
use striate_graph::Graph;
use striate_graph::op::Role;

/// Images with a longer side than this are treated as photos, in which single pixels cannot be distinguished.
pub(super) const PHOTO_PX: usize = 64;

/// An attribution method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// [`Attributor::gradient`](super::Attributor::gradient).
    Gradient,
    /// [`Attributor::gradient_x_input`](super::Attributor::gradient_x_input).
    GradientXInput,
    /// [`Attributor::smooth_grad`](super::Attributor::smooth_grad).
    SmoothGrad,
    /// [`Attributor::integrated_gradients`](super::Attributor::integrated_gradients).
    IntegratedGradients,
    /// [`Attributor::exact_sum`](super::Attributor::exact_sum).
    ExactSum,
    /// [`Attributor::guided_backprop`](super::Attributor::guided_backprop).
    GuidedBackprop,
    /// [`Attributor::grad_cam`](super::Attributor::grad_cam).
    GradCam,
    /// [`Attributor::grad_cam_plus_plus`](super::Attributor::grad_cam_plus_plus).
    GradCamPlusPlus,
    /// [`Attributor::layer_cam`](super::Attributor::layer_cam).
    LayerCam,
    /// [`Attributor::eigen_cam`](super::Attributor::eigen_cam).
    EigenCam,
    /// [`Attributor::score_cam`](super::Attributor::score_cam).
    ScoreCam,
    /// [`Attributor::occlusion`](super::Attributor::occlusion).
    Occlusion,
}

impl Method {
    /// Every method, in the order of the module's table.
    pub fn all() -> &'static [Self] {
        &[
            Self::Gradient,
            Self::GradientXInput,
            Self::SmoothGrad,
            Self::IntegratedGradients,
            Self::ExactSum,
            Self::GuidedBackprop,
            Self::GradCam,
            Self::GradCamPlusPlus,
            Self::LayerCam,
            Self::EigenCam,
            Self::ScoreCam,
            Self::Occlusion,
        ]
    }

    /// The default method: Grad-CAM where images are larger than 64 x 64 pixels and there is a convolution, else integrated
    /// gradients. On a photo, the contributions of single pixels look like noise and take hundreds of passes to compute.
    pub fn usual(graph: &Graph) -> Self {
        let [_, h, w] = graph.input_shape();
        let has_maps = graph.nodes.iter().any(|node| node.operation().role() == Role::Convolution);
        if h.max(w) > PHOTO_PX && has_maps { Self::GradCam } else { Self::IntegratedGradients }
    }

    /// The name of the method, for display.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gradient => "gradient",
            Self::GradientXInput => "gradient x input",
            Self::SmoothGrad => "SmoothGrad",
            Self::IntegratedGradients => "integrated gradients",
            Self::ExactSum => "exact sum",
            Self::GuidedBackprop => "guided backprop",
            Self::GradCam => "Grad-CAM",
            Self::GradCamPlusPlus => "Grad-CAM++",
            Self::LayerCam => "LayerCAM",
            Self::EigenCam => "EigenCAM",
            Self::ScoreCam => "Score-CAM",
            Self::Occlusion => "occlusion",
        }
    }

    /// The value of `--method`, which is also the stem of the file names.
    pub fn key(self) -> &'static str {
        match self {
            Self::Gradient => "gradient",
            Self::GradientXInput => "gradient-x-input",
            Self::SmoothGrad => "smooth-grad",
            Self::IntegratedGradients => "integrated-gradients",
            Self::ExactSum => "exact-sum",
            Self::GuidedBackprop => "guided-backprop",
            Self::GradCam => "grad-cam",
            Self::GradCamPlusPlus => "grad-cam-plus-plus",
            Self::LayerCam => "layer-cam",
            Self::EigenCam => "eigen-cam",
            Self::ScoreCam => "score-cam",
            Self::Occlusion => "occlusion",
        }
    }

    /// A one-line description.
    pub fn summary(self) -> &'static str {
        match self {
            Self::Gradient => "Gradient of the logit with respect to each pixel",
            Self::GradientXInput => "Contribution of each pixel if the network were linear",
            Self::SmoothGrad => "The gradient, averaged over noisy copies of the image",
            Self::IntegratedGradients => {
                "Contribution of each pixel on the path from the mean image; sums to the rise of the logit"
            }
            Self::ExactSum => {
                "Contribution of each pixel and each bias; sums to the logit exactly (FullGrad)"
            }
            Self::GuidedBackprop => {
                "Gradient through positive paths only: sharp edges, but little about the network"
            }
            Self::GradCam => "Feature maps of a layer, weighted by the gradient of the logit",
            Self::GradCamPlusPlus => "Grad-CAM for several instances of a class in one image",
            Self::LayerCam => "Each value of a layer, weighted by its own gradient; sharp in early layers",
            Self::EigenCam => "Principal component of the feature maps of a layer, regardless of the class",
            Self::ScoreCam => {
                "Feature maps of a layer, weighted by the logit of the image masked with each; slow"
            }
            Self::Occlusion => "Drop in the logit when a patch is covered with the mean color",
        }
    }

    /// Whether its values can be negative; negative values speak against the class.
    pub fn is_signed(self) -> bool {
        !matches!(self, Self::GradCam | Self::GradCamPlusPlus | Self::LayerCam | Self::ScoreCam)
    }

    /// Whether the result depends on the class.
    pub fn knows_class(self) -> bool {
        self != Self::EigenCam
    }

    /// Whether it uses the feature maps of a layer.
    pub fn uses_layer(self) -> bool {
        let of_maps = [Self::GradCam, Self::GradCamPlusPlus, Self::LayerCam, Self::EigenCam, Self::ScoreCam];
        of_maps.contains(&self)
    }

    /// Whether each pixel of the image has a value of its own.
    pub fn is_by_pixel(self) -> bool {
        !self.uses_layer() && self != Self::Occlusion
    }

    /// The unit of its values, for display.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Gradient | Self::SmoothGrad => "gradient of the logit",
            Self::GuidedBackprop => "gradient through positive paths",
            Self::EigenCam => "deviation from the maps' mean",
            Self::GradCamPlusPlus | Self::LayerCam | Self::ScoreCam | Self::GradCam => {
                "weighted sum of the maps"
            }
            _ => "attribution, in units of the logit",
        }
    }

    /// A caveat that a reader should know, if any.
    pub fn warning(self) -> Option<&'static str> {
        match self {
            Self::GuidedBackprop => Some(
                "it looks almost the same with random weights: it shows edges of the image, not what the network makes of them",
            ),
            Self::EigenCam => Some("it is the same for every class, since it does not depend on any logit"),
            _ => None,
        }
    }
}
