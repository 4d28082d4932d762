//! What can go wrong with a [`Classifier`](crate::Classifier): the errors of the floors below, as they are.

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
    /// A data set or an image.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A model file.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Training, or measuring.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// A network that cannot be set up.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// Images that the network cannot take.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A network that names no class.
    #[error("image {image}: {error}")]
    Logits {
        /// Which of the images, from 0.
        image: usize,
        /// The logit that is no number.
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
