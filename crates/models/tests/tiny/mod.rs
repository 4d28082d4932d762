//! A network of a few hundred parameters with VGG's names, and weights for it.
#![allow(dead_code)] // not every test program uses all of it

use std::path::Path;

use ndarray::ArrayD;
use safetensors::tensor::{Dtype, TensorView};
use striate_models::ModelInfo;
use striate_nn::graph::{Graph, Params, trace};
use striate_nn::{Conv2d, Dropout, Forward, Linear, Mode, Module, ReLU, Sequential, Var};

#[derive(Module)]
struct Tiny {
    features: Sequential,
    classifier: Sequential,
}

impl Forward for Tiny {
    fn forward<'g>(&self, x: Var<'g>) -> Var<'g> {
        x.apply(&self.features).flatten(1).apply(&self.classifier)
    }
}

pub(crate) const TINY: ModelInfo = ModelInfo {
    name: "tiny",
    paper: "",
    description: "",
    input: [3, 4, 4],
    num_classes: 5,
    classifier: "classifier.6",
    first_conv: "features.0",
    aside: &["aux1", "aux2"],
    build: |classes, channels| {
        let features = Sequential::new().append(Conv2d::new(channels, 2, 3).padding(1)).append(ReLU::new());
        let classifier = Sequential::new()
            .append(Linear::new(32, 8))
            .append(ReLU::new())
            .append(Dropout::new(0.5))
            .append(Linear::new(8, 8))
            .append(ReLU::new())
            .append(Dropout::new(0.5))
            .append(Linear::new(8, classes));
        Box::new(Tiny { features, classifier })
    },
};

pub(crate) fn graph(classes: usize, channels: usize) -> Graph {
    trace((TINY.build)(classes, channels).as_ref(), Mode::Eval, [channels, 4, 4]).unwrap()
}

/// Parameters of the network for five classes and RGB.
pub(crate) fn params() -> Vec<(String, ArrayD<f32>)> {
    let params = Params::init(&graph(5, 3), 1);
    params.iter().map(|(name, array)| (name.to_string(), array.clone())).collect()
}

/// The bytes of a safetensors file of these arrays.
pub(crate) fn bytes(arrays: &[(String, ArrayD<f32>)]) -> Vec<u8> {
    let data: Vec<Vec<u8>> =
        arrays.iter().map(|(_, array)| array.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
    let views = arrays.iter().zip(&data).map(|((name, array), data)| {
        (name.as_str(), TensorView::new(Dtype::F32, array.shape().to_vec(), data).unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}

pub(crate) fn write(folder: &Path, arrays: &[(String, ArrayD<f32>)]) -> String {
    let path = folder.join("tiny.safetensors");
    std::fs::write(&path, bytes(arrays)).unwrap();
    path.to_str().unwrap().to_string()
}
