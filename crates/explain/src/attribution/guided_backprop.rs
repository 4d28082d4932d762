//! Guided backpropagation: the gradient `∂f_class/∂x`, but each ReLU passes `g · [x > 0] · [g > 0]`: only what raises the logit
//! at every ReLU on its way.

use striate_graph::ReluRule;

use super::{Attribution, Attributor, Method};
use crate::error::ExplainError;

impl Attributor<'_> {
    /// Guided backpropagation. It is the gradient of nothing: images of it are sharp, and stay much the same when the
    /// weights of the layers next to the output are replaced by random ones, so they say little about why the network says
    /// what it says; [`Method::warning`] is to be told with them.
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
