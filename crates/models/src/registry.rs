//! The networks that are known by name: a network is one entry of [`all`].

use crate::weights::names as timm;
use crate::{AlexNet, ConvNet, ConvNetGap, EfficientNetLite0, LeNet5, Mlp, MobileNetV2, ResNet, Vgg};
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
    /// The classes it was published with; there can be others.
    pub num_classes: usize,
    /// Path of the layer that makes the logits: what a change of the classes changes.
    pub classifier: &'static str,
    /// Path of the first layer: what a change of the channels changes.
    pub first_conv: &'static str,
    /// Makes it for `(num_classes, in_channels)`.
    pub build: fn(usize, usize) -> Box<dyn Forward>,
}

/// A name that no network has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no model `{name}`; {}", advice(name, *nearest))]
pub struct UnknownModel {
    /// What was asked for.
    pub name: String,
    /// The known name most like it.
    pub nearest: Option<&'static str>,
}

fn advice(name: &str, nearest: Option<&'static str>) -> String {
    match (timm::why_not(name), nearest) {
        (Some(why), _) => why.into(),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) => format!("there are {}", names().join(", ")),
    }
}

/// A network for photos of 224 px and the 1000 classes of ImageNet.
const fn photos(
    name: &'static str,
    paper: &'static str,
    description: &'static str,
    [first_conv, classifier]: [&'static str; 2],
    build: fn(usize, usize) -> Box<dyn Forward>,
) -> ModelInfo {
    ModelInfo {
        name,
        paper,
        description,
        input: [3, 224, 224],
        num_classes: 1000,
        classifier,
        first_conv,
        build,
    }
}

/// A network for small images and ten classes.
const fn small(
    name: &'static str,
    paper: &'static str,
    description: &'static str,
    [first_conv, classifier]: [&'static str; 2],
    input: [usize; 3],
    build: fn(usize, usize) -> Box<dyn Forward>,
) -> ModelInfo {
    ModelInfo { name, paper, description, input, num_classes: 10, classifier, first_conv, build }
}

const VGG: &str =
    "Simonyan and Zisserman 2015, Very Deep Convolutional Networks for Large-Scale Image Recognition";
const VGG_ENDS: [&str; 2] = ["features.0", "classifier.6"];
const RESNET: &str = "He et al. 2016, Deep Residual Learning for Image Recognition";
const RESNET_ENDS: [&str; 2] = ["conv1", "fc"];

const ALL: &[ModelInfo] = &[
    small(
        "convnet",
        "",
        "two 3x3 convolutions and two linear layers: 99 % of handwritten digits in seconds",
        ["conv1", "fc2"],
        [1, 28, 28],
        |k, c| Box::new(ConvNet::with_channels(k, c)),
    ),
    small(
        "convnet_gap",
        "",
        "five 3x3 convolutions and the mean of each map, as many parameters as convnet: what a flatten is measured against",
        ["conv1", "fc"],
        [1, 28, 28],
        |k, c| Box::new(ConvNetGap::with_channels(k, c)),
    ),
    small(
        "lenet5",
        "LeCun et al. 1998, Gradient-Based Learning Applied to Document Recognition",
        "the network that read bank cheques, with ReLU and max-pooling",
        ["conv1", "fc3"],
        [1, 28, 28],
        |k, c| Box::new(LeNet5::with_channels(k, c)),
    ),
    small(
        "mlp",
        "",
        "flattened pixels and three linear layers, as many parameters as convnet: what convolutions are measured against",
        ["fc1", "fc3"],
        [1, 28, 28],
        |k, c| Box::new(Mlp::with_channels(k, c)),
    ),
    small("resnet20", RESNET, "20 layers for images of 28 to 64 px", RESNET_ENDS, [3, 32, 32], |k, c| {
        Box::new(ResNet::resnet20(k, c))
    }),
    small(
        "resnet18_small",
        RESNET,
        "resnet18 with a 3x3 stem, for images of 28 to 64 px",
        RESNET_ENDS,
        [3, 32, 32],
        |k, c| Box::new(ResNet::resnet18_small(k, c)),
    ),
    photos(
        "alexnet",
        "Krizhevsky 2014, One Weird Trick for Parallelizing Convolutional Neural Networks",
        "the network of 2012 that began all this: five convolutions, three large linear layers",
        ["features.0", "classifier.6"],
        |k, c| Box::new(AlexNet::new(k, c)),
    ),
    photos(
        "vgg11",
        VGG,
        "3x3 convolutions only, 8 of them, and three large linear layers",
        VGG_ENDS,
        |k, c| Box::new(Vgg::vgg11(k, c, false)),
    ),
    photos("vgg11_bn", VGG, "vgg11 with batch norm behind each convolution", VGG_ENDS, |k, c| {
        Box::new(Vgg::vgg11(k, c, true))
    }),
    photos("vgg13", VGG, "3x3 convolutions only, 10 of them", VGG_ENDS, |k, c| {
        Box::new(Vgg::vgg13(k, c, false))
    }),
    photos("vgg13_bn", VGG, "vgg13 with batch norm behind each convolution", VGG_ENDS, |k, c| {
        Box::new(Vgg::vgg13(k, c, true))
    }),
    photos(
        "vgg16",
        VGG,
        "3x3 convolutions only, 13 of them: the features that style transfer and perceptual losses use",
        VGG_ENDS,
        |k, c| Box::new(Vgg::vgg16(k, c, false)),
    ),
    photos("vgg16_bn", VGG, "vgg16 with batch norm behind each convolution", VGG_ENDS, |k, c| {
        Box::new(Vgg::vgg16(k, c, true))
    }),
    photos("vgg19", VGG, "3x3 convolutions only, 16 of them", VGG_ENDS, |k, c| {
        Box::new(Vgg::vgg19(k, c, false))
    }),
    photos("vgg19_bn", VGG, "vgg19 with batch norm behind each convolution", VGG_ENDS, |k, c| {
        Box::new(Vgg::vgg19(k, c, true))
    }),
    photos("resnet18", RESNET, "the smallest of the residual networks for photos", RESNET_ENDS, |k, c| {
        Box::new(ResNet::resnet18(k, c))
    }),
    photos("resnet34", RESNET, "resnet18 with twice the blocks", RESNET_ENDS, |k, c| {
        Box::new(ResNet::resnet34(k, c))
    }),
    photos("resnet50", RESNET, "the yardstick: bottleneck blocks, 50 layers", RESNET_ENDS, |k, c| {
        Box::new(ResNet::resnet50(k, c))
    }),
    photos("resnet101", RESNET, "101 layers", RESNET_ENDS, |k, c| Box::new(ResNet::resnet101(k, c))),
    photos("resnet152", RESNET, "152 layers", RESNET_ENDS, |k, c| Box::new(ResNet::resnet152(k, c))),
    photos(
        "mobilenet_v2",
        "Sandler et al. 2018, MobileNetV2: Inverted Residuals and Linear Bottlenecks",
        "depthwise convolutions between narrow layers: made for phones",
        ["features.0.0", "classifier.1"],
        |k, c| Box::new(MobileNetV2::new(k, c)),
    ),
    photos(
        "efficientnet_lite0",
        "Tan and Le 2019, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
        "a MobileNet whose sizes were searched for, without what slows small processors",
        ["_conv_stem", "_fc"],
        |k, c| Box::new(EfficientNetLite0::new(k, c)),
    ),
];

/// Every network that is known by name.
pub fn all() -> &'static [ModelInfo] {
    ALL
}

/// Their names.
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|model| model.name).collect()
}

