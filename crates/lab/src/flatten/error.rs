//! The errors of the experiment.

use std::path::PathBuf;
use striate_data::DataError;
use striate_train::FitError;

/// An error of the experiment, with the place, the expected and the actual value, and a suggestion.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlattenError {
    /// The images do not have the size that the experiment needs.
    #[error(
        "{data}: expected gray images of 28x28 pixels, [C, H, W] = [1, 28, 28], got {}; the canvas and the networks of this \
         experiment have that size; try digits, mnist or fashion-mnist",
        shape.map_or("photos of any size".to_string(), |shape| format!("{shape:?}"))
    )]
    Images {
        /// The name of the data set.
        data: String,
        /// The shape `[C, H, W]` of the images; `None` for photos.
        shape: Option<[usize; 3]>,
    },
    /// There are too few images or classes for a measurement.
    #[error("{data}: expected at least {expected} {what}, got {got}; choose a larger data set")]
    TooFew {
        /// The name of the data set.
        data: String,
        /// The name of the quantity.
        what: &'static str,
        /// The minimum.
        expected: usize,
        /// The actual number.
        got: usize,
    },
    /// The same data set is given twice.
    #[error("{data}: named twice; name each data set once")]
    Twice {
        /// The name of the data set.
        data: String,
    },
    /// A setting is out of range.
    #[error("{what}: expected {expected}, got {got}")]
    Setting {
        /// The name of the field in [`Settings`](super::Settings).
        what: &'static str,
        /// The valid range.
        expected: String,
        /// The value.
        got: String,
    },
    /// The log of finished runs has a line that is not a finished run.
    #[error(
        "{place}, line {line}: expected a finished run as JSON: {why}; remove this line (its run will be repeated) or \
         choose another folder",
        place = .path.display()
    )]
    Log {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
        /// The problem.
        why: String,
    },
    /// The log of finished runs could not be read or written.
    #[error("{place}: cannot {what}: {source}", place = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The operation that failed.
        what: &'static str,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The caller requested the stop.
    #[error(
        "stopped after {finished} of {planned} runs, which are saved; the same command continues from there"
    )]
    Stopped {
        /// The number of finished runs.
        finished: usize,
        /// The number of runs of the whole experiment, as far as it was known.
        planned: usize,
    },
    /// A run failed.
    #[error("{run}: {source}")]
    Run {
        /// A description of the run.
        run: String,
        /// The error of the run.
        source: Box<FitError>,
    },
    /// The images of a data set do not fit together.
    #[error(transparent)]
    Data(#[from] DataError),
}
