//! The stages of work other than training.

/// A stage of fine-tuning, or of the search for suspicious labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// The frozen network computes the features of the images.
    Features,
    /// Last layers are evaluated by cross-validation.
    CrossValidation,
    /// Last layers are evaluated by cross-validation to find suspicious labels.
    Labels,
    /// Images are read again, for features without a network.
    RawPixels,
    /// Heads on raw pixels are evaluated by the same cross-validation.
    RawPixelBaseline,
    /// The nearest-class-mean classifier is evaluated.
    ClassMeans,
    /// The last layer is fitted to all images.
    LastLayer,
    /// One update of all layers is timed.
    Timing,
}

impl Stage {
    /// A description in a few words, such as `computing features`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Features => "computing features",
            Self::CrossValidation => "cross-validating",
            Self::Labels => "checking the labels",
            Self::RawPixels => "reading raw pixels",
            Self::RawPixelBaseline => "evaluating raw pixels",
            Self::ClassMeans => "evaluating class means",
            Self::LastLayer => "fitting the last layer",
            Self::Timing => "timing the network",
        }
    }
}
