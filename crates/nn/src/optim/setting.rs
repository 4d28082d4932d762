//! The errors of optimizer settings.

/// An optimizer setting that is not valid.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OptimizerError {
    /// A number is out of range.
    #[error("optimizer {optimizer}: {setting} = {got:?}; expected {expected}; a usual value is {usual:?}")]
    Setting {
        /// The name of the optimizer: `sgd`, `adam` or `adamw`.
        optimizer: &'static str,
        /// The name of the setting, such as `weight_decay`.
        setting: &'static str,
        /// The value that was given.
        got: f64,
        /// The range of allowed values.
        expected: &'static str,
        /// A usual value, as a suggestion.
        usual: f64,
    },
    /// Nesterov's form needs a momentum.
    #[error("optimizer sgd: nesterov with momentum = 0; set momentum to 0.9, or nesterov to false")]
    Nesterov,
}

/// A fraction that survives a step. It must be below 1 in f32 too, in which the kernels compute.
pub(super) fn share(
    optimizer: &'static str,
    setting: &'static str,
    got: f64,
    usual: f64,
) -> Result<(), OptimizerError> {
    let expected = "at least 0 and below 1, in f32 too";
    let fits = got >= 0.0 && (got as f32) < 1.0;
    if fits { Ok(()) } else { Err(OptimizerError::Setting { optimizer, setting, got, expected, usual }) }
}

/// A finite number of at least 0.
pub(super) fn penalty(
    optimizer: &'static str,
    setting: &'static str,
    got: f64,
    usual: f64,
) -> Result<(), OptimizerError> {
    let expected = "at least 0 and finite, in f32 too";
    let fits = got >= 0.0 && (got as f32).is_finite();
    if fits { Ok(()) } else { Err(OptimizerError::Setting { optimizer, setting, got, expected, usual }) }
}

/// What Adam adds to its denominator. It must be above 0 in f32 too.
pub(super) fn epsilon(optimizer: &'static str, got: f64) -> Result<(), OptimizerError> {
    let (expected, usual) = ("above 0 and finite, in f32 too", 1e-8);
    let fits = got as f32 >= f32::MIN_POSITIVE && (got as f32).is_finite();
    if fits {
        Ok(())
    } else {
        Err(OptimizerError::Setting { optimizer, setting: "eps", got, expected, usual })
    }
}
