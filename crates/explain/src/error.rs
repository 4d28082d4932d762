//! What can go wrong in this crate, sorted by whose fault it is.

use striate_report::ReportError;
use striate_report::text::listed;

/// An error of looking into a network.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExplainError {
    /// No layer is called that.
    #[error("this network has no layer `{pattern}`; similar names: {}", near.join(", "))]
    NoLayer {
        /// What was asked for: a name, or a pattern.
        pattern: String,
        /// The names most like it.
        near: Vec<String>,
    },

    /// A layer that computes without kernels.
    #[error("layer `{layer}`: {op} has no kernels to show; layers with kernels: {}", listed(layers))]
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
        "attribution: expected a network that outputs one logit per class, got one that ends in {op}; a probability also \
         depends on the other classes, so end the network before its softmax"
    )]
    NotLogits {
        /// The last operation.
        op: &'static str,
    },

    /// No class has that number.
    #[error("attribution: expected a class from 0 to {last}, got {class}", last = classes.saturating_sub(1))]
    NoClass {
        /// What was asked for.
        class: usize,
        /// How many there are.
        classes: usize,
    },

    /// No class has that name.
    #[error("this network has no class `{name}` among its {classes} classes; similar names: {}", near.join(", "))]
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
        "attribution: the network takes an image {expected:?}, got {got:?}; preprocess the image and the baseline in the same way"
    )]
    Image {
        /// `[C, H, W]`.
        expected: [usize; 3],
        /// What came.
        got: [usize; 3],
    },

    /// A class compared with itself.
    #[error("attribution: class {class} cannot be compared with itself; name two different classes")]
    SameClass {
        /// The one.
        class: usize,
    },

    /// A comparison of two classes by a method that knows none.
    #[error(
        "attribution: {method} is the same for every class, so it cannot compare classes; try Grad-CAM or integrated gradients"
    )]
    NoVersus {
        /// What was asked for.
        method: &'static str,
    },

    /// A layer named for a method that looks at none.
    #[error("attribution: {method} does not use a layer; a layer can be named for {}", with.join(", "))]
    LayerUnused {
        /// What was asked for.
        method: &'static str,
        /// The methods that look at a layer.
        with: Vec<&'static str>,
    },

    /// Values that are infinite or not a number, where evidence would be none.
    #[error("attribution: {count} of {of} {what} are not finite; {hint}")]
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

    /// An exact sum of a network that is curved.
    #[error(
        "exact sum: `{value}` ({op}) is not piecewise linear, so the logit is not an exact sum; try integrated gradients, \
         which reports its completeness gap"
    )]
    NotPiecewiseLinear {
        /// The value.
        value: String,
        /// Its operation.
        op: &'static str,
    },

    /// Class activation maps of a network that has no maps.
    #[error(
        "class activation map: this network has no convolution, so no layer has feature maps; try integrated gradients or \
         occlusion"
    )]
    NoConvolution,

    /// A class activation map of a vector.
    #[error(
        "class activation map: expected a layer with feature maps [C, H, W], but `{layer}` outputs {shape:?}; name a convolution"
    )]
    NoMaps {
        /// What was asked for.
        layer: String,
        /// What it makes of one image.
        shape: Vec<usize>,
    },

    /// A layer whose values are no sum, mean or maximum of others.
    #[error(
        "layer `{layer}`: {op} computes no sum that could be taken apart; layers that do: {}",
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
        size[0].saturating_sub(1), size[1].saturating_sub(1), if *size == [1, 1] { ", since its output is a vector" } else { "" },
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

    /// Values that cannot be drawn, or a network that names no class.
    #[error(transparent)]
    Report(#[from] ReportError),
}
