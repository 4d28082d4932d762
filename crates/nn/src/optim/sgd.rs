//! Stochastic gradient descent.

use super::setting::{OptimizerError, penalty, share};
use serde::{Deserialize, Serialize};
use striate_graph::Optimizer;
use striate_kernels::{Buf, Kernel, SgdUpdate};

pub(super) const NAME: &str = "sgd";

/// Stochastic gradient descent, with optional momentum and L2 penalty.
///
/// `g = grad + weight_decay · w`, `b = momentum · b + g`, `d = g + momentum · b` with Nesterov, else `d = b`,
/// `w = w − learning_rate · d`. Without momentum, `d = g` and no state is kept.
///
/// # Errors
/// Building fails for a momentum outside of `0 ≤ momentum < 1`, a negative weight decay, or Nesterov without momentum.
///
/// # Source
/// Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.
///
/// # PyTorch
/// `torch.optim.SGD` with `dampening=0`; state `momentum_buffer`.
///
/// # Example
/// ```
/// use striate_nn::{OptimizerConfig, Sgd};
///
/// let sgd = Sgd { momentum: 0.9, nesterov: true, ..Sgd::default() };
/// assert!(OptimizerConfig::from(sgd).build().is_ok());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sgd {
    /// The fraction of the last direction that is kept in a step; 0 by default, usually 0.9.
    pub momentum: f64,
    /// Whether to use Nesterov's form, which looks ahead along the momentum.
    pub nesterov: bool,
    /// The factor of the L2 penalty: this times the parameter is added to the gradient.
    pub weight_decay: f64,
}

impl Sgd {
    pub(super) fn check(&self) -> Result<(), OptimizerError> {
        share(NAME, "momentum", self.momentum, 0.9)?;
        penalty(NAME, "weight_decay", self.weight_decay, 5e-4)?;
        if self.nesterov && self.momentum == 0.0 { Err(OptimizerError::Nesterov) } else { Ok(()) }
    }
}

impl Optimizer for Sgd {
    fn state(&self) -> &'static [&'static str] {
        if self.momentum > 0.0 { &["momentum_buffer"] } else { &[] }
    }

    fn update(&self, weight: Buf, grad: Buf, state: &[Buf], len: usize, rate_scale: f32) -> Box<dyn Kernel> {
        Box::new(SgdUpdate {
            weight,
            grad,
            momentum_buffer: state.first().copied(),
            len,
            momentum: self.momentum as f32,
            nesterov: self.nesterov,
            weight_decay: self.weight_decay as f32,
            rate_scale,
        })
    }
}
