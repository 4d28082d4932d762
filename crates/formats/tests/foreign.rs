//! safetensors of other programs: any float type, wrappers' prefixes, and what is no weight.

use safetensors::tensor::{Dtype, TensorView};
use striate_formats::{Container, Problem, Weights};

fn file(arrays: &[(&str, Dtype, Vec<usize>, Vec<u8>)]) -> Vec<u8> {
    let views = arrays
        .iter()
        .map(|(name, dtype, shape, data)| (*name, TensorView::new(*dtype, shape.clone(), data).unwrap()));
    safetensors::serialize(views, None).unwrap()
}

#[test]
fn every_float_type_becomes_f32() {
    let expected = [1.0_f32, -2.5, 0.0, 640.0];
    let f64s = expected.iter().flat_map(|v| f64::from(*v).to_le_bytes()).collect();
    let f32s = expected.iter().flat_map(|v| v.to_le_bytes()).collect();
    // The upper half of an f32 is a bf16; f16 by hand.
    let bf16s = expected.iter().flat_map(|v| v.to_le_bytes()[2..].to_vec()).collect();
    let f16s = [0x3c00_u16, 0xc100, 0x0000, 0x6100].iter().flat_map(|v| v.to_le_bytes()).collect();
    let bytes = file(&[
        ("module.a", Dtype::F64, vec![2, 2], f64s),
        ("module.b", Dtype::F32, vec![4], f32s),
        ("module.c", Dtype::BF16, vec![4, 1], bf16s),
        ("module.d", Dtype::F16, vec![1, 4], f16s),
        ("module.empty", Dtype::F16, vec![0, 7], vec![]),
        ("module.bn.num_batches_tracked", Dtype::I64, vec![], vec![9, 0, 0, 0, 0, 0, 0, 0]),
        ("module.index", Dtype::U8, vec![2], vec![1, 2]),
    ]);
    let weights = Weights::from_bytes(&bytes).unwrap();
    assert_eq!(
        weights.tensors.keys().collect::<Vec<_>>(),
        ["module.a", "module.b", "module.c", "module.d", "module.empty"]
    );
    for (name, shape) in [("a", &[2, 2][..]), ("b", &[4]), ("c", &[4, 1]), ("d", &[1, 4])] {
        let array = &weights.tensors[&format!("module.{name}")];
        assert_eq!(
            (array.shape(), array.iter().copied().collect::<Vec<_>>()),
            (shape, expected.to_vec()),
            "{name}"
        );
    }
    assert_eq!(weights.tensors["module.empty"].shape(), [0, 7]);
    assert_eq!(weights.container, Container::Safetensors);
    assert_eq!(
        weights.notes,
        ["left out, because they are not arrays of f64, f32, f16 or bf16: module.index (U8)"]
    );
}

#[test]
fn a_checkpoint_of_ours_is_more_than_weights() {
    let bytes = striate_formats::Checkpoint::default().to_bytes().unwrap();
    assert!(matches!(
        Weights::from_bytes(&bytes),
        Err(Problem::Kind { expected: "model", got: "checkpoint" })
    ));
}

/// Header lengths whose first bytes are those of a pickle (640 = 80 02), or of a zip.
#[test]
fn a_header_of_any_length_is_recognized() {
    let read = |length: usize| {
        let header = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        let mut bytes = (length as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.resize(8 + length, b' ');
        bytes.extend(1.5_f32.to_le_bytes());
        Weights::from_bytes(&bytes)
    };
    for low in [632, 640, 648, 896, 1152, 1408, 0x1f8b, 0x4b50] {
        for length in [low, low + 0x1_0000, low + 0x20_0000] {
            let weights = read(length).unwrap_or_else(|error| panic!("a header of {length} bytes: {error}"));
            assert_eq!((weights.tensors["a"][0], weights.container), (1.5, Container::Safetensors));
        }
    }
    // Cut short or too long, it is still told by what it is.
    let long = [&0x0403_4b50_u64.to_le_bytes()[..], b"{", &[b' '; 600]].concat();
    assert!(matches!(
        Weights::from_bytes(&long),
        Err(Problem::HeaderLength { header_bytes: 0x0403_4b50, .. })
    ));
}

/// 8-bit floats are told by what they are: their values need scales that no rule puts into the file.
#[test]
fn eight_bit_floats_are_listed_and_not_read() {
    let bytes = file(&[("a", Dtype::F8_E4M3, vec![2], vec![0x38, 0x40])]);
    let weights = Weights::from_bytes(&bytes).unwrap();
    assert_eq!(weights.tensors.len(), 0);
    assert_eq!(
        weights.notes,
        ["left out, because they are not arrays of f64, f32, f16 or bf16: a (F8_E4M3)"]
    );
}

#[test]
fn archives_and_images_are_told_by_what_they_are() {
    for (head, told) in [
        (&b"7z\xbc\xaf'\x1c"[..], "an archive"),
        (b"Rar!\x1a\x07", "an archive"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\x89PNG", "an image"),
        (b"\xff\xd8\xff", "an image"),
        (b"GIF89a", "an image"),
        (b"<?xml version", "a web page"),
        (b"<!DOCTYPE html>", "a web page"),
        (b"<HTML>", "a web page"),
    ] {
        let bytes = [head, &[b'.'; 40]].concat();
        let error = Weights::from_bytes(&bytes).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(told), "{head:?}: {error}");
    }
}
