//! A network that is known by name, with its cost and its published weights, as data.

use serde::Serialize;
use striate_nn::{Mode, trace};

use crate::info::ModelInfo;
use crate::weights::{WeightsInfo, for_model};

/// A network and its cost, as `striate models --json` prints it; made by [`ModelInfo::report`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelReport {
    /// The name that the user types.
    pub name: &'static str,
    /// A one-line description.
    pub description: &'static str,
    /// The authors, year and title of the paper; empty if there is none.
    pub paper: &'static str,
    /// The image shape that it is made for, `[C, H, W]`.
    pub input_shape: [usize; 3],
    /// The number of classes that it was published with.
    pub num_classes: usize,
    /// The number of trainable values in inference, for these classes and this shape.
    pub parameters: u64,
    /// The multiply-adds of one image of this shape.
    pub multiply_adds: u64,
    /// The path of the layer that computes the logits.
    pub classifier: &'static str,
    /// The path of the first layer.
    pub first_conv: &'static str,
    /// The published weights of the network, the default ones first; empty if there are none.
    pub weights: Vec<WeightsReport>,
}

/// Published weights of a network.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WeightsReport {
    /// The name that the user types, such as `resnet50.v2`.
    pub name: String,
    /// The published top-1 accuracy on ImageNet-1k's validation images in percent; `None` where no figure was published.
    pub top1_percent: Option<f32>,
    /// The published top-5 accuracy on the same images in percent; `None` where no figure was published.
    pub top5_percent: Option<f32>,
    /// The license and terms of use.
    pub license: &'static str,
    /// The URL of the file; empty if only a package contains it.
    pub url: &'static str,
    /// The name of the file.
    pub file: &'static str,
    /// The SHA-256 of the file, or the prefix of it that PyTorch puts into the file name.
    pub sha256: &'static str,
}

impl From<&WeightsInfo> for WeightsReport {
    fn from(info: &WeightsInfo) -> Self {
        Self {
            name: info.name(),
            top1_percent: info.accuracy.map(|(top1, _)| top1),
            top5_percent: info.accuracy.map(|(_, top5)| top5),
            license: info.license,
            url: info.url,
            file: info.file,
            sha256: info.sha256,
        }
    }
}

impl ModelInfo {
    /// Describes the network with its cost, which is counted in its inference graph, and with its published weights.
    ///
    /// # Panics
    /// When the network does not take images of its own input shape.
    ///
    /// # Example
    /// ```
    /// let report = striate_models::registry::find("convnet")?.report();
    /// assert_eq!((report.parameters, report.multiply_adds), (206_922, 1_218_048));
    /// # Ok::<(), striate_models::UnknownModel>(())
    /// ```
    pub fn report(&self) -> ModelReport {
        let net = (self.build)(self.num_classes, self.input[0]);
        let graph = trace(net.as_ref(), Mode::Eval, self.input).unwrap_or_else(|error| {
            panic!("{} does not take images of its own input shape: {error}", self.name)
        });
        ModelReport {
            name: self.name,
            description: self.description,
            paper: self.paper,
            input_shape: self.input,
            num_classes: self.num_classes,
            parameters: graph.parameter_count() as u64,
            multiply_adds: graph.multiply_adds(),
            classifier: self.classifier,
            first_conv: self.first_conv,
            weights: for_model(self.name).map(WeightsReport::from).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::registry::find;

    #[test]
    fn a_report_has_the_cost_and_the_weights() {
        let report = find("squeezenet1_0").unwrap().report();
        expect![[r#"{"name":"squeezenet1_0","description":"no fully connected layer: a feature map per class, and its mean","paper":"Iandola et al. 2016, SqueezeNet: AlexNet-level Accuracy with 50x Fewer Parameters","input_shape":[3,224,224],"num_classes":1000,"parameters":1248424,"multiply_adds":818924576,"classifier":"classifier.1","first_conv":"features.0","weights":[{"name":"squeezenet1_0.v1","top1_percent":58.092,"top5_percent":80.42,"license":"BSD-3-Clause (torchvision); trained on ImageNet, whose terms are for research","url":"https://download.pytorch.org/models/squeezenet1_0-b66bff10.pth","file":"squeezenet1_0-b66bff10.pth","sha256":"b66bff10"}]}"#]].assert_eq(&serde_json::to_string(&report).unwrap());
        let report = find("mlp").unwrap().report();
        assert_eq!((report.input_shape, report.weights.len()), ([1, 28, 28], 0));
    }
}
