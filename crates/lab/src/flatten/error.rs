//! What can go wrong with the experiment.

use std::path::PathBuf;
use striate_data::DataError;
use striate_train::FitError;

/// An error of the experiment: the place, what was expected, what came, what to try.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlattenError {
    /// The images are of another kind.
    #[error(
        "{data}: expected gray images of 28x28 pixels, [C, H, W] = [1, 28, 28], got {}; the canvas and the networks of this \
         experiment have that size; try digits, mnist or fashion-mnist",
        shape.map_or("photos of any size".to_string(), |shape| format!("{shape:?}"))
    )]
    Images {
        /// Name of the data set.
        data: String,
        /// `[C, H, W]`; `None` for photos.
        shape: Option<[usize; 3]>,
    },
    /// Too few images, or classes, to measure anything by.
    #[error("{data}: expected at least {expected} {what}, got {got}; choose a larger data set")]
    TooFew {
        /// Name of the data set.
        data: String,
        /// Of what.
        what: &'static str,
        /// The least that makes sense.
        expected: usize,
        /// How many there are.
        got: usize,
    },
    /// The same data set twice.
    #[error("{data}: named twice; name each data set once")]
    Twice {
        /// Name of the data set.
        data: String,
    },
    /// A setting out of its range.
    #[error("{what}: expected {expected}, got {got}")]
    Setting {
        /// Its name in [`Settings`](super::Settings).
        what: &'static str,
        /// What it has to be.
        expected: String,
        /// What it is.
        got: String,
    },
    /// The file of finished runs holds something else.
    #[error(
        "{place}, line {line}: expected a finished run as JSON: {why}; remove this line (its run will be repeated) or \
         choose another folder",
        place = .path.display()
    )]
    Log {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// The file of finished runs could not be read or written.
    #[error("{place}: cannot {what}: {source}", place = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Somebody asked to stop.
    #[error(
        "stopped after {finished} of {planned} runs, which are saved; the same command continues from there"
    )]
    Stopped {
        /// Runs that are done.
        finished: usize,
        /// Runs of the whole experiment, as far as was known.
        planned: usize,
    },
    /// A run failed.
    #[error("{run}: {source}")]
    Run {
        /// Which.
        run: String,
        /// Why.
        source: Box<FitError>,
    },
    /// The data does not fit together.
    #[error(transparent)]
    Data(#[from] DataError),
}
