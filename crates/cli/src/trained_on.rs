//! The default data of a command: what its network was trained on, or else a substitute.

use striate::data::{DataError, Measured, load};
use striate::formats::ModelFile;

use crate::exit::Usage;
use crate::flags_data::PartFlags;
use crate::kept::found;
use crate::out::tell;

/// The data set built into this program, the substitute for other digits.
const BUILT_IN: &str = "digits";

/// The images of the data set `named`, or else the held-out images of the data set that the network was trained on. Where that is
/// not on this machine, and the built-in digits have the network's input shape and classes, it is these, and a message on
/// standard error says so.
pub(crate) fn data_for(named: Option<&str>, which: PartFlags, model: &ModelFile) -> anyhow::Result<Measured> {
    if let Some(named) = named {
        return Ok(which.measured(named)?);
    }
    let (source, sha256) = (&*found(model.provenance.source()), &model.provenance.data_sha256);
    let (why, error) = match source {
        "" => ("the model does not record which data set it was trained on".to_owned(), None),
        _ => match of_training(source, which, model) {
            Ok((measured, is_comparable)) => {
                if is_comparable && !sha256.is_empty() && *sha256 != measured.data.sha256 {
                    tell(format!(
                        "the images of {source} are not the ones that the model was trained on; use --data to name another data set"
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
        tell(format!("{why}; using the built-in digits instead; use --data to name another data set"));
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

/// The held-out images, or the part that was asked for; and whether its hash can be compared with that of the training data.
fn of_training(source: &str, which: PartFlags, model: &ModelFile) -> Result<(Measured, bool), DataError> {
    let splits = which.layout.open(source)?;
    // A last layer that was fitted to a folder without parts was fitted to all of its images.
    let has_kept_apart = model.provenance.epochs > 0 || !splits.split_names().is_empty();
    match which.split {
        None if has_kept_apart => Ok((splits.kept_apart()?, true)),
        part => Ok((splits.measured(part)?, false)),
    }
}
