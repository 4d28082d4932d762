//! Guided backpropagation: the gradient `∂f_class/∂x`, except that each ReLU passes `g · [x > 0] · [g > 0]`, so that only what
//! raises the logit at every ReLU on the path remains.

use striate_graph::ReluRule;

use super::{Attribution, Attributor, Method};
use crate::error::ExplainError;

impl Attributor<'_> {
    /// Computes guided backpropagation, which is not the gradient of any function. Its maps are sharp, but they hardly change
    /// when the weights of the layers near the output are replaced by random ones, so they say little about the reasons of the
    /// network; show [`Method::warning`] with them.
    ///
    /// # Errors
    /// When the network cannot be run backward.
    ///
    /// # Source
    /// Springenberg 2015; the caveat: Adebayo 2018.
    pub fn guided_backprop(&mut self) -> Result<Attribution, ExplainError> {
        let slopes = self.slopes_of_input_by(ReluRule::Guided, &self.batch())?;
        let values = slopes.gradient.into_iter().collect();
        self.attribution(Method::GuidedBackprop, slopes.scores[0], values)
    }
}
