//! What can go wrong in this crate, sorted by whose fault it is.

use std::fmt;

/// An error of metrics or pictures.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InspectError {
    /// A label or a prediction lies outside the classes.
    #[error(
        "confusion matrix: {role} {got} is outside its {classes} classes (0 to {last}); \
         give the data set and the model the same classes",
        last = classes.saturating_sub(1)
    )]
    ClassOutOfRange {
        /// Which of the two indices.
        role: Role,
        /// The index.
        got: usize,
        /// Number of classes.
        classes: usize,
    },

    /// The number of class names is not the number of classes.
    #[error("class names: expected {expected}, one a class, got {got}; check the model's list of classes")]
    ClassNames {
        /// Number of classes.
        expected: usize,
        /// Number of names.
        got: usize,
    },

    /// A value that should be a probability is none.
    #[error(
        "class {class}: expected a probability from 0 to 1, got {got}; the network's values are not finite, so train it \
         again at a lower learning rate"
    )]
    Probability {
        /// Its class.
        class: usize,
        /// The value.
        got: f32,
    },

    /// Pixels that are not those of a picture.
    #[error(
        "picture: expected height x width x channels values, 1 or 3 channels, got {shape:?} with {values} values; check \
         how it was decoded"
    )]
    Thumbnail {
        /// Height, width, channels.
        shape: [usize; 3],
        /// How many there are.
        values: usize,
    },

    /// A picture would have no pixels or too many of them.
    #[error(
        "picture: expected between 1 and {limit} pixels, got {width_px} x {height_px}; \
         choose another scale, or write SVG"
    )]
    PictureSize {
        /// Width in pixels.
        width_px: f64,
        /// Height in pixels.
        height_px: f64,
        /// The most pixels a picture may have.
        limit: u64,
    },

    /// No layer is called that.
    #[error("no layer `{pattern}` in this network; near names: {}", near.join(", "))]
    NoLayer {
        /// What was asked for: a name, or a pattern.
        pattern: String,
        /// The names most like it.
        near: Vec<String>,
    },

    /// A layer that computes without kernels.
    #[error("layer `{layer}`: a {op} has no kernels to show; layers that have some: {}", layers.join(", "))]
    NoKernels {
        /// What was asked for.
        layer: String,
        /// Its operation.
        op: &'static str,
        /// What there is.
        layers: Vec<String>,
    },

    /// An output that is not one logit a class.
    #[error(
        "evidence: expected a network whose output is one logit a class, got one that ends in {op}; a probability also \
         moves when other classes do, so end the network before its softmax"
    )]
    NotLogits {
        /// The last operation.
        op: &'static str,
    },

    /// No class has that number.
    #[error("evidence: expected a class from 0 to {last}, got {class}", last = classes.saturating_sub(1))]
    NoClass {
        /// What was asked for.
        class: usize,
        /// How many there are.
        classes: usize,
    },

    /// No class has that name.
    #[error("no class `{name}` among the {classes} of this network; near names: {}", near.join(", "))]
    NoClassNamed {
        /// What was asked for.
        name: String,
        /// How many there are.
        classes: usize,
        /// The names most like it.
        near: Vec<String>,
    },

    /// A picture, or a baseline, of another shape than the network's input.
    #[error(
        "evidence: the network takes a picture {expected:?}, got {got:?}; prepare picture and baseline alike"
    )]
    Picture {
        /// `[C, H, W]`.
        expected: [usize; 3],
        /// What came.
        got: [usize; 3],
    },

    /// Class activation maps of a network that has no maps.
    #[error(
        "class activation map: this network has no convolution, so no layer knows where in the picture anything is; try \
         integrated gradients or occlusion"
    )]
    NoConvolution,

    /// A class activation map of a vector.
    #[error(
        "class activation map: expected a layer that makes maps, [C, H, W], but `{layer}` makes {shape:?}; name a convolution"
    )]
    NoMaps {
        /// What was asked for.
        layer: String,
        /// What it makes of one picture.
        shape: Vec<usize>,
    },

    /// The network could not be run.
    #[error(transparent)]
    Run(#[from] striate_graph::RunError),

    /// The PNG encoder failed.
    #[error("picture: PNG encoding of {width_px} x {height_px} pixels failed: {reason}; write SVG instead")]
    Png {
        /// Width in pixels.
        width_px: u32,
        /// Height in pixels.
        height_px: u32,
        /// The encoder's words.
        reason: String,
    },
}

/// Which index of a (label, prediction) pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The true class.
    Label,
    /// The class the model chose.
    Prediction,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Label => "label",
            Self::Prediction => "prediction",
        })
    }
}
