//! The errors of creating and running a session.

use crate::graph::Graph;
use crate::plan_error::PlanError;

/// The reason why a run fails.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RunError {
    /// The images do not have the shape of the network's input.
    #[error("the network takes images [N, {}, {}, {}], got {got:?}; resize or convert them first", expected[0], expected[1], expected[2])]
    Shape {
        /// The shape of the network's input, `[C, H, W]`.
        expected: [usize; 3],
        /// The shape of the images that were given.
        got: Vec<usize>,
    },
    /// No image was given.
    #[error("a run needs at least one image")]
    Empty,
    /// The gradient of the output does not have the shape of the output.
    #[error("the gradient of the output has shape {got:?}; expected the shape of the output, {expected:?}")]
    GradOutput {
        /// The shape of the output, `[N, …]`.
        expected: Vec<usize>,
        /// The shape of the gradient that was given.
        got: Vec<usize>,
    },
    /// An edit refers to a channel that does not exist.
    #[error("cannot edit channel {channel} of `{value}`, which has {channels} channels, counted from 0")]
    Channel {
        /// The value to be edited.
        value: String,
        /// The requested channel, counted from 0.
        channel: usize,
        /// The number of channels of the value.
        channels: usize,
    },
    /// An edit replaces a value or a parameter by an array of another shape.
    #[error("cannot replace `{of}`, whose shape is {expected:?}, by an array of shape {got:?}")]
    Replacement {
        /// The name of the value or the parameter.
        of: String,
        /// The shape of the parameter, or of one sample of the value.
        expected: Vec<usize>,
        /// The shape that was given.
        got: Vec<usize>,
    },
    /// Gradients or edits are not possible for a network in training mode.
    #[error(
        "`{value}` is in training mode, where an image's values depend on chance or on the other images of the batch; \
         trace the network with Mode::Eval"
    )]
    Training {
        /// The first value that depends on chance or on the batch.
        value: String,
    },
    /// The run could not be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

/// The reason why a session cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The graph and the parameters cannot become a program.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// `STRIATE_ISA` names an instruction set that this machine does not have.
    #[error("{0}")]
    Engine(String),
}

/// That `values` values are `n` images of the network's input.
pub(crate) fn check_images(graph: &Graph, values: usize, n: usize) -> Result<(), RunError> {
    let expected = graph.input_shape();
    if n == 0 {
        return Err(RunError::Empty);
    }
    let is_whole = values == n * expected.iter().product::<usize>();
    if is_whole { Ok(()) } else { Err(RunError::Shape { expected, got: vec![n, values / n] }) }
}

/// Gradients and edits are meaningful only if the values of an image do not depend on other images or on chance.
pub(crate) fn check_evaluates(graph: &Graph) -> Result<(), RunError> {
    graph.in_training().map_or(Ok(()), |node| Err(RunError::Training { value: node.name.clone() }))
}
