//! The parameter names of timm and of an old torchvision, where torchvision or the authors of a network use others.

use super::aliases::RESNET_D;
use std::collections::BTreeMap;

/// Why weights of these names are not those of a network with the parameters `specs`, where it can be told.
pub(super) fn explain(
    names: &[&str],
    others: &BTreeMap<String, String>,
    specs: &BTreeMap<String, Vec<usize>>,
) -> Option<&'static str> {
    if others.keys().any(|name| name.ends_with("_packed_params")) {
        return Some(
            "these are the weights of a quantized network, whose integers are not read: save the network before it is \
             quantized",
        );
    }
    let has = |name: &str| names.contains(&name);
    let deep_stem = has("conv1.0.weight") && specs.contains_key("conv1.weight");
    (deep_stem && names.iter().any(|name| name.starts_with("layer1."))).then_some(RESNET_D)
}

/// The note for names that timm gives to two networks, of which one is in this crate: nothing in the file tells which.
pub(super) fn doubt(names: &BTreeMap<String, String>) -> Option<&'static str> {
    let is_timms = |name: &str| name == "conv_stem.weight" || name.ends_with(".conv_stem.weight");
    let has = |name: &str| names.values().any(|ours| ours == name);
    if !names.keys().any(|name| is_timms(name)) {
        None
    } else if has("_conv_stem.weight") {
        Some(
            "timm's tf_efficientnet_lite0 and efficientnet_lite0 have the same names: these were taken for the first, and \
             those of the other would give wrong answers",
        )
    } else if has("features.1.0.block.1.fc1.weight") {
        Some(
            "timm's efficientnet_b0 to b4 and tf_efficientnet_b0 to b4 have the same names: these were taken for the first, and \
             those of the other, which pad as TensorFlow does, would give wrong answers",
        )
    } else {
        None
    }
}

/// Parameter names of another library, with this crate's name for each.
pub(super) struct Foreign {
    /// Whose names they are, for messages.
    pub(super) whose: &'static str,
    /// Their name for a parameter, and this crate's.
    pub(super) ours: BTreeMap<String, String>,
}

/// Those of these names that belong to another library; `None` if there are none.
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

