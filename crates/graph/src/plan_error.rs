//! Why a graph cannot become a program.

use striate_base::near::most_similar;

/// Why a graph cannot become a program.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// The memory cannot be had.
    #[error(transparent)]
    Memory(#[from] striate_kernels::OutOfMemory),
    /// The parameters are not the graph's.
    #[error(transparent)]
    Params(#[from] crate::params::ParamsError),
    /// The graph itself is not sound.
    #[error(transparent)]
    Graph(#[from] crate::graph::GraphError),
    /// A value that no kernel can address.
    #[error(
        "{name}: one sample of its value {shape:?}, with {} rows and {} columns of padding on each side, takes 2^32 numbers \
         or more in memory; use less padding, or smaller images",
        halo[0], halo[1]
    )]
    Value {
        /// Name of the value.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Rows above and below, columns left and right.
        halo: [usize; 2],
    },
    /// A parameter that no kernel can address.
    #[error(
        "{name}: this parameter of shape {shape:?} takes 2^32 numbers or more in memory; use a smaller layer"
    )]
    Parameter {
        /// Its full name.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// The loss needs a vector of logits.
    #[error(
        "the network's output has shape {0:?}; the loss needs one logit a class, [C]; add .flatten(1) and a linear layer"
    )]
    Logits(Vec<usize>),
    /// A pattern of rates that means no parameter.
    #[error(
        "no parameter of this network matches `{pattern}`; name a layer ({}), or use * for any text",
        layers.join(", ")
    )]
    Pattern {
        /// What was asked for.
        pattern: String,
        /// What there is.
        layers: Vec<String>,
    },
    /// A factor of a learning rate that is none.
    #[error(
        "`{pattern}`: the learning rate is to be multiplied by {scale}; expected 0, which freezes, or a number above"
    )]
    Scale {
        /// Of which parameters.
        pattern: String,
        /// The factor.
        scale: f32,
    },
    /// Nothing learns.
    #[error(
        "all {parameters} parameters are frozen, and nothing is left to learn; freeze all but the last layer, say"
    )]
    Frozen {
        /// How many there are.
        parameters: usize,
    },
    /// Batch norm over a single value a channel, which has no variance.
    #[error(
        "{layer}: batch norm in training needs more than one value a channel, got [1, {channels}, 1, 1]: one sample of one pixel; \
         train with at least 2 samples at once, freeze {layer}, or give it a larger map"
    )]
    OneValue {
        /// The first batch norm of which this is so.
        layer: String,
        /// Its channels.
        channels: usize,
    },
    /// A setting of the training out of its range.
    #[error("{what}: expected {expected}, got {got}")]
    Option {
        /// Its name in `TrainOptions`.
        what: &'static str,
        /// What it has to be.
        expected: &'static str,
        /// What it is.
        got: String,
    },
    /// No value of that name.
    #[error("no value `{name}` in this network; near names: {}", near.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
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
