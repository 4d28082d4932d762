//! The errors of a [`Classifier`](crate::Classifier), which wrap those of the crates below.

use striate_base::LogitError;
#[cfg(any(feature = "digits", feature = "hub", feature = "train"))]
use striate_data::DataError;
#[cfg(feature = "explain")]
use striate_explain::ExplainError;
use striate_formats::FormatError;
use striate_graph::{RunError, SessionError};
use striate_image::InputError;
use striate_models::UnknownModel;
#[cfg(feature = "hub")]
use striate_models::weights::WeightsError;
#[cfg(feature = "train")]
use striate_train::FitError;

/// An error of a [`Classifier`](crate::Classifier).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A data set cannot be read.
    #[cfg(any(feature = "digits", feature = "hub", feature = "train"))]
    #[error(transparent)]
    Data(#[from] DataError),
    /// An image cannot be read, or the preprocessing cannot be carried out.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A model file cannot be read or written.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Training or evaluation failed.
    #[cfg(feature = "train")]
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The network cannot be set up.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The images do not fit the network.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The network makes no prediction, since a logit is not finite.
    #[error("image {image}: {error}")]
    Logits {
        /// The index of the image, from 0.
        image: usize,
        /// The logit that is not finite.
        error: LogitError,
    },
    /// No network has this name.
    #[error(transparent)]
    Model(#[from] UnknownModel),
    /// Published weights cannot be loaded.
    #[cfg(feature = "hub")]
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The explanation method does not apply to the network.
    #[cfg(feature = "explain")]
    #[error(transparent)]
    Explain(ExplainError),
    /// `STRIATE_ISA` names an instruction set that this machine does not have.
    #[error("{0}")]
    Engine(String),
}
