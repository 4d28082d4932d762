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
    /// A network cannot be trained or measured.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// A network cannot be run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// No such value, or no memory.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The parameters are not the network's.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A network cannot be inspected.
    #[error(transparent)]
    Explain(#[from] ExplainError),
    /// An image cannot be drawn.
    #[error(transparent)]
    Report(#[from] ReportError),

    /// A layer that does not exist, or has no units.
    #[error("neuron: this network has no layer `{name}` with units; layers with units: {}", listed(layers))]
    NoUnits {
        /// What was asked for.
        name: String,
        /// What there is.
        layers: Vec<String>,
    },
    /// A unit past the last of its layer.
    #[error("neuron: expected a map of {layer} from 0 to {last}, got {unit}", last = units.saturating_sub(1))]
    NoUnit {
        /// The layer.
        layer: String,
        /// What was asked for.
        unit: usize,
        /// How many it has.
        units: usize,
    },
    /// Settings with which no image can be synthesized.
    #[error("dream: {what}: expected {expected}, got {got}")]
    Dream {
        /// The setting.
        what: &'static str,
        /// What it has to be.
        expected: &'static str,
        /// What it is.
        got: f64,
    },

    /// A map of data with too few points for neighbors.
    #[error("embedding: {what}: expected {expected}, got {got}; {hint}")]
    Embedding {
        /// The quantity.
        what: &'static str,
        /// What it has to be.
        expected: String,
        /// What it is.
        got: String,
        /// What to try.
        hint: &'static str,
    },
    /// A network without features in front of its last layer.
    #[error(
        "embedding: the network ends in {last} instead of a fully connected layer, so it has no features in front of one; \
         use a network with such a layer, like every network known by name except SqueezeNet"
    )]
    NoHead {
        /// The last operation.
        last: &'static str,
    },
    /// Features that are not numbers.
    #[error("embedding: {image}: {space} contains values that are not finite; the weights are damaged")]
    NotFinite {
        /// Of which image.
        image: String,
        /// Where.
        space: String,
    },

    /// A data set without images.
    #[error("trust: {data}: expected at least one test image to explain, got none; use another data set")]
    NoImages {
        /// Name of the data set.
        data: String,
    },
    /// A network without weights.
    #[error("trust: this network has no weights that the attributions could follow; use a trained network")]
    NothingLearned,
}
