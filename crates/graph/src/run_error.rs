//! What can go wrong when a session is made or run.

use crate::graph::Graph;
use crate::plan_error::PlanError;

/// What a run cannot do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RunError {
    /// Images of another shape.
    #[error("the network takes images [N, {}, {}, {}], got {got:?}; resize or convert them first", expected[0], expected[1], expected[2])]
    Shape {
        /// `[C, H, W]`.
        expected: [usize; 3],
        /// What came.
        got: Vec<usize>,
    },
    /// None at all.
    #[error("a run needs at least one image")]
    Empty,
    /// A gradient of the output of another shape than the output.
    #[error("the gradient of the output has shape {got:?}; the output has {expected:?}: one number each")]
    GradOutput {
        /// `[N, …]`.
        expected: Vec<usize>,
        /// What came.
        got: Vec<usize>,
    },
    /// An edit of a channel that is not there.
    #[error("cannot edit channel {channel} of `{value}`, which has {channels}; the first is 0")]
    Channel {
        /// Of which value.
        value: String,
        /// What was asked for.
        channel: usize,
        /// What there is.
        channels: usize,
    },
    /// An edit that replaces a value or a parameter by one of another shape.
    #[error("cannot replace `{of}`, whose shape is {expected:?}, by an array of shape {got:?}")]
    Replacement {
        /// Of what.
        of: String,
        /// Of a parameter, or of one sample of a value.
        expected: Vec<usize>,
        /// What came.
        got: Vec<usize>,
    },
    /// Gradients or edits of a network in training mode.
    #[error(
        "`{value}` is in training mode, where an image's values depend on chance or on the images beside it; \
         trace the network with Mode::Eval"
    )]
    Training {
        /// The first value of which this is so.
        value: String,
    },
    /// The plan failed.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

/// What can go wrong when a session is made.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Parameters that do not fit.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// `STRIATE_ISA` names what this machine lacks.
    #[error("{0}")]
    Engine(String),
}

/// What one image's values are due to can be asked only where they are its own.
pub(crate) fn check_evaluates(graph: &Graph) -> Result<(), RunError> {
    graph.in_training().map_or(Ok(()), |node| Err(RunError::Training { value: node.name.clone() }))
}
