//! Optimisers: rules that move a parameter along its gradient.
//!
//! Each is a value of settings that a run can write down ([`OptimizerConfig`]), and the kernel that does one update of
//! one parameter. The learning rate is no setting: it comes with each step, from a [`Schedule`](crate::Schedule).

mod adam;
mod adamw;
mod sgd;

pub use adam::Adam;
pub use adamw::AdamW;
pub use sgd::Sgd;

use serde::{Deserialize, Serialize};
use striate_graph::Optimizer;

/// An optimiser by name, as a run writes it down.
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
    /// The optimiser, its settings checked.
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

    /// Its name, as PyTorch spells it, in lower case.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sgd(_) => sgd::NAME,
            Self::Adam(_) => adam::NAME,
            Self::AdamW(_) => adamw::NAME,
        }
    }
}

/// Adam as it is.
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

/// A setting with which an optimiser cannot work.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OptimizerError {
    /// A number out of its range.
    #[error("optimizer {optimizer}: {setting} = {got:?}; expected {expected}; a usual value is {usual:?}")]
    Setting {
        /// Name of the optimiser.
        optimizer: &'static str,
        /// Name of the setting.
        setting: &'static str,
        /// What it is.
        got: f64,
        /// What it has to be.
        expected: &'static str,
        /// A value to try.
        usual: f64,
    },
    /// Nesterov's look ahead goes along a momentum that is not there.
    #[error("optimizer sgd: nesterov with momentum = 0; set momentum to 0.9, or nesterov to false")]
    Nesterov,
}

/// A share that survives a step: below 1 also in f32, where the kernels compute.
fn share(optimizer: &'static str, setting: &'static str, got: f64, usual: f64) -> Result<(), OptimizerError> {
    let expected = "at least 0 and below 1, in f32 too";
    let fits = got >= 0.0 && (got as f32) < 1.0;
    if fits { Ok(()) } else { Err(OptimizerError::Setting { optimizer, setting, got, expected, usual }) }
}

/// A finite number of at least 0.
fn penalty(
    optimizer: &'static str,
    setting: &'static str,
    got: f64,
    usual: f64,
) -> Result<(), OptimizerError> {
    let expected = "at least 0 and finite, in f32 too";
    let fits = got >= 0.0 && (got as f32).is_finite();
    if fits { Ok(()) } else { Err(OptimizerError::Setting { optimizer, setting, got, expected, usual }) }
}

/// What Adam divides by where a gradient has always been zero: above 0 also in f32.
fn epsilon(optimizer: &'static str, got: f64) -> Result<(), OptimizerError> {
    let (expected, usual) = ("above 0 and finite, in f32 too", 1e-8);
    let fits = got as f32 >= f32::MIN_POSITIVE && (got as f32).is_finite();
    if fits {
        Ok(())
    } else {
        Err(OptimizerError::Setting { optimizer, setting: "eps", got, expected, usual })
    }
}
