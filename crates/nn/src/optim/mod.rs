//! Optimizers: rules that move a parameter along its gradient.
//!
//! Each consists of settings that a run can record ([`OptimizerConfig`]), and of the kernel that makes one update of one
//! parameter. The learning rate is not a setting: it is an argument of each step, from a [`Schedule`](crate::Schedule).

mod adam;
mod adamw;
mod setting;
mod sgd;

pub use adam::Adam;
pub use adamw::AdamW;
pub use setting::OptimizerError;
pub use sgd::Sgd;

use serde::{Deserialize, Serialize};
use striate_graph::Optimizer;

/// An optimizer with its settings, as a run records it.
///
/// # Example
/// ```
/// use striate_nn::{OptimizerConfig, Sgd};
///
/// let sgd = OptimizerConfig::from(Sgd { momentum: 0.9, ..Sgd::default() });
/// assert_eq!(sgd.build()?.state(), ["momentum_buffer"]);
/// # Ok::<(), striate_nn::OptimizerError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase")]
pub enum OptimizerConfig {
    /// Stochastic gradient descent.
    Sgd(Sgd),
    /// Adam.
    Adam(Adam),
    /// Adam with decoupled weight decay.
    AdamW(AdamW),
}

impl OptimizerConfig {
    /// Checks the settings and creates the optimizer.
    ///
    /// # Errors
    /// The first setting that is out of its range or not a number.
    pub fn build(&self) -> Result<Box<dyn Optimizer>, OptimizerError> {
        match self {
            Self::Sgd(sgd) => sgd.check().map(|()| Box::new(*sgd) as Box<dyn Optimizer>),
            Self::Adam(adam) => adam.check().map(|()| Box::new(*adam) as Box<dyn Optimizer>),
            Self::AdamW(adamw) => adamw.check().map(|()| Box::new(*adamw) as Box<dyn Optimizer>),
        }
    }

    /// The name of the optimizer in PyTorch, in lower case: `sgd`, `adam` or `adamw`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sgd(_) => sgd::NAME,
            Self::Adam(_) => adam::NAME,
            Self::AdamW(_) => adamw::NAME,
        }
    }
}

/// Adam with its default settings.
impl Default for OptimizerConfig {
    fn default() -> Self {
        Self::Adam(Adam::default())
    }
}

impl From<Sgd> for OptimizerConfig {
    fn from(sgd: Sgd) -> Self {
        Self::Sgd(sgd)
    }
}

impl From<Adam> for OptimizerConfig {
    fn from(adam: Adam) -> Self {
        Self::Adam(adam)
    }
}

impl From<AdamW> for OptimizerConfig {
    fn from(adamw: AdamW) -> Self {
        Self::AdamW(adamw)
    }
}
