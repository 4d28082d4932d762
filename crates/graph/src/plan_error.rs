//! Reasons why a graph cannot become a program.

use striate_base::near::most_similar;

/// The reason why a graph cannot become a program.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// There is not enough memory.
    #[error(transparent)]
    Memory(#[from] striate_kernels::OutOfMemory),
    /// The parameters do not match the graph.
    #[error(transparent)]
    Params(#[from] crate::params::ParamsError),
    /// The graph itself is invalid.
    #[error(transparent)]
    Graph(#[from] crate::graph::GraphError),
    /// A value is too large for the kernels to address.
    #[error(
        "{name}: one sample of its value {shape:?}, with {} rows and {} columns of padding on each side, takes 2^32 numbers \
         or more in memory; use less padding, or smaller images",
        halo[0], halo[1]
    )]
    Value {
        /// The name of the value.
        name: String,
        /// The shape of one sample.
        shape: Vec<usize>,
        /// The padding: rows above and below, columns left and right.
        halo: [usize; 2],
    },
    /// A parameter is too large for the kernels to address.
    #[error(
        "{name}: this parameter of shape {shape:?} takes 2^32 numbers or more in memory; use a smaller layer"
    )]
    Parameter {
        /// The full name of the parameter, such as `fc.weight`.
        name: String,
        /// The shape of the parameter, in PyTorch's order.
        shape: Vec<usize>,
    },
    /// The loss needs a vector of logits.
    #[error(
        "the network's output has shape {0:?}; the loss needs one logit per class, [C]; add .flatten(1) and a linear layer"
    )]
    Logits(Vec<usize>),
    /// A pattern of learning rates matches no parameter.
    #[error(
        "no parameter of this network matches `{pattern}`; name a layer ({}), or use * for any text",
        layers.join(", ")
    )]
    Pattern {
        /// The pattern that was given.
        pattern: String,
        /// The layers that have parameters.
        layers: Vec<String>,
    },
    /// A factor of a learning rate is negative or not finite.
    #[error(
        "`{pattern}`: the factor of the learning rate is {scale}; expected a positive number, or 0 to freeze"
    )]
    Scale {
        /// The pattern of the parameters that the factor applies to.
        pattern: String,
        /// The factor that was given.
        scale: f32,
    },
    /// Every parameter is frozen.
    #[error(
        "all {parameters} parameters are frozen, so nothing can be trained; freeze fewer layers, for example all but the last"
    )]
    Frozen {
        /// The number of parameters.
        parameters: usize,
    },
    /// A batch norm would normalize a single value per channel, which has no variance.
    #[error(
        "{layer}: batch norm in training needs more than one value per channel, got [1, {channels}, 1, 1]: one sample of one pixel; \
         train with at least 2 samples at once, freeze {layer}, or give it a larger feature map"
    )]
    OneValue {
        /// The first batch norm that would see a single value.
        layer: String,
        /// The number of its channels.
        channels: usize,
    },
    /// A training setting is out of range.
    #[error("{what}: expected {expected}, got {got}")]
    Option {
        /// The field of `TrainOptions`.
        what: &'static str,
        /// The range of allowed values.
        expected: &'static str,
        /// The value that was given.
        got: String,
    },
    /// No value has this name.
    #[error("no value `{name}` in this network; similar names: {}", near.join(", "))]
    Unknown {
        /// The requested name.
        name: String,
        /// The most similar names, the most similar first.
        near: Vec<String>,
    },
}

impl PlanError {
    /// [`PlanError::Unknown`] with the eight of `names` that are most like `name`.
    pub(crate) fn unknown(name: &str, names: impl Iterator<Item = String>) -> Self {
        let names: Vec<String> = names.collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Self::Unknown { name: name.to_string(), near: most_similar(name, &names, 8) }
    }
}
