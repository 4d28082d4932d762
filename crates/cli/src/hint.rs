//! What to type after an error of the library, which knows functions and options, but no command line.

use std::error::Error;
use std::io::ErrorKind;

use striate::data::DataError;
use striate::formats::FormatError;
use striate::models::weights::{Get, WeightsError};
use striate::train::{FitError, saved_at};

use crate::train::command::join;

/// The flag or the command that helps with an error.
pub(crate) fn hint(error: &(dyn Error + 'static)) -> Option<String> {
    let known =
        [error.downcast_ref().map(data), error.downcast_ref().map(fit), error.downcast_ref().map(weights)];
    known.into_iter().flatten().flatten().next()
}

fn data(error: &DataError) -> Option<String> {
    match error {
        DataError::NotFound { name, .. } => Some(format!("on the command line: striate data fetch {name}")),
        DataError::Layout { .. } => Some("--layout parts or --layout classes chooses one".into()),
        DataError::BadImages { .. } => Some("--skip-bad leaves them out".into()),
        _ => None,
    }
}

fn weights(error: &WeightsError) -> Option<String> {
    match error {
        WeightsError::NotHere { get: Get::Url(_), .. } => Some("--fetch downloads them".into()),
        WeightsError::Ambiguous { .. } => Some("--key KEY chooses one".into()),
        WeightsError::Fit { hints, .. } => {
            let (prefix, _) = hints.prefix.as_ref()?;
            Some(format!("--prefix {} reads only those names", prefix.escape_debug()))
        }
        _ => None,
    }
}

fn fit(error: &FitError) -> Option<String> {
    match error {
        FitError::NothingToResume { .. } => Some("without --resume, a new run is started".into()),
        FitError::NoHead { .. } => {
            Some("on the command line: striate train with --model and --weights".into())
        }
        FitError::Format(FormatError::Write { path, source }) => {
            let is_full = matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
            let folder = path.parent().filter(|folder| is_full && saved_at(folder).is_some())?;
            let words = ["striate", "train", "--resume"].map(String::from).into_iter();
            let words: Vec<String> = words.chain([folder.display().to_string()]).collect();
            Some(format!("to continue the run: {}", join(&words)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use striate::train::CHECKPOINT;

    use super::*;
    use crate::exit::text;

    fn not_here(get: Get) -> WeightsError {
        WeightsError::NotHere { name: "net.v1".into(), looked: vec![], get, put: "it".into() }
    }

    fn full(folder: &Path) -> FitError {
        let (path, source) = (folder.join("model.safetensors"), ErrorKind::StorageFull.into());
        FormatError::Write { path, source }.into()
    }

    /// What the program adds to the message of the library.
    fn said(error: impl Error + Send + Sync + 'static) -> String {
        let library = error.to_string();
        assert!(!library.contains("--") && !library.contains("striate train"), "{library}");
        text(&error.into()).strip_prefix(&library).unwrap().to_owned()
    }

    #[test]
    fn the_program_names_the_flag_and_the_library_does_not() {
        assert_eq!(said(not_here(Get::Url("https://a.b/c.pth".into()))), "\n  --fetch downloads them");
        assert_eq!(said(not_here(Get::ByHand("a page"))), "");
        let (path, model, keys) = ("a.pth".into(), "net", vec!["left".into(), "right".into()]);
        assert_eq!(said(WeightsError::Ambiguous { path, model, keys }), "\n  --key KEY chooses one");
        let (place, parts, classes) = ("pets".into(), String::new(), "train, valid".into());
        let layout = DataError::Layout { place, parts, classes };
        assert_eq!(said(layout), "\n  --layout parts or --layout classes chooses one");
        assert_eq!(
            said(FitError::NoHead { last: "flatten" }),
            "\n  on the command line: striate train with --model and --weights"
        );
        let place = tempfile::tempdir().unwrap();
        assert_eq!(said(full(place.path())), "", "there is nothing to resume");
        fs::write(place.path().join(CHECKPOINT), "").unwrap();
        let command = format!("\n  to continue the run: striate train --resume {}", place.path().display());
        assert_eq!(said(full(place.path())), command);
    }
}
