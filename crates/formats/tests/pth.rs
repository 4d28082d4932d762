//! `.pth` files that torch wrote (`golden/pth.py` made them), in every container, whole and damaged.

#[path = "common/torch.rs"]
mod torch;

use expect_test::{Expect, expect};
use ndarray::ArrayD;
use std::path::{Path, PathBuf};
use striate_formats::{Container, FormatError, Problem, PthError, Weights, read_weights};
use torch::{entries, floats, one_tensor, pth_legacy, pth_zip, tar_members, tar_of, zip_of};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// Value i of tensor number k in the golden files, exact in every float type.
fn value(k: usize, i: usize) -> f32 {
    ((7 * i + 13 * k) % 31) as f32 / 8.0 - 15.0 / 8.0
}

/// A tensor of the golden files: its shape, its number, and which of the numbered values stands at (row-major) place i.
type Expected = (&'static str, &'static [usize], usize, fn(usize) -> usize);

const FLOATS: [Expected; 12] = [
    ("conv.weight", &[4, 3, 3, 3], 0, |i| i),
    ("conv.bias", &[4], 1, |i| i),
    ("half", &[5, 2], 2, |i| i),
    ("brain", &[2, 5], 3, |i| i),
    // [3, 5] transposed
    ("transposed", &[5, 3], 4, |i| i % 3 * 5 + i / 3),
    // [2, 3, 4] as [4, 2, 3]
    ("permuted", &[4, 2, 3], 5, |i| i % 6 * 4 + i / 6),
    ("middle", &[3, 4], 6, |i| i + 8),
    // columns 2 and 3, and row 1, of one [4, 6]
    ("column", &[4, 2], 7, |i| i / 2 * 6 + 2 + i % 2),
    ("row", &[6], 7, |i| i + 6),
    ("scalar", &[], 8, |i| i),
    ("empty", &[0, 3], 9, |i| i),
    ("parameter", &[3, 1], 10, |i| i),
];

fn check_values(weights: &Weights, without: &[&str]) {
    let expected: Vec<_> = FLOATS.iter().filter(|(name, ..)| !without.contains(name)).collect();
    assert_eq!(weights.tensors.len(), expected.len(), "{:?}", weights.tensors.keys());
    for &&(name, shape, k, place) in &expected {
        let array = &weights.tensors[name];
        assert_eq!(array.shape(), shape, "{name}");
        assert!(array.is_standard_layout(), "{name}");
        let values: Vec<f32> = (0..array.len()).map(|i| value(k, place(i))).collect();
        assert_eq!(array.iter().copied().collect::<Vec<_>>(), values, "{name}");
    }
}

#[test]
fn every_container_gives_the_same_arrays() {
    for (name, container) in [
        ("zip.pth", Container::PthZip),
        ("protocol4.pth", Container::PthZip),
        ("legacy.pth", Container::PthLegacy),
    ] {
        let weights = read_weights(&golden(name)).unwrap();
        assert_eq!(weights.container, container, "{name}");
        check_values(&weights, &[]);
        assert_eq!(
            weights.notes,
            ["left out, as they are no arrays of floats: table (I32), mask (BOOL)"],
            "the counter of batches needs no note"
        );
    }
    // torch 0.1 had neither bfloat16 nor bool.
    let weights = read_weights(&golden("tar.pth")).unwrap();
    assert_eq!(weights.container, Container::PthTar);
    check_values(&weights, &["brain"]);
}

#[test]
fn a_training_checkpoint_is_unwrapped() {
    let weights = read_weights(&golden("wrapped.pth")).unwrap();
    check_values(&weights, &[]);
    assert_eq!(
        weights.notes,
        [
            "taken from `state_dict`",
            "the prefix `module.` was taken off",
            "left out, as they are no arrays of floats: module.table (I32), module.mask (BOOL)"
        ]
    );
}

/// The real thing: the package's own file, where it was fetched.
#[test]
fn the_real_legacy_file_has_its_numbers() {
    let Some(folder) = std::env::var_os("STRIATE_PHOTOS") else {
        eprintln!("NOT RUN: STRIATE_PHOTOS names no folder; tools/photos/fetch.py FOLDER makes one");
        return;
    };
    let weights = read_weights(&Path::new(&folder).join("efficientnet-lite0-57934424.pth")).unwrap();
    assert_eq!((weights.container, weights.tensors.len()), (Container::PthLegacy, 247));
    let trained = |name: &str| !name.contains("running_");
    let count: usize =
        weights.tensors.iter().filter(|(name, _)| trained(name)).map(|(_, array)| array.len()).sum();
    assert_eq!(count, 4_652_008);
    assert_eq!(weights.tensors["_fc.weight"].shape(), [1000, 1280]);
    assert_eq!(weights.notes, [""; 0]);
}

#[test]
fn cut_short_anywhere_it_is_refused() {
    for name in ["zip.pth", "legacy.pth", "tar.pth"] {
        let bytes = std::fs::read(golden(name)).unwrap();
        // A tar may end in any number of empty blocks.
        let whole = if name == "tar.pth" { 6144 } else { bytes.len() };
        for length in 0..whole {
            assert!(Weights::from_bytes(&bytes[..length]).is_err(), "{length} bytes of {name}");
        }
        assert!(Weights::from_bytes(&bytes[..whole]).is_ok(), "{name}");
        if name != "tar.pth" {
            let longer = [&bytes[..], b"more"].concat();
            assert!(Weights::from_bytes(&longer).is_err(), "{name}");
        }
    }
}

