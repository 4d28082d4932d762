//! Files of format 1 load for good. The two in `format_1/` were written by version 0.1.0 and are never made again.

use striate_formats::ModelFile;
use striate_graph::Engine;
use striate_image::Preprocess;

/// Two convolutions, batch norm, and two linear layers on 8 x 8 images, 3 classes: what `trace` leaves.
const WHOLE: &[u8] = include_bytes!("format_1/whole.safetensors");
/// The same network and parameters with its first convolution, ReLU and pool as one `conv_relu_pool`: no program of ours wrote
/// that, but one that put its graph together by itself could.
const JOINED: &[u8] = include_bytes!("format_1/joined.safetensors");

/// What both said of their four golden images when they were written.
const LOGITS: [f32; 12] = [
    0.197_003_98,
    0.167_711_96,
    -0.276_782_57,
    0.208_618_4,
    0.146_958_87,
    -0.265_965_82,
    0.210_480_6,
    0.171_883_37,
    -0.260_052_14,
    0.200_545_37,
    0.169_590_13,
    -0.271_654_67,
];

#[test]
fn files_of_the_first_version_say_what_they_said() {
    for bytes in [WHOLE, JOINED] {
        let model = ModelFile::from_bytes(bytes).unwrap();
        assert_eq!(model.golden.logits, LOGITS);
        let off = model.verify(&Engine::new(Some(2)).unwrap()).unwrap();
        assert!(off < 1e-6, "{off}: a few roundings of sums of 96 products");
        assert_eq!(model.preprocess, Preprocess::new([1, 8, 8], &[0.25], &[0.5]).unwrap());
        assert_eq!(model.classes, ["cat", "dog", "bird"]);
        let again = ModelFile::from_bytes(&model.to_bytes().unwrap()).unwrap();
        assert_eq!(again, model);
    }
}

#[test]
fn what_was_traced_is_written_as_it_was() {
    assert_eq!(ModelFile::from_bytes(WHOLE).unwrap().to_bytes().unwrap(), WHOLE);
}

#[test]
fn what_was_joined_is_read_as_its_parts() {
    let (whole, joined) = (ModelFile::from_bytes(WHOLE).unwrap(), ModelFile::from_bytes(JOINED).unwrap());
    let operations =
        |model: &ModelFile| model.graph.nodes.iter().map(|node| node.op.clone()).collect::<Vec<_>>();
    assert_eq!(operations(&joined), operations(&whole));
    assert_eq!((&joined.params, joined.graph.output), (&whole.params, whole.graph.output));
}
