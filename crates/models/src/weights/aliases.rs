//! The names of timm for networks that have another name here, and for those that do not exist here.

/// timm's names of networks that have another name here.
const ALIASES: [(&str, &str); 5] = [
    ("mobilenetv2_100", "mobilenet_v2"),
    ("tf_efficientnet_lite0", "efficientnet_lite0"),
    ("mnasnet_050", "mnasnet0_5"),
    ("mnasnet_075", "mnasnet0_75"),
    ("mnasnet_100", "mnasnet1_0"),
];

/// Networks of timm that look like one of this crate but compute something else.
const OTHERS: [(&str, &str); 1] = [(
    "efficientnet_lite0",
    "timm's efficientnet_lite0 pads evenly and normalizes with an eps of 1e-5, whereas this one pads as TensorFlow does, \
         with 1e-3: its weights would give wrong answers here; those of timm/tf_efficientnet_lite0.in1k fit",
)];
/// Why the weights of a ResNet-D fit no ResNet.
pub(super) const RESNET_D: &str = "a ResNet-D begins with three 3x3 convolutions where a ResNet has one of 7x7, and averages in its shortcuts: it is \
     another network, whose weights mean nothing in this one";

const TENSORFLOW: &str = "timm's tf_efficientnet networks pad as TensorFlow does, which these do not; torchvision's weights of \
     efficientnet_b0 to b7 and v2_s to v2_l, and timm's of efficientnet_b0 to b4, fit networks of the same size here";
const MOBILENET_V3: &str = "timm's mobilenetv3 normalizes with an eps of 1e-5 where torchvision's, which is here as mobilenet_v3_small and \
     mobilenet_v3_large, has 1e-3: its weights would give wrong answers";
const REGNET: &str = "timm's regnetx and regnety have other widths than torchvision's, which are here as regnet_x_400mf to regnet_y_128gf";

/// The name in this crate of timm's network `timm`; the same if they agree.
pub(crate) fn ours(timm: &str) -> &str {
    ALIASES.iter().find(|(name, _)| *name == timm).map_or(timm, |(_, ours)| ours)
}

/// Why a network of timm is not in this crate, if that is not obvious.
pub(crate) fn why_not(timm: &str) -> Option<&'static str> {
    let is_resnet_d = || {
        let depth = timm.strip_prefix("resnet").and_then(|rest| rest.strip_suffix('d'));
        depth.is_some_and(|depth| !depth.is_empty() && depth.bytes().all(|b| b.is_ascii_digit()))
    };
    if is_resnet_d() {
        return Some(RESNET_D);
    }
    let families = [
        ("tf_efficientnet", TENSORFLOW),
        ("mobilenetv3", MOBILENET_V3),
        ("regnetx_", REGNET),
        ("regnety_", REGNET),
    ];
    let of_family = families.iter().find(|(family, _)| timm.starts_with(family) && ours(timm) == timm);
    OTHERS.iter().find(|(name, _)| *name == timm).or(of_family).map(|(_, why)| *why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_of_timm() {
        assert_eq!(ours("mobilenetv2_100"), "mobilenet_v2");
        assert_eq!(ours("resnet18"), "resnet18");
        assert!(why_not("resnet18d").is_some_and(|why| why.contains("ResNet-D")));
        assert!(why_not("efficientnet_lite0").is_some_and(|why| why.contains("tf_efficientnet_lite0")));
        assert_eq!(why_not("tf_efficientnet_lite0"), None);
        for (name, word) in [
            ("tf_efficientnet_b3", "TensorFlow"),
            ("mobilenetv3_large_100", "eps"),
            ("regnety_008", "widths"),
        ] {
            assert!(why_not(name).is_some_and(|why| why.contains(word)), "{name}");
        }
        for none in ["resnet18", "resnetd", "resnet18xd", "vgg16"] {
            assert_eq!(why_not(none), None, "{none}");
        }
    }
}
