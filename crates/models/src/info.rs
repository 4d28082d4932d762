//! What is known of a network beside the network itself.

use striate_nn::Forward;

/// A network that is known by name.
#[derive(Debug, Clone, Copy)]
pub struct ModelInfo {
    /// What the user types.
    pub name: &'static str,
    /// Where it comes from; empty where there is no paper.
    pub paper: &'static str,
    /// One line about it.
    pub description: &'static str,
    /// The images it is made for `[C, H, W]`; the channels can be others.
    pub input: [usize; 3],
    /// The classes it was published with; there can be others.
    pub num_classes: usize,
    /// Path of the layer that makes the logits: what a change of the classes changes.
    pub classifier: &'static str,
    /// Path of the first layer: what a change of the channels changes.
    pub first_conv: &'static str,
    /// Makes it for `(num_classes, in_channels)`.
    pub build: fn(usize, usize) -> Box<dyn Forward>,
    /// Paths of the auxiliary classifiers in published files, which a network in use does not have.
    pub aside: &'static [&'static str],
}

impl ModelInfo {
    /// For images of this side.
    pub(crate) const fn sized(self, size: usize) -> Self {
        Self { input: [self.input[0], size, size], ..self }
    }

    /// Without these, which published files hold.
    pub(crate) const fn without(self, aside: &'static [&'static str]) -> Self {
        Self { aside, ..self }
    }
}

/// A network for photos of 224 px and the 1000 classes of ImageNet.
pub(crate) const fn photos(
    name: &'static str,
    paper: &'static str,
    description: &'static str,
    [first_conv, classifier]: [&'static str; 2],
    build: fn(usize, usize) -> Box<dyn Forward>,
) -> ModelInfo {
    ModelInfo {
        name,
        paper,
        description,
        input: [3, 224, 224],
        num_classes: 1000,
        classifier,
        first_conv,
        build,
        aside: &[],
    }
}

/// A network for small images and ten classes.
pub(crate) const fn small(
    name: &'static str,
    paper: &'static str,
    description: &'static str,
    [first_conv, classifier]: [&'static str; 2],
    input: [usize; 3],
    build: fn(usize, usize) -> Box<dyn Forward>,
) -> ModelInfo {
    ModelInfo { name, paper, description, input, num_classes: 10, classifier, first_conv, build, aside: &[] }
}
