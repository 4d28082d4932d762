//! Which images a command means that was given none: those that its network was trained on, or what stands in for them.

use striate::data::{DataError, Measured, load};
use striate::formats::ModelFile;

use crate::exit::Usage;
use crate::flags_data::PartFlags;
use crate::kept::found;
use crate::out::tell;

/// What is inside this program, and can stand in for other digits.
const BUILT_IN: &str = "digits";

/// The images of the data set `named`; or else those that training kept apart of the one that the network was trained on. Where
/// that is not on this machine, and the network takes images like the digits inside this program and has their classes,
/// it is those, and standard error says so.
pub(crate) fn data_for(named: Option<&str>, which: PartFlags, model: &ModelFile) -> anyhow::Result<Measured> {
    if let Some(named) = named {
        return Ok(which.measured(named)?);
    }
    let (source, sha256) = (&*found(model.provenance.source()), &model.provenance.data_sha256);
    let (why, error) = match source {
        "" => ("the model does not say which data set it was trained on".to_owned(), None),
        _ => match of_training(source, which, model) {
            Ok((measured, is_comparable)) => {
                if is_comparable && !sha256.is_empty() && *sha256 != measured.data.sha256 {
                    tell(format!(
                        "the images of {source} are not those that the model was trained on; --data names another data set"
                    ));
                }
                return Ok(measured);
            }
            Err(error @ (DataError::NotFound { .. } | DataError::UnknownName { .. })) => {
                (format!("{source} is not on this machine"), Some(error))
            }
            Err(error) => return Err(error.into()),
        },
    };
    let digits = load(BUILT_IN)?;
    if digits.train.fixed_shape() == Some(model.preprocess.shape()) && digits.classes == model.classes {
        tell(format!("{why}; using the built-in digits; --data names another data set"));
        return Ok(which.measured(BUILT_IN)?);
    }
    let Some(error) = error else { return Err(Usage(format!("{why}; name one with --data")).into()) };
    let text = match &error {
        DataError::NotFound { .. } => format!("{error}\n  or name another data set or folder with --data"),
        _ => format!(
            "the model was trained on {source}, which is not here; name a data set or a folder with --data"
        ),
    };
    Err(anyhow::Error::new(error).context(text))
}

/// What training kept apart, or the part that was asked for; and whether its hash can be compared with that of the training.
fn of_training(source: &str, which: PartFlags, model: &ModelFile) -> Result<(Measured, bool), DataError> {
    let parts = which.layout.open(source)?;
    // A last layer that was fitted to a folder without parts was fitted to all of it.
    let has_kept_apart = model.provenance.epochs > 0 || !parts.parts().is_empty();
    match which.split {
        None if has_kept_apart => Ok((parts.kept_apart()?, true)),
        part => Ok((parts.measured(part)?, false)),
    }
}