/// Those of these names that are timm's, with this crate's name for each; empty if there are none.
fn of_timm(names: &[&str], specs: &BTreeMap<String, Vec<usize>>) -> BTreeMap<String, String> {
    let has = |name: &str| specs.contains_key(name);
    let style = if has("features.0.0.weight") && has("features.1.conv.0.0.weight") {
        &MOBILENET
    } else if has("_conv_stem.weight") {
        &LITE
    } else {
        let of_family = if has("classifier.6.weight") {
            of_vgg
        } else if has("features.1.0.layer_scale") {
            of_convnext
        } else if is_small_efficientnet(specs) {
            of_efficientnet
        } else if has("layers.8.0.layers.0.weight") {
            of_mnasnet
        } else {
            return BTreeMap::new();
        };
        return names.iter().filter_map(|&name| Some((name.to_string(), of_family(name)?))).collect();
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

/// `….denselayer1.norm.1.weight`, an old torchvision's name for `….denselayer1.norm1.weight`.
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

/// How a network of inverted bottlenecks names its layers, with timm's names for them.
struct Style {
    ends: [(&'static str, &'static str); 5],
    /// The prefix of block i; the layers of the first block, which does not expand, and those of the others.
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

/// The linear layers of VGG, which timm stores as convolutions over the whole feature map: `[4096, 512, 7, 7]` for `[4096, 25088]`.
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

/// `stages.1.blocks.0.mlp.fc1.weight` is `features.3.0.block.3.weight`.
fn of_convnext(name: &str) -> Option<String> {
    if let Some(rest) = name.strip_prefix("stages.") {
        let (stage, rest) = rest.split_once('.')?;
        let stage: usize = stage.parse().ok()?;
        if let Some(rest) = rest.strip_prefix("downsample.") {
            return Some(format!("features.{}.{rest}", 2 * stage));
        }
        let (block, rest) = rest.strip_prefix("blocks.")?.split_once('.')?;
        let within = match rest.rsplit_once('.') {
            None if rest == "gamma" => "layer_scale".to_string(),
            Some(("conv_dw", end)) => format!("block.0.{end}"),
            Some(("norm", end)) => format!("block.2.{end}"),
            Some(("mlp.fc1", end)) => format!("block.3.{end}"),
            Some(("mlp.fc2", end)) => format!("block.5.{end}"),
            _ => return None,
        };
        return Some(format!("features.{}.{block}.{within}", 2 * stage + 1));
    }
    let (layer, end) = name.rsplit_once('.')?;
    let ours = match layer {
        "stem.0" => "features.0.0",
        "stem.1" => "features.0.1",
        "head.norm" => "classifier.0",
        "head.fc" => "classifier.2",
        _ => return None,
    };
    Some(format!("{ours}.{end}"))
}

/// Whether it is one of B0 to B4: from B5 on, and in V2, torchvision's batch norms have another `eps` than timm's.
fn is_small_efficientnet(specs: &BTreeMap<String, Vec<usize>>) -> bool {
    let gate = specs.contains_key("features.1.0.block.1.fc1.weight");
    let last = specs.get("features.8.0.weight").and_then(|shape| shape.first());
    gate && last.is_some_and(|&features| features <= 1792)
}

/// `blocks.1.0.conv_dw.weight` is `features.2.0.block.1.0.weight`; the first stage does not expand.
fn of_efficientnet(name: &str) -> Option<String> {
    let ends = [
        ("conv_stem", "features.0.0"),
        ("bn1", "features.0.1"),
        ("conv_head", "features.8.0"),
        ("bn2", "features.8.1"),
        ("classifier", "classifier.1"),
    ];
    let first = [
        ("conv_dw", "0.0"),
        ("bn1", "0.1"),
        ("se.conv_reduce", "1.fc1"),
        ("se.conv_expand", "1.fc2"),
        ("conv_pw", "2.0"),
        ("bn2", "2.1"),
    ];
    let others = [
        ("conv_pw", "0.0"),
        ("bn1", "0.1"),
        ("conv_dw", "1.0"),
        ("bn2", "1.1"),
        ("se.conv_reduce", "2.fc1"),
        ("se.conv_expand", "2.fc2"),
        ("conv_pwl", "3.0"),
        ("bn3", "3.1"),
    ];
    of_stages(name, &ends, &first, &others, |stage, block| format!("features.{}.{block}.block", stage + 1))
}

/// `blocks.1.0.conv_dw.weight` is `layers.8.0.layers.3.weight`; the first stage is part of the stem.
fn of_mnasnet(name: &str) -> Option<String> {
    let ends = [
        ("conv_stem", "layers.0"),
        ("bn1", "layers.1"),
        ("conv_head", "layers.14"),
        ("bn2", "layers.15"),
        ("classifier", "classifier.1"),
    ];
    let first = [("conv_dw", "3"), ("bn1", "4"), ("conv_pw", "6"), ("bn2", "7")];
    let others =
        [("conv_pw", "0"), ("bn1", "1"), ("conv_dw", "3"), ("bn2", "4"), ("conv_pwl", "6"), ("bn3", "7")];
    let prefix = |stage: usize, block: usize| match stage {
        0 => "layers".to_string(),
        _ => format!("layers.{}.{block}.layers", stage + 7),
    };
    of_stages(name, &ends, &first, &others, prefix)
}

/// Layers under timm's names, and under this crate's.
type Renamed<'a> = &'a [(&'a str, &'a str)];

/// This crate's name for `blocks.STAGE.BLOCK.LAYER.END`, or for a layer at one of the ends.
fn of_stages(
    name: &str,
    ends: Renamed<'_>,
    first: Renamed<'_>,
    others: Renamed<'_>,
    prefix: impl Fn(usize, usize) -> String,
) -> Option<String> {
    let find = |layers: Renamed<'_>, layer: &str| {
        layers.iter().find(|(timm, _)| *timm == layer).map(|(_, ours)| ours.to_string())
    };
    let Some(((stage, number), rest)) = block(name) else {
        let (layer, end) = name.rsplit_once('.')?;
        return Some(format!("{}.{end}", find(ends, layer)?));
    };
    let (layer, end) = rest.rsplit_once('.')?;
    let ours = find(if stage == 0 { first } else { others }, layer)?;
    Some(format!("{}.{ours}.{end}", prefix(stage, number)))
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

    /// Each name of this crate, with timm's name for it.
    #[test]
    fn layers_of_timm() {
        for (of_family, timm, ours) in [
            (of_convnext as fn(&str) -> Option<String>, "stem.1.bias", "features.0.1.bias"),
            (of_convnext, "stages.0.blocks.2.gamma", "features.1.2.layer_scale"),
            (of_convnext, "stages.3.blocks.0.conv_dw.weight", "features.7.0.block.0.weight"),
            (of_convnext, "stages.3.blocks.0.norm.bias", "features.7.0.block.2.bias"),
            (of_convnext, "stages.1.blocks.0.mlp.fc1.weight", "features.3.0.block.3.weight"),
            (of_convnext, "stages.2.downsample.1.bias", "features.4.1.bias"),
            (of_convnext, "head.fc.weight", "classifier.2.weight"),
            (of_efficientnet, "blocks.0.1.se.conv_expand.bias", "features.1.1.block.1.fc2.bias"),
            (of_efficientnet, "blocks.6.0.bn3.running_var", "features.7.0.block.3.1.running_var"),
            (of_efficientnet, "bn2.weight", "features.8.1.weight"),
            (of_mnasnet, "blocks.0.0.conv_pw.weight", "layers.6.weight"),
            (of_mnasnet, "blocks.5.3.bn1.weight", "layers.12.3.layers.1.weight"),
            (of_mnasnet, "classifier.bias", "classifier.1.bias"),
        ] {
            assert_eq!(of_family(timm).as_deref(), Some(ours), "{timm}");
        }
        for (of_family, other) in [
            (of_convnext as fn(&str) -> Option<String>, "stages.0.blocks.0.grn.gamma"),
            (of_mnasnet, "fc.bias"),
        ] {
            assert_eq!(of_family(other), None);
        }
    }
}
