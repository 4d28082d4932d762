//! The errors of a [`Classifier`](crate::Classifier), which are those of the crates below.

use striate_data::DataError;
use striate_explain::ExplainError;
use striate_formats::FormatError;
use striate_graph::{RunError, SessionError};
use striate_models::UnknownModel;
use striate_models::weights::WeightsError;
use striate_report::ReportError;
use striate_train::FitError;

/// An error of a [`Classifier`](crate::Classifier).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An error in a data set or an image.
    #[error(transparent)]
    Data(#[from] DataError),
    /// An error in a model file.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// An error in training or evaluation.
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
        error: ReportError,
    },
    /// A network that nobody knows.
    #[error(transparent)]
    Model(#[from] UnknownModel),
    /// Published weights.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A question that a network has no answer to.
    #[error(transparent)]
    Explain(ExplainError),
    /// `STRIATE_ISA` names what this machine lacks.
    #[error("{0}")]
    Engine(String),
}
