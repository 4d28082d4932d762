//! With which settings an optimizer can work.

/// A setting with which an optimizer cannot work.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OptimizerError {
    /// A number out of its range.
    #[error("optimizer {optimizer}: {setting} = {got:?}; expected {expected}; a usual value is {usual:?}")]
    Setting {
        /// Name of the optimizer.
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

/// What Adam divides by where a gradient has always been zero: above 0 also in f32.
pub(super) fn epsilon(optimizer: &'static str, got: f64) -> Result<(), OptimizerError> {
    let (expected, usual) = ("above 0 and finite, in f32 too", 1e-8);
    let fits = got as f32 >= f32::MIN_POSITIVE && (got as f32).is_finite();
    if fits {
        Ok(())
    } else {
        Err(OptimizerError::Setting { optimizer, setting: "eps", got, expected, usual })
    }
}
