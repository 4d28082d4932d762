//! The errors of an experiment.

use striate_data::DataError;
use striate_explain::ExplainError;
use striate_graph::{PlanError, RunError, SessionError};
use striate_report::ReportError;
use striate_report::text::listed;
use striate_train::FitError;

/// An error of an experiment.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabError {
    /// A data set cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A network cannot be trained or evaluated.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// A network cannot be run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The network has no such value, or there is not enough memory.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The parameters do not belong to the network.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A network cannot be inspected.
    #[error(transparent)]
    Explain(#[from] ExplainError),
    /// An image cannot be drawn.
    #[error(transparent)]
    Report(#[from] ReportError),

    /// The layer does not exist, or it has no units.
    #[error("neuron: this network has no layer `{name}` with units; layers with units: {}", listed(layers))]
    NoUnits {
        /// The requested layer.
        name: String,
        /// The layers with units.
        layers: Vec<String>,
    },
    /// The number of the unit is not below the number of units of its layer.
    #[error("neuron: expected a map of {layer} from 0 to {last}, got {unit}", last = units.saturating_sub(1))]
    NoUnit {
        /// The name of the layer.
        layer: String,
        /// The requested unit, from 0.
        unit: usize,
        /// The number of units.
        units: usize,
    },
    /// A setting of the synthesis of an image is out of range.
    #[error("dream: {what}: expected {expected}, got {got}")]
    Dream {
        /// The name of the setting.
        what: &'static str,
        /// The valid range.
        expected: &'static str,
        /// The value.
        got: f64,
    },

    /// There are too few or too many points for the embedding.
    #[error("embedding: {what}: expected {expected}, got {got}; {hint}")]
    Embedding {
        /// The name of the quantity.
        what: &'static str,
        /// The valid range.
        expected: String,
        /// The value.
        got: String,
        /// A suggestion.
        hint: &'static str,
    },
    /// The network has no features before a last fully connected layer.
    #[error(
        "embedding: the network ends in {last} instead of a fully connected layer, so it has no features in front of one; \
         use a network with such a layer, like every network known by name except SqueezeNet"
    )]
    NoHead {
        /// The last operation of the network.
        last: &'static str,
    },
    /// Values in a space are infinite or NaN.
    #[error("embedding: {image}: {space} contains values that are not finite; the weights are damaged")]
    NotFinite {
        /// The name of the image.
        image: String,
        /// The name of the space.
        space: String,
    },

    /// The data set has no images.
    #[error("trust: {data}: expected at least one test image to explain, got none; use another data set")]
    NoImages {
        /// The name of the data set.
        data: String,
    },
    /// The network has no weights.
    #[error("trust: this network has no weights that the attributions could follow; use a trained network")]
    NothingLearned,
}
