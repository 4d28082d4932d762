//! A small real model, and ways to damage its file.
#![allow(dead_code)] // not every test program uses all of it

use striate_formats::{ModelFile, Provenance};
use striate_graph::{Engine, Mode, Params, trace};
use striate_image::Preprocess;
use striate_nn::{BatchNorm2d, Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential};

/// Convolution, batch norm, pooling and a linear layer on 8 x 8 images, 3 classes.
pub(crate) fn model() -> ModelFile {
    let net = Sequential::new()
        .append(Conv2d::new(1, 4, 3).padding(1))
        .append(BatchNorm2d::new(4))
        .append(ReLU::new())
        .append(MaxPool2d::new(2))
        .append(Flatten::new())
        .append(Linear::new(4 * 4 * 4, 3));
    let graph = trace(&net, Mode::Eval, [1, 8, 8]).unwrap();
    let params = Params::init(&graph, 3);
    let preprocess = Preprocess::new([1, 8, 8], &[0.25], &[0.5]).unwrap();
    let provenance = Provenance {
        striate_version: "0.1.0".into(),
        model: "small".into(),
        data: "none".into(),
        data_sha256: "00".into(),
        seed: 3,
        epochs: 0,
        command: "striate train".into(),
        data_source: None,
    };
    let classes = ["cat", "dog", "猫"].map(String::from).to_vec();
    ModelFile::new(graph, params, preprocess, classes, provenance, &Engine::new(Some(2)).unwrap()).unwrap()
}

/// The header as text, and the arrays.
pub(crate) fn split(bytes: &[u8]) -> (String, Vec<u8>) {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = String::from_utf8(bytes[8..8 + length].to_vec()).unwrap();
    (header, bytes[8 + length..].to_vec())
}

/// A file of this header and these arrays.
pub(crate) fn join(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

/// The file with the right hash for whatever it holds now, as somebody who means harm would make it; `None` when it is no
/// safetensors file.
pub(crate) fn signed(bytes: &[u8]) -> Option<Vec<u8>> {
    use sha2::{Digest, Sha256};
    let (_, header) = safetensors::SafeTensors::read_metadata(bytes).ok()?;
    let tensors = safetensors::SafeTensors::deserialize(bytes).ok()?;
    let entries = header.metadata().clone()?;
    let mut hasher = Sha256::new();
    let mut text = |text: &str| {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text);
    };
    for (key, value) in entries.iter().collect::<std::collections::BTreeMap<_, _>>() {
        if key != "striate.sha256" {
            text(key);
            text(value);
        }
    }
    for name in header.offset_keys() {
        let tensor = tensors.tensor(&name).ok()?;
        hasher.update((name.len() as u64).to_le_bytes());
        hasher.update(&name);
        tensor.shape().iter().for_each(|&size| hasher.update((size as u64).to_le_bytes()));
        hasher.update(tensor.data());
    }
    let hash = striate_base::hex(&hasher.finalize());
    let (header, data) = split(bytes);
    Some(join(&header.replace(entries.get("striate.sha256")?.as_str(), &hash), &data))
}
