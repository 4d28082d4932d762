//! The networks that are known by name. Each is in its own file, with its weights; `lib.rs` lists the files.

pub use crate::info::ModelInfo;

use crate::weights::aliases as timm;
use std::sync::LazyLock;
use striate_base::near::nearest;
use striate_nn::graph::rates::matches;

/// The error for a name that no network has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no model `{name}`; {}", self.advice())]
pub struct UnknownModel {
    /// The requested name.
    pub name: String,
    /// The most similar known name, if any is similar.
    pub nearest: Option<&'static str>,
}

impl UnknownModel {
    /// A suggestion, or the reason why there is no such network.
    pub fn advice(&self) -> String {
        match (timm::why_not(&self.name), self.nearest) {
            (Some(why), _) => why.into(),
            (None, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) => "`striate models` lists all models".into(),
        }
    }
}

static ALL: LazyLock<Vec<ModelInfo>> = LazyLock::new(|| {
    let mut all = crate::MODELS.concat();
    // Networks for small images first.
    all.sort_by_key(|model| model.input[1] >= 224);
    all
});

/// All networks that are known by name.
pub fn all() -> &'static [ModelInfo] {
    &ALL
}

/// The names of all networks, in the order of [`all`].
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|model| model.name).collect()
}

/// Finds a network by its name, or by its name in timm, regardless of case.
///
/// # Errors
/// When no network has the name; the error contains the most similar one.
///
/// # Example
/// ```
/// let error = striate_models::registry::find("covnet").unwrap_err();
/// assert_eq!(error.nearest, Some("convnet"));
/// ```
pub fn find(name: &str) -> Result<&'static ModelInfo, UnknownModel> {
    let wanted = name.to_lowercase();
    let unknown = || UnknownModel { name: name.to_string(), nearest: nearest(&wanted, names()) };
    ALL.iter().find(|model| model.name == timm::ours(&wanted)).ok_or_else(unknown)
}

/// Returns the networks whose whole name matches the shell wildcards `*` (any text) and `?` (one character), or for a pattern
/// without wildcards, whose name contains it. They are in the order of [`all`], and case does not matter.
///
/// # Example
/// ```
/// use striate_models::registry;
///
/// let names: Vec<_> = registry::matching("vgg1?_bn").map(|info| info.name).collect();
/// assert_eq!(names, ["vgg11_bn", "vgg13_bn", "vgg16_bn", "vgg19_bn"]);
/// ```
pub fn matching(pattern: &str) -> impl Iterator<Item = &'static ModelInfo> + '_ {
    ALL.iter().filter(move |info| is_like(pattern, info.name))
}

/// Whether the whole name matches the shell wildcards, or a part of it matches a pattern without any. Names are lower case, without
/// dots.
fn is_like(pattern: &str, name: &str) -> bool {
    let pattern = pattern.to_lowercase();
    if pattern.contains(['*', '?']) { matches(&pattern, name) } else { name.contains(&pattern) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(name: &str, expected: &Expect) {
        let found = find(name).map(|model| model.name.to_string());
        expected.assert_eq(&format!("{}\n", found.unwrap_or_else(|error| error.to_string())));
    }

    #[test]
    fn finds_by_name_and_suggests_the_nearest() {
        check(
            "lenet5",
            &expect![[r#"
            lenet5
        "#]],
        );
        check(
            "ConvNet",
            &expect![[r#"
            convnet
        "#]],
        );
        check(
            "lenet",
            &expect![[r#"
                no model `lenet`; did you mean `lenet5`?
            "#]],
        );
        check(
            "conv-net",
            &expect![[r#"
                no model `conv-net`; did you mean `convnet`?
            "#]],
        );
        check(
            "MPL",
            &expect![[r#"
                no model `MPL`; `striate models` lists all models
            "#]],
        );
        check(
            "resnet18",
            &expect![[r#"
                resnet18
            "#]],
        );
        check(
            "",
            &expect![[r#"
                no model ``; `striate models` lists all models
            "#]],
        );
    }

    #[test]
    fn names_are_lower_case_and_unique() {
        for (i, model) in all().iter().enumerate() {
            assert_eq!(model.name, model.name.to_lowercase());
            assert!(!names()[..i].contains(&model.name), "{} comes twice", model.name);
        }
    }

    #[test]
    fn patterns() {
        for (pattern, name, want) in [
            ("*", "convnet", true),
            ("conv", "convnet", true),
            ("net", "convnet", true),
            ("NET", "convnet", true),
            ("vgg1?_bn", "vgg16_bn", true),
            ("vgg1?", "vgg16_bn", false),
            ("res*0", "resnet50", true),
            ("res*0", "resnet18", false),
            ("**", "mlp", true),
            ("", "mlp", true),
            ("lenet?", "lenet5", true),
        ] {
            assert_eq!(is_like(pattern, name), want, "{pattern} {name}");
        }
    }
}
