//! Which pictures a command means that was given none: those that its network was trained on, or what stands in for them.

use striate::data::{DataError, Measured, Parts, load};
use striate::formats::ModelFile;

use crate::exit::Usage;
use crate::flags_data::PartFlags;

/// What is inside this program, and can stand in for other digits.
const BUILT_IN: &str = "digits";

/// The pictures of the data set `named`; or else those that training kept apart of the one that the network was trained on. Where
/// that is not on this machine, and the network takes pictures like the digits inside this program and has their classes,
/// it is those, and standard error says so.
pub(crate) fn data_for(named: Option<&str>, which: PartFlags, model: &ModelFile) -> anyhow::Result<Measured> {
    if let Some(named) = named {
        return Ok(which.measured(named)?);
    }
    let source = model.provenance.source();
    if source.is_empty() {
        let why = "the model does not say which data set it was trained on; name one with --data";
        return Err(Usage(why.into()).into());
    }
    let of = |parts: Parts| match which.split {
        // A last layer that was fitted to a folder without parts was fitted to all of it.
        None if model.provenance.epochs > 0 || !parts.parts().is_empty() => parts.kept_apart(),
        _ => parts.measured(which.split),
    };
    let error = match which.layout.open(source) {
        Ok(parts) => {
            let measured = of(parts)?;
            let was = &model.provenance.data_sha256;
            if which.split.is_none()
                && model.provenance.epochs > 0
                && !was.is_empty()
                && *was != measured.data.sha256
            {
                eprintln!(
                    "{source} is not what the model was trained on (other pictures, or another split of them); --data names \
                     another data set"
                );
            }
            return Ok(measured);
        }
        Err(error @ (DataError::NotFound { .. } | DataError::UnknownName { .. })) => error,
        Err(error) => return Err(with_hint(error)),
    };
    let digits = load(BUILT_IN)?;
    let is_alike =
        digits.train.fixed_shape() == Some(model.preprocess.shape()) && digits.classes == model.classes;
    if !is_alike {
        return Err(with_hint(error));
    }
    eprintln!("{source} is not on this machine; using the built-in digits; --data names another data set");
    Ok(which.measured(BUILT_IN)?)
}

fn with_hint(error: DataError) -> anyhow::Error {
    let place = match &error {
        DataError::NotFound { .. } => "\n  or name another data set or folder with --data",
        _ => "; that is what the model was trained on; --data names another data set",
    };
    let text = format!("{error}{place}");
    anyhow::Error::new(error).context(text)
}
