//! The weights that are known by name. They are defined in the files of their networks; `lib.rs` lists the files.

use super::info::WeightsInfo;
use std::sync::LazyLock;

static ALL: LazyLock<Vec<WeightsInfo>> = LazyLock::new(|| crate::WEIGHTS.concat());

/// All entries. The first entry of each network is its default, as in torchvision's `DEFAULT`.
pub fn all() -> &'static [WeightsInfo] {
    &ALL
}

/// The entries of a network, starting with its default.
pub fn for_model(model: &str) -> impl Iterator<Item = &'static WeightsInfo> {
    all().iter().filter(move |info| info.model == model)
}

/// Finds the entry with this name: `resnet50.v2`, or `resnet50` for the default.
pub fn find(name: &str) -> Option<&'static WeightsInfo> {
    let (model, tag) = match name.split_once('.') {
        Some((model, tag)) => (model, Some(tag)),
        None => (name, None),
    };
    for_model(model).find(|info| tag.is_none_or(|tag| info.tag == tag))
}

/// The entry whose file has this SHA-256.
#[cfg(feature = "hub")]
pub(super) fn by_hash(sha256: &str) -> Option<&'static WeightsInfo> {
    all().iter().find(|info| sha256.starts_with(info.sha256))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry;

    #[test]
    fn entries_are_of_known_networks_and_named_after_their_hash() {
        for (i, info) in all().iter().enumerate() {
            let model = registry::find(info.model).unwrap();
            assert_eq!(model.num_classes, info.classes, "{}", info.name());
            assert!(
                all()[..i].iter().all(|other| other.name() != info.name() && other.sha256 != info.sha256)
            );
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
