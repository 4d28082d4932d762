//! The summary of a network with its origin.

use std::fmt;

use serde::Serialize;
use striate_formats::{ModelFile, Provenance};
use striate_graph::Graph;
use striate_report::text::grouped;

use super::{Summary, summary};

/// The layers of a network and its origin, as `striate summary` prints them, as text or as JSON.
///
/// # Example
/// ```
/// use striate_explain::SummaryReport;
/// use striate_nn::{Flatten, Linear, Mode, Sequential, trace};
///
/// let net = Sequential::new().append(Flatten::new()).append(Linear::new(4, 3));
/// let [graph, training] = [Mode::Eval, Mode::Train].map(|mode| trace(&net, mode, [1, 2, 2]));
/// let report = SummaryReport::of_network("tiny", &graph?, &training?);
/// assert_eq!(report.summary.parameters, 15);
/// assert_eq!(report.parameters_in_training, None, "there is no auxiliary classifier");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SummaryReport {
    /// The name of the network, such as the path of its file.
    pub model: String,
    /// The training that made the network; `None`, and absent from JSON, for a network that is not from a model file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
    /// The number of trainable values in training, with those of auxiliary classifiers; `None`, and absent from JSON, where the
    /// network has none, or where only the inference graph is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters_in_training: Option<usize>,
    /// The summary of the layers in inference.
    #[serde(flatten)]
    pub summary: Summary,
}

impl SummaryReport {
    /// Creates the summary of the network in a model file.
    pub fn of_file(model: &str, file: &ModelFile) -> Self {
        Self {
            model: model.to_owned(),
            provenance: Some(file.provenance.clone()),
            parameters_in_training: None,
            summary: summary(&file.graph),
        }
    }

    /// Creates the summary of a network that was traced for inference (`graph`) and for training.
    pub fn of_network(model: &str, graph: &Graph, training: &Graph) -> Self {
        Self {
            model: model.to_owned(),
            provenance: None,
            parameters_in_training: (!training.auxiliary.is_empty()).then(|| training.parameter_count()),
            summary: summary(graph),
        }
    }
}

impl fmt::Display for SummaryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(from) = &self.provenance {
            let Provenance { model, data, epochs, command, .. } = from;
            writeln!(
                f,
                "{}: {model} trained on {data}, epoch {epochs}; created by: {command}\n",
                self.model
            )?;
        }
        write!(f, "{}", self.summary)?;
        if let Some(in_training) = self.parameters_in_training {
            let more = in_training as u64 - self.summary.parameters;
            writeln!(
                f,
                "In training, auxiliary classifiers add {} parameters: {} in all.",
                grouped(more),
                grouped(in_training as u64)
            )?;
        }
        Ok(())
    }
}
