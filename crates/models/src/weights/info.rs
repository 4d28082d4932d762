//! What is known of weights that somebody published.

use super::card::Card;

/// Weights that somebody published.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightsInfo {
    /// The network they are for, by its name in the registry.
    pub model: &'static str,
    /// Which of its weights: `v1`, `v2`. The first entry of a network is the one its name alone stands for.
    pub tag: &'static str,
    /// Where the file is; empty where only a package has it.
    pub url: &'static str,
    /// Name of the file.
    pub file: &'static str,
    /// SHA-256 of the file, or the beginning of it that PyTorch puts into the file's name.
    pub sha256: &'static str,
    /// How images become input.
    pub card: Card,
    /// Number of classes: the 1000 of ImageNet-1k.
    pub classes: usize,
    /// Terms of use.
    pub license: &'static str,
    /// Published accuracy on ImageNet-1k's validation images in per cent: the right class first, or among the first five.
    pub accuracy: Option<(f32, f32)>,
    /// Where the figures and the hash stand.
    pub source: &'static str,
}

impl WeightsInfo {
    /// What the user types: `resnet50.v2`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.model, self.tag)
    }
}

const TORCHVISION: &str = "BSD-3-Clause (torchvision); trained on ImageNet, whose terms are for research";
const TORCHVISION_SOURCE: &str = "pytorch.org/vision/stable/models.html";

/// An entry of torchvision's; PyTorch names its files after their hash.
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

/// Address, name and hash of `STEM-HASH.pth`.
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

/// torchvision's first recipe resizes to 256, its second to 232.
pub(crate) const V1: Card = Card::imagenet(256);
/// See [`V1`].
pub(crate) const V2: Card = Card::imagenet(232);
