//! The networks that are known by name: a network is one entry of [`all`].

use crate::{ConvNet, LeNet5, Mlp};
use striate_nn::Forward;

/// A network that is known by name.
#[derive(Debug, Clone, Copy)]
pub struct ModelInfo {
    /// What the user types.
    pub name: &'static str,
    /// Where it comes from; empty where there is no paper.
    pub paper: &'static str,
    /// One line about it.
    pub description: &'static str,
    /// The images it is made for `[C, H, W]`; the channels can be others.
    pub input: [usize; 3],
    /// Makes it for `(num_classes, in_channels)`.
    pub build: fn(usize, usize) -> Box<dyn Forward>,
}

/// A name that no network has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no model `{name}`{}; there are {}", nearest.map_or(String::new(), |n| format!(", did you mean `{n}`?")), names().join(", "))]
pub struct UnknownModel {
    /// What was asked for.
    pub name: String,
    /// The known name most like it.
    pub nearest: Option<&'static str>,
}

const ALL: &[ModelInfo] = &[
    ModelInfo {
        name: "convnet",
        paper: "",
        description: "two 3x3 convolutions and two linear layers: 99 % of handwritten digits in seconds",
        input: [1, 28, 28],
        build: |num_classes, in_channels| Box::new(ConvNet::with_channels(num_classes, in_channels)),
    },
    ModelInfo {
        name: "lenet5",
        paper: "LeCun et al. 1998, Gradient-Based Learning Applied to Document Recognition",
        description: "the network that read bank cheques, with ReLU and max-pooling",
        input: [1, 28, 28],
        build: |num_classes, in_channels| Box::new(LeNet5::with_channels(num_classes, in_channels)),
    },
    ModelInfo {
        name: "mlp",
        paper: "",
        description: "flattened pixels and three linear layers, as many parameters as convnet: what convolutions are measured against",
        input: [1, 28, 28],
        build: |num_classes, in_channels| Box::new(Mlp::with_channels(num_classes, in_channels)),
    },
];

/// Every network that is known by name.
pub fn all() -> &'static [ModelInfo] {
    ALL
}

/// Their names.
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|model| model.name).collect()
}

/// Finds a network by its name; capitals do not matter.
///
/// # Errors
/// When no network has it, with the name most like it.
///
/// # Example
/// ```
/// let error = striate_models::registry::find("covnet").unwrap_err();
/// assert_eq!(error.nearest, Some("convnet"));
/// ```
pub fn find(name: &str) -> Result<&'static ModelInfo, UnknownModel> {
    let wanted = name.to_lowercase();
    let unknown = || UnknownModel { name: name.to_string(), nearest: nearest(&wanted) };
    ALL.iter().find(|model| model.name == wanted).ok_or_else(unknown)
}

/// The known name most like `wanted`, if at most two letters in five differ.
fn nearest(wanted: &str) -> Option<&'static str> {
    let (distance, near) = names().into_iter().map(|known| (edit_distance(wanted, known), known)).min()?;
    (5 * distance <= 2 * near.len().max(wanted.chars().count())).then_some(near)
}

/// Levenshtein distance: insertions, deletions and replacements that turn `a` into `b`.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    // Distances from the letters of `a` so far to each beginning of `b`.
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let above = row.clone();
        row[0] = i + 1;
        for j in 0..b.len() {
            let replaced = above[j] + usize::from(letter != b[j]);
            row[j + 1] = replaced.min(above[j + 1] + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
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
            no model `lenet`, did you mean `lenet5`?; there are convnet, lenet5, mlp
        "#]],
        );
        check(
            "conv-net",
            &expect![[r#"
            no model `conv-net`, did you mean `convnet`?; there are convnet, lenet5, mlp
        "#]],
        );
        check(
            "MPL",
            &expect![[r#"
            no model `MPL`; there are convnet, lenet5, mlp
        "#]],
        );
        check(
            "resnet18",
            &expect![[r#"
            no model `resnet18`; there are convnet, lenet5, mlp
        "#]],
        );
        check(
            "",
            &expect![[r#"
            no model ``; there are convnet, lenet5, mlp
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
}