/// Finds a network by its name, or the one that timm has for it; capitals do not matter.
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
    ALL.iter().find(|model| model.name == timm::ours(&wanted)).ok_or_else(unknown)
}

/// The known name most like `wanted`, if at most two letters in five differ.
fn nearest(wanted: &str) -> Option<&'static str> {
    let (distance, near) = names().into_iter().map(|known| (edit_distance(wanted, known), known)).min()?;
    (5 * distance <= 2 * near.len().max(wanted.chars().count())).then_some(near)
}

/// Levenshtein distance: insertions, deletions and replacements that turn `a` into `b`.
pub(crate) fn edit_distance(a: &str, b: &str) -> usize {
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
                no model `MPL`; there are convnet, convnet_gap, lenet5, mlp, resnet20, resnet18_small, alexnet, vgg11, vgg11_bn, vgg13, vgg13_bn, vgg16, vgg16_bn, vgg19, vgg19_bn, resnet18, resnet34, resnet50, resnet101, resnet152, mobilenet_v2, efficientnet_lite0
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
                no model ``; there are convnet, convnet_gap, lenet5, mlp, resnet20, resnet18_small, alexnet, vgg11, vgg11_bn, vgg13, vgg13_bn, vgg16, vgg16_bn, vgg19, vgg19_bn, resnet18, resnet34, resnet50, resnet101, resnet152, mobilenet_v2, efficientnet_lite0
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
