//! The stages of work that is not training.

/// A stage of fine-tuning, or of the search for wrong labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// The frozen network computes the features of the images.
    Features,
    /// Last layers are evaluated by cross-validation.
    CrossValidation,
    /// The same, to find wrong labels.
    Labels,
    /// Images are read again, as features without a network.
    RawPixels,
    /// The same cross-validation on raw pixels.
    RawPixelBaseline,
    /// The nearest class mean is evaluated.
    ClassMeans,
    /// The last layer is fitted to all images.
    LastLayer,
    /// One update of all layers is timed.
    Timing,
}

impl Stage {
    /// What is done, in a few words such as `computing features`.
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
