//! Adam with decoupled weight decay.

use super::setting::{OptimizerError, epsilon, penalty, share};
use serde::{Deserialize, Serialize};
use striate_graph::Optimizer;
use striate_kernels::{AdamUpdate, Buf, Kernel};

pub(super) const NAME: &str = "adamw";

/// AdamW: [`Adam`](super::Adam) with the weight decay applied to the parameter itself. Added to the gradient instead, as Adam
/// does, it would be scaled like the gradient.
///
/// `w = w · (1 − learning_rate · weight_decay)`, then Adam's step without weight decay.
///
/// # Errors
/// Those of [`Adam`](super::Adam).
///
/// # Source
/// Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2.
///
/// # PyTorch
/// `torch.optim.AdamW` with its defaults, including a weight decay of 0.01; state `exp_avg` and `exp_avg_sq`.
///
/// # Example
/// ```
/// use striate_nn::{AdamW, OptimizerConfig};
///
/// let adamw = OptimizerConfig::from(AdamW { weight_decay: 0.05, ..AdamW::default() });
/// assert!(adamw.build().is_ok());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamW {
    /// The decay rates of the two running means: the fraction that is kept in a step.
    pub betas: [f64; 2],
    /// The number that is added to the denominator, so that a gradient that has always been zero does not cause a division by
    /// zero.
    pub eps: f64,
    /// The fraction of the parameter that is removed in a step, per unit of learning rate.
    pub weight_decay: f64,
}

impl Default for AdamW {
    fn default() -> Self {
        Self { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 1e-2 }
    }
}

impl AdamW {
    pub(super) fn check(&self) -> Result<(), OptimizerError> {
        share(NAME, "betas[0]", self.betas[0], 0.9)?;
        share(NAME, "betas[1]", self.betas[1], 0.999)?;
        epsilon(NAME, self.eps)?;
        penalty(NAME, "weight_decay", self.weight_decay, 1e-2)
    }
}

impl Optimizer for AdamW {
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
            decoupled: true,
            rate_scale,
        })
    }
}
