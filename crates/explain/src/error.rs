//! The errors of this crate.

use striate_report::ReportError;
use striate_report::text::listed;

/// An error of inspecting a network.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExplainError {
    /// No layer has the requested name.
    #[error("this network has no layer `{pattern}`; similar names: {}", near.join(", "))]
    NoLayer {
        /// The requested name or pattern.
        pattern: String,
        /// The most similar names.
        near: Vec<String>,
    },

    /// The layer has no kernels.
    #[error("layer `{layer}`: {op} has no kernels to show; layers with kernels: {}", listed(layers))]
    NoKernels {
        /// The requested layer.
        layer: String,
        /// The operation of the layer.
        op: &'static str,
        /// The layers that have kernels.
        layers: Vec<String>,
    },

    /// The output is not one logit per class.
    #[error(
        "attribution: expected a network that outputs one logit per class, got one that ends in {op}; a probability also \
         depends on the other classes, so end the network before its softmax"
    )]
    NotLogits {
        /// The last operation of the network.
        op: &'static str,
    },

    /// No class has the requested number.
    #[error("attribution: expected a class from 0 to {last}, got {class}", last = classes.saturating_sub(1))]
    NoClass {
        /// The requested class, from 0.
        class: usize,
        /// The number of classes.
        classes: usize,
    },

    /// No class has the requested name.
    #[error("this network has no class `{name}` among its {classes} classes; similar names: {}", near.join(", "))]
    NoClassNamed {
        /// The requested name.
        name: String,
        /// The number of classes.
        classes: usize,
        /// The most similar names.
        near: Vec<String>,
    },

    /// An image or a baseline does not have the shape of the network's input.
    #[error(
        "attribution: the network takes an image {expected:?}, got {got:?}; preprocess the image and the baseline in the same way"
    )]
    Image {
        /// The shape of the network's input, `[C, H, W]`.
        expected: [usize; 3],
        /// The shape of the image, `[C, H, W]`.
        got: [usize; 3],
    },

    /// A class cannot be compared with itself.
    #[error("attribution: class {class} cannot be compared with itself; name two different classes")]
    SameClass {
        /// The class, from 0.
        class: usize,
    },

    /// A method that does not depend on the class cannot compare two classes.
    #[error(
        "attribution: {method} is the same for every class, so it cannot compare classes; try Grad-CAM or integrated gradients"
    )]
    NoVersus {
        /// The requested method.
        method: &'static str,
    },

    /// A layer was named for a method that does not use one.
    #[error("attribution: {method} does not use a layer; a layer can be named for {}", with.join(", "))]
    LayerUnused {
        /// The requested method.
        method: &'static str,
        /// The methods that use a layer.
        with: Vec<&'static str>,
    },

    /// Values are infinite or NaN, so an attribution would be meaningless.
    #[error("attribution: {count} of {of} {what} are not finite; {hint}")]
    NotFinite {
        /// A description of the values.
        what: String,
        /// The number of values that are not finite.
        count: usize,
        /// The number of all values.
        of: usize,
        /// A suggestion.
        hint: &'static str,
    },

    /// The exact sum needs a piecewise linear network.
    #[error(
        "exact sum: `{value}` ({op}) is not piecewise linear, so the logit is not an exact sum; try integrated gradients, \
         which reports its completeness gap"
    )]
    NotPiecewiseLinear {
        /// The name of the value that is not a piecewise linear function.
        value: String,
        /// The operation that computes it.
        op: &'static str,
    },

    /// Class activation maps need a convolution.
    #[error(
        "class activation map: this network has no convolution, so no layer has feature maps; try integrated gradients or \
         occlusion"
    )]
    NoConvolution,

    /// A class activation map needs a layer with feature maps, not a vector.
    #[error(
        "class activation map: expected a layer with feature maps [C, H, W], but `{layer}` outputs {shape:?}; name a convolution"
    )]
    NoMaps {
        /// The requested layer.
        layer: String,
        /// The shape of its output for one image.
        shape: Vec<usize>,
    },

    /// The values of the layer are not a sum, mean or maximum of others.
    #[error(
        "layer `{layer}`: {op} computes no sum that could be taken apart; layers that do: {}",
        if layers.is_empty() { "none in this network".to_owned() } else { listed(layers) }
    )]
    NoSum {
        /// The requested layer.
        layer: String,
        /// The operation of the layer.
        op: &'static str,
        /// The layers whose values are sums, means or maxima.
        layers: Vec<String>,
    },

    /// The layer does not have the requested map.
    #[error("layer `{layer}`: expected a map from 0 to {last}, got {map}", last = maps.saturating_sub(1))]
    NoMap {
        /// The name of the layer.
        layer: String,
        /// The requested map, from 0.
        map: usize,
        /// The number of maps.
        maps: usize,
    },

    /// The requested position is outside the maps of the layer.
    #[error(
        "layer `{layer}`: expected a row from 0 to {} and a column from 0 to {}{}, got {},{}",
        size[0].saturating_sub(1), size[1].saturating_sub(1), if *size == [1, 1] { ", since its output is a vector" } else { "" },
        at[0], at[1]
    )]
    NoPlace {
        /// The name of the layer.
        layer: String,
        /// The requested row and column.
        at: [usize; 2],
        /// The numbers of rows and columns of a map.
        size: [usize; 2],
    },

    /// The network could not be run.
    #[error(transparent)]
    Run(#[from] striate_graph::RunError),

    /// The values cannot be drawn, or the network makes no prediction.
    #[error(transparent)]
    Report(#[from] ReportError),
}
