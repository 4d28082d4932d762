//! What can go wrong in this crate, sorted by whose fault it is.

use std::fmt;

use crate::text::listed;

/// An error of metrics or images.
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

    /// Pixels that are not those of an image.
    #[error(
        "image: expected height x width x channels values, 1 or 3 channels, got {shape:?} with {values} values; check \
         how it was decoded"
    )]
    Thumbnail {
        /// Height, width, channels.
        shape: [usize; 3],
        /// How many there are.
        values: usize,
    },

    /// An image would have no pixels or too many of them.
    #[error(
        "image: expected between 1 and {limit} pixels, got {width_px} x {height_px}; \
         choose another scale, or write SVG"
    )]
    ImageSize {
        /// Width in pixels.
        width_px: f64,
        /// Height in pixels.
        height_px: f64,
        /// The most pixels an image may have.
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
    #[error("layer `{layer}`: a {op} has no kernels to show; layers that have some: {}", listed(layers))]
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

    /// An image, or a baseline, of another shape than the network's input.
    #[error(
        "evidence: the network takes an image {expected:?}, got {got:?}; prepare image and baseline alike"
    )]
    Image {
        /// `[C, H, W]`.
        expected: [usize; 3],
        /// What came.
        got: [usize; 3],
    },

    /// A class compared with itself.
    #[error("evidence: why class {class} rather than itself? name two classes")]
    SameClass {
        /// The one.
        class: usize,
    },

    /// A comparison of two classes by a method that knows none.
    #[error(
        "evidence: {method} is the same for every class, so it cannot tell two apart; try Grad-CAM or integrated gradients"
    )]
    NoVersus {
        /// What was asked for.
        method: &'static str,
    },

    /// A layer named for a method that looks at none.
    #[error("evidence: {method} looks at the image itself, not at a layer; a layer can be named for {}", with.join(", "))]
    LayerUnused {
        /// What was asked for.
        method: &'static str,
        /// The methods that look at a layer.
        with: Vec<&'static str>,
    },

    /// Values that are infinite or not a number, where evidence would be none.
    #[error("evidence: {count} of {of} {what} are not finite; {hint}")]
    NotFinite {
        /// Of what.
        what: String,
        /// How many.
        count: usize,
        /// Of how many.
        of: usize,
        /// What to try.
        hint: &'static str,
    },

    /// A logit that is infinite or not a number.
    #[error(
        "the logit of class {class} is {got}, so the network names no class; its weights are damaged, its training diverged, or \
         what it computes outgrows 32-bit floats"
    )]
    Logit {
        /// The first such class.
        class: usize,
        /// Its logit.
        got: f32,
    },

    /// An exact sum of a network that is curved.
    #[error(
        "exact sum: `{value}` is a {op}, which is not piecewise linear, so the logit is no sum of parts; try integrated \
         gradients, whose gap is told"
    )]
    NotPiecewiseLinear {
        /// The value.
        value: String,
        /// Its operation.
        op: &'static str,
    },

    /// Class activation maps of a network that has no maps.
    #[error(
        "class activation map: this network has no convolution, so no layer knows where in the image anything is; try \
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
        /// What it makes of one image.
        shape: Vec<usize>,
    },

    /// A layer whose values are no sum, mean or maximum of others.
    #[error(
        "layer `{layer}`: {op} adds nothing up that could be taken apart; layers that do: {}",
        if layers.is_empty() { "none in this network".to_owned() } else { listed(layers) }
    )]
    NoSum {
        /// What was asked for.
        layer: String,
        /// Its operation.
        op: &'static str,
        /// What there is.
        layers: Vec<String>,
    },

    /// A map that the layer does not have.
    #[error("layer `{layer}`: expected a map from 0 to {last}, got {map}", last = maps.saturating_sub(1))]
    NoMap {
        /// Of which layer.
        layer: String,
        /// What was asked for.
        map: usize,
        /// How many there are.
        maps: usize,
    },

    /// A place outside the maps of a layer.
    #[error(
        "layer `{layer}`: expected a row from 0 to {} and a column from 0 to {}{}, got {},{}",
        size[0].saturating_sub(1), size[1].saturating_sub(1), if *size == [1, 1] { ", as of a vector" } else { "" },
        at[0], at[1]
    )]
    NoPlace {
        /// Of which layer.
        layer: String,
        /// Row and column.
        at: [usize; 2],
        /// Rows and columns.
        size: [usize; 2],
    },

    /// The network could not be run.
    #[error(transparent)]
    Run(#[from] striate_graph::RunError),

    /// The PNG encoder failed.
    #[error("image: PNG encoding of {width_px} x {height_px} pixels failed: {reason}; write SVG instead")]
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
