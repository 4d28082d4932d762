//! The gradient of the logit with respect to each value of the image, `∂f_class/∂x`.

use super::{Attribution, Attributor, Method};
use crate::error::ExplainError;

impl Attributor<'_> {
    /// Computes the gradient `∂f/∂x`, which shows where a small change has the largest effect. It does not measure the
    /// contribution of the present values.
    ///
    /// # Errors
    /// When the network cannot be run backward.
    ///
    /// # Source
    /// Simonyan 2014.
    pub fn gradient(&mut self) -> Result<Attribution, ExplainError> {
        let slopes = self.slopes_of_input(&self.batch())?;
        let values = slopes.gradient.into_iter().collect();
        self.attribution(Method::Gradient, slopes.scores[0], values)
    }
}
