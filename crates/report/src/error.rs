//! The errors of this crate.

use std::fmt;

/// An error of metrics, charts or images.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A label or a prediction is not below the number of classes.
    #[error(
        "confusion matrix: {role} {got} is not one of its {classes} classes (0 to {last}); \
         use a data set and a model with the same classes",
        last = classes.saturating_sub(1)
    )]
    ClassOutOfRange {
        /// Whether it is the label or the prediction.
        role: Role,
        /// The index that is out of range.
        got: usize,
        /// The number of classes.
        classes: usize,
    },

    /// The number of class names is not the number of classes.
    #[error("class names: expected {expected}, one per class, got {got}; check the model's list of classes")]
    ClassNames {
        /// The number of classes.
        expected: usize,
        /// The number of names.
        got: usize,
    },

    /// A value is not a probability.
    #[error(
        "class {class}: expected a probability from 0 to 1, got {got}; the network's values are not finite, so train it \
         again with a lower learning rate"
    )]
    Probability {
        /// The class of the value.
        class: usize,
        /// The value.
        got: f32,
    },

    /// The pixels do not match the shape of the image.
    #[error(
        "image: expected height x width x channels values with 1 or 3 channels, got {shape:?} with {values} values; check \
         how it was decoded"
    )]
    Thumbnail {
        /// The height, width and number of channels.
        shape: [usize; 3],
        /// The number of values.
        values: usize,
    },

    /// An image would have no pixels or too many of them.
    #[error(
        "image: expected between 1 and {limit} pixels, got {width_px} x {height_px}; \
         choose another scale, or write SVG"
    )]
    ImageSize {
        /// The width in pixels.
        width_px: f64,
        /// The height in pixels.
        height_px: f64,
        /// The maximum number of pixels.
        limit: u64,
    },

    /// The PNG encoder failed.
    #[error("image: PNG encoding of {width_px} x {height_px} pixels failed: {reason}; write SVG instead")]
    Png {
        /// The width in pixels.
        width_px: u32,
        /// The height in pixels.
        height_px: u32,
        /// The message of the encoder.
        reason: String,
    },
}

/// One of the two indices of a (label, prediction) pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The true class.
    Label,
    /// The predicted class.
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
