//! Facts about a network that is known by name.

use striate_nn::Forward;

/// A network that is known by name, and how to build it.
#[derive(Debug, Clone, Copy)]
pub struct ModelInfo {
    /// The name that the user types.
    pub name: &'static str,
    /// Authors, year and title of the paper; empty if there is none.
    pub paper: &'static str,
    /// A one-line description.
    pub description: &'static str,
    /// The image shape that it is made for, `[C, H, W]`; the number of channels can be changed.
    pub input: [usize; 3],
    /// The number of classes that it was published with; it can be changed.
    pub num_classes: usize,
    /// The path of the layer that computes the logits; its shape depends on the number of classes.
    pub classifier: &'static str,
    /// The path of the first layer; its shape depends on the number of channels.
    pub first_conv: &'static str,
    /// Builds the network for `(num_classes, in_channels)`.
    pub build: fn(usize, usize) -> Box<dyn Forward>,
    /// The paths of the auxiliary classifiers in published files, which the network does not have in inference.
    pub aside: &'static [&'static str],
}

impl ModelInfo {
    /// The same network for images of this side.
    pub(crate) const fn sized(self, size: usize) -> Self {
        Self { input: [self.input[0], size, size], ..self }
    }

    /// The same network without these layers, which published files contain.
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
