//! Gradient times input, `x · ∂f_class/∂x`: the contribution of each value to the logit if the network were linear.

use super::{Attribution, Attributor, Completeness, Method};
use crate::error::ExplainError;

impl Attributor<'_> {
    /// Computes `x · ∂f/∂x`, value by value. Completeness is measured against an image of zeros, which after normalization is
    /// the mean of the training images; the gap is the contribution of biases and activations.
    ///
    /// # Errors
    /// When the network cannot be run backward.
    ///
    /// # Source
    /// Shrikumar 2016.
    pub fn gradient_x_input(&mut self) -> Result<Attribution, ExplainError> {
        let mut images = self.images(2);
        images.index_axis_mut(ndarray::Axis(0), 0).assign(&self.image);
        let slopes = self.slopes_of_input(&images)?;
        let values: Vec<f32> = self.image.iter().zip(&slopes.gradient).map(|(x, g)| x * g).collect();
        let completeness = Completeness::of(&values, slopes.scores[0], slopes.scores[1]);
        let attribution = self.attribution(Method::GradientXInput, slopes.scores[0], values)?;
        Ok(Attribution { completeness: Some(completeness), ..attribution })
    }
}
