//! The names of timm, and of an old torchvision, for parameters that torchvision, or the authors of a network, call otherwise.

use std::collections::BTreeMap;

/// timm's names of networks that are ours under another name.
const ALIASES: [(&str, &str); 2] =
    [("mobilenetv2_100", "mobilenet_v2"), ("tf_efficientnet_lite0", "efficientnet_lite0")];

/// Networks of timm that look like one of ours and compute something else.
const OTHERS: [(&str, &str); 1] = [(
    "efficientnet_lite0",
    "timm's efficientnet_lite0 pads evenly and normalises with an eps of 1e-5, where this one pads as TensorFlow does, \
         with 1e-3: its weights would answer wrongly here; those of timm/tf_efficientnet_lite0.in1k fit",
)];
const RESNET_D: &str = "a ResNet-D begins with three 3x3 convolutions where a ResNet has one of 7x7, and averages in its shortcuts: it is \
     another network, whose weights mean nothing in this one";

/// The name here of a network by its name in timm; the same where they agree.
pub(crate) fn ours(timm: &str) -> &str {
    ALIASES.iter().find(|(name, _)| *name == timm).map_or(timm, |(_, ours)| ours)
}

/// Why a network of timm is none of ours, where that is not plain.
pub(crate) fn why_not(timm: &str) -> Option<&'static str> {
    let is_resnet_d = || {
        let depth = timm.strip_prefix("resnet").and_then(|rest| rest.strip_suffix('d'));
        depth.is_some_and(|depth| !depth.is_empty() && depth.bytes().all(|b| b.is_ascii_digit()))
    };
    if is_resnet_d() {
        return Some(RESNET_D);
    }
    OTHERS.iter().find(|(name, _)| *name == timm).map(|(_, why)| *why)
}

/// Why weights of these names are not those of a network with the parameters `specs`, where it can be told.
pub(super) fn explain(
    names: &[&str],
    others: &BTreeMap<String, String>,
    specs: &BTreeMap<String, Vec<usize>>,
) -> Option<&'static str> {
    if others.keys().any(|name| name.ends_with("_packed_params")) {
        return Some(
            "these are the weights of a quantised network, whose whole numbers are not read: save the network before it is \
             quantised",
        );
    }
    let has = |name: &str| names.contains(&name);
    let deep_stem = has("conv1.0.weight") && specs.contains_key("conv1.weight");
    (deep_stem && names.iter().any(|name| name.starts_with("layer1."))).then_some(RESNET_D)
}

/// Whether the names are those that timm gives two networks of which one is ours: nothing in the file tells which.
pub(super) fn is_doubtful(names: &BTreeMap<String, String>) -> bool {
    let mut of_stem = names.iter().filter(|(_, ours)| *ours == "_conv_stem.weight");
    of_stem.any(|(name, _)| name == "conv_stem.weight" || name.ends_with(".conv_stem.weight"))
}

/// Names that somebody else gives the parameters, and ours for them.
pub(super) struct Foreign {
    /// Whose they are, for people.
    pub(super) whose: &'static str,
    /// Theirs, and ours.
    pub(super) ours: BTreeMap<String, String>,
}

/// Those of these names that are somebody else's; `None` where none is.
pub(super) fn foreign(names: &[&str], specs: &BTreeMap<String, Vec<usize>>) -> Option<Foreign> {
    let is_dense = specs.contains_key("features.denseblock1.denselayer1.norm1.weight");
    let (whose, ours) = if is_dense {
        let renamed = |&name: &&str| Some((name.to_string(), of_old_densenet(name)?));
        ("an older torchvision's", names.iter().filter_map(renamed).collect())
    } else {
        ("timm's", of_timm(names, specs))
    };
    (!ours.is_empty()).then_some(Foreign { whose, ours })
}

/// timm's names and ours for them, of those names that are timm's; empty where none is.
fn of_timm(names: &[&str], specs: &BTreeMap<String, Vec<usize>>) -> BTreeMap<String, String> {
    let has = |name: &str| specs.contains_key(name);
    let style = if has("features.0.0.weight") && has("features.1.conv.0.0.weight") {
        &MOBILENET
    } else if has("_conv_stem.weight") {
        &LITE
    } else if has("classifier.6.weight") {
        return names.iter().filter_map(|&name| Some((name.to_string(), of_vgg(name)?))).collect();
    } else {
        return BTreeMap::new();
    };
    let mut blocks: Vec<(usize, usize)> =
        names.iter().filter_map(|name| block(name)).map(|(place, _)| place).collect();
    blocks.sort_unstable();
    blocks.dedup();
    let renamed = |&name: &&str| {
        let ours = match block(name) {
            Some((place, rest)) => style.in_block(blocks.binary_search(&place).ok()?, rest)?,
            None => {
                let (layer, end) = name.rsplit_once('.')?;
                let (_, ours) = style.ends.iter().find(|(timm, _)| *timm == layer)?;
                format!("{ours}.{end}")
            }
        };
        Some((name.to_string(), ours))
    };
    names.iter().filter_map(renamed).collect()
}

