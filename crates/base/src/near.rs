//! Known names that are similar to an unknown one, for suggestions.

use strsim::{levenshtein, sorensen_dice};

/// Returns the name that is most similar to `wanted`, if at most two in five letters must be inserted, deleted or replaced to
/// turn one into the other. Of several equally similar names it is the first by code points. The case of `wanted` does not
/// matter; `names` must be lower case.
///
/// # Source
/// Levenshtein 1966.
///
/// # Example
/// ```
/// use striate_base::near::nearest;
///
/// assert_eq!(nearest("MNITS", ["digits", "mnist"]), Some("mnist"));
/// assert_eq!(nearest("imagenet", ["digits", "mnist"]), None);
/// ```
pub fn nearest<T: AsRef<str> + Ord>(wanted: &str, names: impl IntoIterator<Item = T>) -> Option<T> {
    let wanted = wanted.to_lowercase();
    let (distance, name) = names.into_iter().map(|name| (levenshtein(&wanted, name.as_ref()), name)).min()?;
    let longer = wanted.chars().count().max(name.as_ref().chars().count());
    (5 * distance <= 2 * longer).then_some(name)
}

/// Returns the `most` names that share the most pairs of neighboring letters with `wanted`, the most similar first. This suits
/// paths, of which people type a part. Case does not matter.
///
/// # Source
/// Dice 1945.
///
/// # Example
/// ```
/// use striate_base::near::most_similar;
///
/// assert_eq!(most_similar("conv", &["fc", "block.conv1", "bn"], 1), ["block.conv1"]);
/// ```
pub fn most_similar(wanted: &str, names: &[&str], most: usize) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let likeness = |name: &str| sorensen_dice(&wanted, &name.to_lowercase());
    let mut order: Vec<(f64, &str)> = names.iter().map(|&name| (likeness(name), name)).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    order.into_iter().take(most).map(|(_, name)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        let names = ["digits", "mnist", "fashion-mnist"];
        for (typed, near) in [
            ("mnits", Some("mnist")),
            ("MNIST", Some("mnist")),
            ("fashion_mnist", Some("fashion-mnist")),
            ("fashionmnist", Some("fashion-mnist")),
            ("digit", Some("digits")),
            ("cifar10", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(typed, names), near, "{typed}");
        }
        assert_eq!(nearest(&"m".repeat(10_000), names), None);
        assert_eq!(nearest("abc", [""; 0]), None);
        // Two letters in five, and not one more; of two that are as near the first.
        assert_eq!((nearest("abxyz", ["abcde"]), nearest("abcyz", ["abcde"])), (None, Some("abcde")));
        assert_eq!(nearest("resnet1", ["resnet3".to_string(), "resnet2".into()]), Some("resnet2".into()));
    }

    #[test]
    fn the_most_similar_come_first_and_ties_stay_in_order() {
        let names = ["conv1", "layer1.0.conv1", "layer1.0.conv2", "layer1.0.bn1", "fc"];
        assert_eq!(most_similar("Layer1.conv2", &names, 2), ["layer1.0.conv2", "layer1.0.conv1"]);
        assert_eq!(most_similar("?", &names, 9), names);
    }
}