/// Any single bit of a zip: refused, or of no importance (time stamps, padding).
#[test]
fn damaged_data_are_noticed_in_a_zip() {
    let honest = pth_zip(&one_tensor("fc.weight", &[2, 3]), &[("0", floats(6))]);
    let expected = Weights::from_bytes(&honest).unwrap();
    for bit in 0..8 * honest.len() {
        let mut damaged = honest.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        if let Ok(weights) = Weights::from_bytes(&damaged) {
            assert_eq!(weights, expected, "bit {bit}");
        }
    }
}

#[test]
fn wrappers_and_prefixes() {
    let read = |pickle: Vec<u8>| Weights::from_bytes(&pth_zip(&pickle, &[("0", floats(2))]));
    let asm = |text: &str| torch::Asm::new().raw(b"}").text(text).raw(b"}");
    let two = |asm: torch::Asm, name: &str| {
        asm.text(name).tensor(|a| a.storage("FloatStorage", "0", 2), 0, &[2], &[1]).raw(b"s")
    };
    // Averaged weights go before plain ones, and wrappers may nest.
    let both = two(asm("model"), "raw").raw(b"s").text("state_dict_ema").raw(b"}").text("model").raw(b"}");
    let weights = read(two(both, "_orig_mod.module.ema").raw(b"ss").stop()).unwrap();
    assert_eq!(weights.tensors.keys().collect::<Vec<_>>(), ["ema"]);
    assert_eq!(
        weights.notes,
        [
            "taken from `state_dict_ema.model`",
            "the prefix `module.` was taken off",
            "the prefix `_orig_mod.` was taken off"
        ]
    );
    // Two names that become one.
    let clash = two(two(torch::Asm::new().raw(b"}"), "a"), "module.a").stop();
    expect!["a: listed twice"].assert_eq(&read(clash).unwrap_err().to_string());
    // A dict that holds itself ends.
    let cycle = torch::Asm::new().raw(b"}q\x00").text("model").raw(b"h\x00s").stop();
    expect!["no dictionary of tensors in it: a dict of 1 entries: model; save the weights with torch.save(model.state_dict(), FILE)"]
        .assert_eq(&read(cycle).unwrap_err().to_string());
}

#[test]
fn other_files_are_told_apart() {
    let check = |bytes: &[u8], expected: Expect| {
        expected.assert_eq(&Weights::from_bytes(bytes).unwrap_err().to_string());
    };
    check(
        b"",
        expect!["an empty file, of 0 bytes; expected weights: .safetensors, or a .pth that torch.save wrote"],
    );
    check(
        b"<!DOCTYPE html><title>403</title>",
        expect![
            "a web page: the download gave an error instead of the file, of 33 bytes; expected weights: .safetensors, or a .pth that torch.save wrote"
        ],
    );
    check(
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
        expect![
            "a pointer of Git LFS: fetch what it points to with `git lfs pull`, of 57 bytes; expected weights: .safetensors, or a .pth that torch.save wrote"
        ],
    );
    check(
        &torch::Asm::new().int(5).stop(),
        expect!["the first pickle: expected torch's magic number 0x1950a86a20f9469cfc6c, got another pickle"],
    );
    let script =
        [entries(&one_tensor("a", &[1]), &[]), vec![torch::Entry::new("archive/constants.pkl", b"")]];
    check(
        &zip_of(&script.concat()),
        expect![
            "a TorchScript archive, which holds code; striate reads weights: torch.save(torch.jit.load(FILE).state_dict(), OTHER)"
        ],
    );
    check(
        &zip_of(&[torch::Entry::new("word/document.xml", b"<w/>")]),
        expect!["the zip: expected one entry NAME/data.pkl, got 1 others"],
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("resnet18.pth");
    std::fs::write(&file, pth_zip(&torch::Asm::new().global("os", "system").stop(), &[])).unwrap();
    let error = read_weights(&file).unwrap_err();
    expect!["FOLDER/resnet18.pth: data.pkl, byte 2: it asks for `os.system`, which is not among the few names that weights need; nothing was run. If you trust where it comes from, save the weights alone: torch.save(model.state_dict(), FILE)"]
        .assert_eq(&error.to_string().replace(&folder.path().display().to_string(), "FOLDER"));
    match error {
        FormatError::Content { problem: Problem::Pth(error), .. } => {
            assert!(matches!(*error, PthError::Pickle { .. }));
        }
        other => panic!("{other}"),
    }
}

#[test]
fn the_hand_made_containers_are_honest() {
    let one = one_tensor("fc.weight", &[2, 3]);
    let expected = ArrayD::from_shape_vec(vec![2, 3], (0..6).map(|i| i as f32).collect()).unwrap();
    let tar = torch::Asm::new().raw(b"}").text("fc.weight").int(8).raw(b"Qs").stop();
    for bytes in [
        pth_zip(&one, &[("0", floats(6))]),
        pth_legacy(&one, &[("0", 4, floats(6))]),
        tar_of(&tar_members(&tar, 6, &[2, 3])),
    ] {
        assert_eq!(Weights::from_bytes(&bytes).unwrap().tensors["fc.weight"], expected);
    }
}
