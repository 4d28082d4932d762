//! Runs any attribution method by its name.

use ndarray::ArrayView3;

use super::{Attribution, Attributor, Method, Noise, Patch, Path};
use crate::error::ExplainError;

impl Attributor<'_> {
    /// Runs `method` with its default settings. `baseline`, `[C, H, W]`, is the start of the path of integrated gradients and
    /// the patch of occlusion; zeros are the mean of the training images.
    ///
    /// # Errors
    /// When the method does not apply to this network, or the baseline has another shape than the image.
    pub fn ask(
        &mut self,
        method: Method,
        baseline: &ArrayView3<'_, f32>,
    ) -> Result<Attribution, ExplainError> {
        self.ask_of(method, None, baseline)
    }

    /// Like [`ask`](Self::ask), but with the feature maps of `layer`.
    ///
    /// # Errors
    /// Those of [`ask`](Self::ask); also when there is no such layer, when it has no feature maps, and when a layer is named for
    /// a method that does not use one.
    pub fn ask_of(
        &mut self,
        method: Method,
        layer: Option<&str>,
        baseline: &ArrayView3<'_, f32>,
    ) -> Result<Attribution, ExplainError> {
        if layer.is_some() && !method.uses_layer() {
            let with: Vec<&str> = Method::all().iter().filter(|m| m.uses_layer()).map(|m| m.name()).collect();
            return Err(ExplainError::LayerUnused { method: method.name(), with });
        }
        match method {
            Method::Gradient => self.gradient(),
            Method::GradientXInput => self.gradient_x_input(),
            Method::SmoothGrad => self.smooth_grad(Noise::default()),
            Method::IntegratedGradients => self.integrated_gradients(baseline, Path::default()),
            Method::ExactSum => self.exact_sum(),
            Method::GuidedBackprop => self.guided_backprop(),
            Method::GradCam => self.grad_cam(layer),
            Method::GradCamPlusPlus => self.grad_cam_plus_plus(layer),
            Method::LayerCam => self.layer_cam(layer),
            Method::EigenCam => self.eigen_cam(layer),
            Method::ScoreCam => self.score_cam(layer),
            Method::Occlusion => self.occlusion(baseline, Patch::of(self.shape())),
        }
    }
}
