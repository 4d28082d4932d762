//! Facts about published weights.

use super::card::Card;

/// Published weights of a network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightsInfo {
    /// The name, in the registry, of the network that they belong to.
    pub model: &'static str,
    /// The tag among the weights of the network, such as `v1` or `v2`. The first entry of a network is its default.
    pub tag: &'static str,
    /// The URL of the file; empty if only a package contains it.
    pub url: &'static str,
    /// The name of the file.
    pub file: &'static str,
    /// The SHA-256 of the file, or the prefix of it that PyTorch puts into the file name.
    pub sha256: &'static str,
    /// The preprocessing that they expect.
    pub card: Card,
    /// The number of classes: the 1000 of ImageNet-1k.
    pub classes: usize,
    /// The license and terms of use.
    pub license: &'static str,
    /// The published accuracy on ImageNet-1k's validation images in percent: top-1 and top-5.
    pub accuracy: Option<(f32, f32)>,
    /// The publication of the figures and the hash.
    pub source: &'static str,
}

impl WeightsInfo {
    /// The name that the user types, such as `resnet50.v2`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.model, self.tag)
    }
}

const TORCHVISION: &str = "BSD-3-Clause (torchvision); trained on ImageNet, whose terms are for research";
const TORCHVISION_SOURCE: &str = "pytorch.org/vision/stable/models.html";

/// An entry of torchvision's; PyTorch puts the hash into the file name.
pub(crate) const fn torchvision(
    [model, tag]: [&'static str; 2],
    [url, file, sha256]: [&'static str; 3],
    card: Card,
    accuracy: (f32, f32),
) -> WeightsInfo {
    WeightsInfo {
        model,
        tag,
        url,
        file,
        sha256,
        card,
        classes: 1000,
        license: TORCHVISION,
        accuracy: Some(accuracy),
        source: TORCHVISION_SOURCE,
    }
}

/// The URL, name and hash of `STEM-HASH.pth`.
macro_rules! pth {
    ($stem:literal, $hash:literal) => {
        [
            concat!("https://download.pytorch.org/models/", $stem, "-", $hash, ".pth"),
            concat!($stem, "-", $hash, ".pth"),
            $hash,
        ]
    };
}
pub(crate) use pth;

/// The preprocessing of torchvision's first recipe, which resizes to 256; the second resizes to 232.
pub(crate) const V1: Card = Card::imagenet(256);
/// The preprocessing of torchvision's second recipe; see [`V1`].
pub(crate) const V2: Card = Card::imagenet(232);