/// `….denselayer1.norm.1.weight`, as an old torchvision saved what is `….denselayer1.norm1.weight`.
fn of_old_densenet(name: &str) -> Option<String> {
    let at = name.find("denselayer")?;
    let (layer, rest) = name[at..].split_once('.')?;
    let (kind, rest) = rest.split_once('.')?;
    let (number, end) = rest.split_once('.')?;
    let is_old = ["norm", "conv"].contains(&kind) && ["1", "2"].contains(&number);
    is_old.then(|| format!("{}{layer}.{kind}{number}.{end}", &name[..at]))
}

/// `blocks.STAGE.BLOCK.REST`.
fn block(name: &str) -> Option<((usize, usize), &str)> {
    let mut parts = name.strip_prefix("blocks.")?.splitn(3, '.');
    let place = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((place, parts.next()?))
}

/// How a network of inverted bottlenecks calls its layers, beside timm's names for them.
struct Style {
    ends: [(&'static str, &'static str); 5],
    /// The prefix of block i, and the layers of the first one, which widens nothing, and of the others.
    prefix: fn(usize) -> String,
    first: [(&'static str, &'static str); 4],
    others: [(&'static str, &'static str); 6],
}

impl Style {
    fn in_block(&self, index: usize, rest: &str) -> Option<String> {
        let (layer, end) = rest.rsplit_once('.')?;
        let layers = if index == 0 { &self.first[..] } else { &self.others[..] };
        let (_, ours) = layers.iter().find(|(timm, _)| *timm == layer)?;
        Some(format!("{}{ours}.{end}", (self.prefix)(index)))
    }
}

const MOBILENET: Style = Style {
    ends: [
        ("conv_stem", "features.0.0"),
        ("bn1", "features.0.1"),
        ("conv_head", "features.18.0"),
        ("bn2", "features.18.1"),
        ("classifier", "classifier.1"),
    ],
    prefix: |index| format!("features.{}.conv.", index + 1),
    first: [("conv_dw", "0.0"), ("bn1", "0.1"), ("conv_pw", "1"), ("bn2", "2")],
    others: [
        ("conv_pw", "0.0"),
        ("bn1", "0.1"),
        ("conv_dw", "1.0"),
        ("bn2", "1.1"),
        ("conv_pwl", "2"),
        ("bn3", "3"),
    ],
};

const LITE: Style = Style {
    ends: [
        ("conv_stem", "_conv_stem"),
        ("bn1", "_bn0"),
        ("conv_head", "_conv_head"),
        ("bn2", "_bn1"),
        ("classifier", "_fc"),
    ],
    prefix: |index| format!("_blocks.{index}."),
    first: [("conv_dw", "_depthwise_conv"), ("bn1", "_bn1"), ("conv_pw", "_project_conv"), ("bn2", "_bn2")],
    others: [
        ("conv_pw", "_expand_conv"),
        ("bn1", "_bn0"),
        ("conv_dw", "_depthwise_conv"),
        ("bn2", "_bn1"),
        ("conv_pwl", "_project_conv"),
        ("bn3", "_bn2"),
    ],
};

/// The linear layers of VGG, which timm keeps as convolutions of the whole map: [4096, 512, 7, 7] for [4096, 25088].
fn of_vgg(name: &str) -> Option<String> {
    let (layer, end) = name.rsplit_once('.')?;
    let ours = match layer {
        "pre_logits.fc1" => "classifier.0",
        "pre_logits.fc2" => "classifier.3",
        "head.fc" => "classifier.6",
        _ => return None,
    };
    Some(format!("{ours}.{end}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_torchvisions_densenet() {
        let old = "features.denseblock1.denselayer12.norm.2.running_var";
        assert_eq!(of_old_densenet(old).unwrap(), "features.denseblock1.denselayer12.norm2.running_var");
        let conv = of_old_densenet("features.denseblock4.denselayer1.conv.1.weight").unwrap();
        assert_eq!(conv, "features.denseblock4.denselayer1.conv1.weight");
        for other in
            ["features.conv0.weight", "features.transition1.norm.weight", "x.denselayer1.norm1.weight"]
        {
            assert_eq!(of_old_densenet(other), None);
        }
    }

    #[test]
    fn networks_of_timm() {
        assert_eq!(ours("mobilenetv2_100"), "mobilenet_v2");
        assert_eq!(ours("resnet18"), "resnet18");
        assert!(why_not("resnet18d").is_some_and(|why| why.contains("ResNet-D")));
        assert!(why_not("efficientnet_lite0").is_some_and(|why| why.contains("tf_efficientnet_lite0")));
        for none in ["resnet18", "resnetd", "resnet18xd", "vgg16"] {
            assert_eq!(why_not(none), None, "{none}");
        }
    }
}
