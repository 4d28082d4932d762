//! Adam.

use super::setting::{OptimizerError, epsilon, penalty, share};
use serde::{Deserialize, Serialize};
use striate_graph::Optimizer;
use striate_kernels::{AdamUpdate, Buf, Kernel};

pub(super) const NAME: &str = "adam";

/// Adam: takes a step of about the learning rate along every parameter, whatever the magnitude of its gradient.
///
/// `g = grad + weight_decay · w`, `m = β₁·m + (1 − β₁)·g`, `v = β₂·v + (1 − β₂)·g²`,
/// `w = w − learning_rate / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + eps)`, where `t` counts updates from 1.
///
/// # Errors
/// Building fails for a beta outside of `0 ≤ β < 1`, an `eps` that is not above 0, or a negative weight decay.
///
/// # Source
/// Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1.
///
/// # PyTorch
/// `torch.optim.Adam` with its defaults; state `exp_avg` (m) and `exp_avg_sq` (v).
///
/// # Example
/// ```
/// use striate_nn::{Adam, OptimizerConfig};
///
/// let adam = OptimizerConfig::from(Adam { eps: 1e-7, ..Adam::default() });
/// assert_eq!(adam.build()?.state(), ["exp_avg", "exp_avg_sq"]);
/// # Ok::<(), striate_nn::OptimizerError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adam {
    /// The decay rates of the two running means: the fraction that is kept in a step.
    pub betas: [f64; 2],
    /// The number that is added to the denominator, so that a gradient that has always been zero does not cause a division by
    /// zero.
    pub eps: f64,
    /// The factor of the L2 penalty: this times the parameter is added to the gradient.
    pub weight_decay: f64,
}

impl Default for Adam {
    fn default() -> Self {
        Self { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.0 }
    }
}

impl Adam {
    pub(super) fn check(&self) -> Result<(), OptimizerError> {
        share(NAME, "betas[0]", self.betas[0], 0.9)?;
        share(NAME, "betas[1]", self.betas[1], 0.999)?;
        epsilon(NAME, self.eps)?;
        penalty(NAME, "weight_decay", self.weight_decay, 0.0)
    }
}

impl Optimizer for Adam {
    fn state(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }

    fn update(&self, weight: Buf, grad: Buf, state: &[Buf], len: usize, rate_scale: f32) -> Box<dyn Kernel> {
        let (m, v) = (state[0], state[1]);
        let (betas, eps, weight_decay) = (self.betas, self.eps as f32, self.weight_decay as f32);
        Box::new(AdamUpdate {
            weight,
            grad,
            m,
            v,
            len,
            betas,
            eps,
            weight_decay,
            decoupled: false,
            rate_scale,
        })
    }
}
