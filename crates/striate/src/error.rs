//! The errors of a [`Classifier`](crate::Classifier), which are those of the crates below.

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
    /// A data set.
    #[cfg(any(feature = "digits", feature = "hub", feature = "train"))]
    #[error(transparent)]
    Data(#[from] DataError),
    /// An image that cannot be read, or a preprocessing that cannot be carried out.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A model file.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Training or evaluation.
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
        /// The error with the logit.
        error: LogitError,
    },
    /// The name of a network is not known.
    #[error(transparent)]
    Model(#[from] UnknownModel),
    /// Published weights.
    #[cfg(feature = "hub")]
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A method of explaining that does not apply to the network.
    #[cfg(feature = "explain")]
    #[error(transparent)]
    Explain(ExplainError),
    /// `STRIATE_ISA` names what this machine lacks.
    #[error("{0}")]
    Engine(String),
}
