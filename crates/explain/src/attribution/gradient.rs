//! The gradient, `∂f_class/∂x`: how fast the logit rises with each value of the image.

use super::{Attribution, Attributor, Method};
use crate::error::ExplainError;

impl Attributor<'_> {
    /// `∂f/∂x`: where the smallest change matters most. It says nothing about what is there now.
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
