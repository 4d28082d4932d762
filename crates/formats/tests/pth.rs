//! `.pth` files that torch wrote (`golden/pth.py` made them), in every container, whole and damaged.

#[path = "common/torch.rs"]
mod torch;

use expect_test::{Expect, expect};
use ndarray::ArrayD;
use std::path::{Path, PathBuf};
use striate_formats::{Container, FormatError, Problem, PthError, Weights, WeightsFile, read_weights};
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
            ["left out, because they are not arrays of f64, f32, f16 or bf16: table (I32), mask (BOOL)"],
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
    assert!(weights.tensors.keys().all(|name| name.starts_with("module.")));
    assert_eq!(
        weights.notes,
        [
            "the weights were taken from `state_dict`",
            "left out, because they are not arrays of f64, f32, f16 or bf16: module.table (I32), module.mask (BOOL)"
        ]
    );
    let tensors = weights.tensors.into_iter().map(|(name, a)| (name["module.".len()..].to_string(), a));
    let mut weights = read_weights(&golden("zip.pth")).unwrap();
    weights.tensors = tensors.collect();
    check_values(&weights, &[]);
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

/// `{name: tensor of two values}` behind what `asm` has, left on the stack.
fn dict_of(asm: torch::Asm, name: &str) -> torch::Asm {
    asm.raw(b"}").text(name).tensor(|a| a.storage("FloatStorage", "0", 2), 0, &[2], &[1]).raw(b"s")
}

fn read_pickle(pickle: Vec<u8>) -> Result<Weights, Problem> {
    Weights::from_bytes(&pth_zip(&pickle, &[("0", floats(2))]))
}

/// A dict of these entries, each a dict of one tensor of that name.
fn wrapped(entries: &[(&str, &str)]) -> Vec<u8> {
    let all = entries
        .iter()
        .fold(torch::Asm::new().raw(b"}"), |asm, (key, name)| dict_of(asm.text(key), name).raw(b"s"));
    all.stop()
}

#[test]
fn the_plainest_name_goes_before_averages_and_never_by_position() {
    for order in [["model", "model_ema", "best"], ["best", "model_ema", "model"]] {
        let weights = read_pickle(wrapped(&order.map(|key| (key, key)))).unwrap();
        assert_eq!(weights.tensors.keys().collect::<Vec<_>>(), ["model"]);
        assert_eq!(weights.notes, ["the weights were taken from `model`"]);
    }
    // An only one may be called anything.
    for key in ["net", "ema_state_dict", "what I trained", "model_state"] {
        assert_eq!(read_pickle(wrapped(&[(key, "w")])).unwrap().tensors.len(), 1, "{key}");
    }
    // Wrappers nest, and averages are known by any of the keys.
    let nested =
        dict_of(torch::Asm::new().raw(b"}").text("state_dict_ema").raw(b"}").text("model"), "a").raw(b"ss");
    let both = dict_of(nested.text("state_dict"), "b").raw(b"s").stop();
    assert_eq!(read_pickle(both).unwrap().tensors.keys().collect::<Vec<_>>(), ["b"]);
    // Nothing tells which of these is meant.
    expect![
        "the file contains several dictionaries of arrays: generator, discriminator; choose one by its key"
    ]
    .assert_eq(&read_pickle(wrapped(&[("generator", "w"), ("discriminator", "w")])).unwrap_err().to_string());
    // A dict that holds itself ends.
    let cycle = torch::Asm::new().raw(b"}q\x00").text("model").raw(b"h\x00s").stop();
    expect!["the file contains no dictionary of tensors: a dict of 1 entries: model; no code was run; save the weights with torch.save(model.state_dict(), FILE)"]
        .assert_eq(&read_pickle(cycle).unwrap_err().to_string());
}

/// `{'epoch', 'state_dict', 'best_acc1': tensor}`, as PyTorch's own ImageNet example saves it.
#[test]
fn a_tensor_beside_the_state_dict_does_not_hide_it() {
    let state = dict_of(torch::Asm::new().raw(b"}").text("epoch").int(3).raw(b"s").text("state_dict"), "a");
    let state = state.text("b").tensor(|a| a.storage("FloatStorage", "0", 2), 1, &[1], &[1]).raw(b"ss");
    let best = state.text("best_acc1").tensor(|a| a.storage("FloatStorage", "1", 1), 0, &[], &[]).raw(b"s");
    let bytes = pth_zip(&best.stop(), &[("0", floats(2)), ("1", floats(1))]);
    assert_eq!(Weights::from_bytes(&bytes).unwrap().tensors.keys().collect::<Vec<_>>(), ["a", "b"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.pth.tar");
    std::fs::write(&path, bytes).unwrap();
    let mut file = WeightsFile::open(&path).unwrap();
    let keys: Vec<&str> = file.dicts().iter().map(|dict| &dict.key[..]).collect();
    assert_eq!(keys, ["", "state_dict"]);
    assert_eq!(file.dicts()[1].shapes["a"], [2]);
    assert_eq!(file.dicts()[0].others["epoch"], "an int");
    let first = file.read(0).unwrap();
    assert_eq!(first.tensors.keys().collect::<Vec<_>>(), ["best_acc1"]);
    assert_eq!(
        first.notes,
        [
            "left out, because they are not arrays of f64, f32, f16 or bf16: epoch (an int), state_dict (a dict)"
        ]
    );
}

/// What Python would make by running something is data without a meaning, and nothing is run.
#[test]
fn unknown_objects_beside_the_weights_are_passed_over() {
    let beside = |value: &dyn Fn(torch::Asm) -> torch::Asm| {
        let state = dict_of(torch::Asm::new().raw(b"}").text("model"), "w").raw(b"s");
        read_pickle(value(state.text("other")).raw(b"s").stop()).unwrap()
    };
    let call = |module: &'static str, name: &'static str| {
        move |asm: torch::Asm| asm.global(module, name).raw(b"(").text("x").raw(b"tR")
    };
    for value in [
        &call("numpy._core.multiarray", "_reconstruct") as &dyn Fn(torch::Asm) -> torch::Asm,
        &call("pathlib", "PosixPath"),
        &call("__builtin__", "set"),
        &call("datetime", "datetime"),
        &|asm| asm.global("torch", "float64"),
        // An array of NumPy has its values set by BUILD, a deque its items, a dict of its own kind its entries.
        &|asm| call("numpy", "ndarray")(asm).raw(b"(K\x01N\x89tb"),
        &|asm| call("collections", "deque")(asm).raw(b"Na(NNe"),
        &|asm| call("addict", "Dict")(asm).text("k").raw(b"Ns"),
        &|asm| {
            asm.global("collections", "defaultdict")
                .global("__builtin__", "list")
                .raw(b"\x85R")
                .text("loss")
                .raw(b"]s")
        },
        &|asm| asm.global("a", "B").raw(b")}\x92"),
        // What a call gave, called; a set, a frozen set, a long number, bytes that can change.
        &|asm| call("operator", "attrgetter")(asm).raw(b")R"),
        &|asm| asm.raw(b"\x8f(NN\x90"),
        &|asm| asm.raw(b"(NN\x91"),
        &|asm| asm.raw(&[0x8a, 17]).raw(&[7; 17]),
        &|asm| asm.raw(&[0x96, 2, 0, 0, 0, 0, 0, 0, 0, 1, 2]),
    ] {
        assert_eq!(beside(value).tensors["w"].len(), 2);
    }
    // A reference out of the pickle, of a kind that is not known.
    let module = |asm: torch::Asm| {
        asm.raw(b"(").text("module").global("a", "B").text("b.py").text("code").raw(b"tQ)\x81")
    };
    assert_eq!(beside(&module).tensors.len(), 1);
    // Reached as a weight, it is said to be what it is.
    let state =
        dict_of(torch::Asm::new(), "w").text("v").global("os", "system").raw(b"(").text("id").raw(b"tRs");
    assert_eq!(
        read_pickle(state.stop()).unwrap().notes,
        ["left out, because they are not arrays of f64, f32, f16 or bf16: v (an object of `os.system`)"]
    );
}

/// `torch.save(model)` rather than its state dict: modules are objects whose attributes hold parameters and other modules.
#[test]
fn a_whole_module_gives_its_state_dict() {
    let module = |asm: torch::Asm, name: &str| asm.global("shop.nets", name).raw(b")\x81}");
    let tensor = |asm: torch::Asm, name: &str, offset: i64| {
        asm.text(name).tensor(|a| a.storage("FloatStorage", "0", 2), offset, &[1], &[1]).raw(b"s")
    };
    let inner = module(
        module(torch::Asm::new(), "Net")
            .text("_parameters")
            .raw(b"}s")
            .text("_modules")
            .raw(b"}")
            .text("conv"),
        "Conv",
    );
    let inner = tensor(inner.text("_parameters").raw(b"}"), "weight", 0).text("bias").raw(b"Nss");
    let inner = tensor(inner.text("_buffers").raw(b"}"), "mean", 1).raw(b"s").text("_modules").raw(b"}s");
    let whole = inner.raw(b"bss").text("_buffers").raw(b"}sb");
    let check = |pickle: Vec<u8>| {
        let weights = read_pickle(pickle).unwrap();
        assert_eq!(weights.tensors.keys().collect::<Vec<_>>(), ["conv.mean", "conv.weight"]);
        assert_eq!((weights.tensors["conv.mean"][0], weights.tensors["conv.weight"][0]), (1.0, 0.0));
    };
    check(whole.clone().stop());
    let inside = torch::Asm::new().raw(b"}").text("model").raw(&whole.0[2..]).raw(b"s").stop();
    check(inside);
    // A module that is its own child.
    let cycle = torch::Asm::new()
        .global("a", "B")
        .raw(b")\x81q\x00}")
        .text("_modules")
        .raw(b"}")
        .text("me")
        .raw(b"h\x00ssb")
        .stop();
    assert!(read_pickle(cycle).unwrap_err().to_string().contains("expected at most 20000 modules"));
}

#[test]
fn other_files_are_told_apart() {
    let check = |bytes: &[u8], expected: Expect| {
        expected.assert_eq(&Weights::from_bytes(bytes).unwrap_err().to_string());
    };
    check(
        b"",
        expect![
            "expected weights (a .safetensors file, or a .pth file that torch.save wrote), got an empty file (0 bytes)"
        ],
    );
    check(
        b"<!DOCTYPE html><title>403</title>",
        expect![
            "expected weights (a .safetensors file, or a .pth file that torch.save wrote), got a web page, so the download gave an error instead of the file (33 bytes)"
        ],
    );
    check(
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
        expect![
            "expected weights (a .safetensors file, or a .pth file that torch.save wrote), got a pointer of Git LFS, whose file `git lfs pull` fetches (57 bytes)"
        ],
    );
    check(
        &torch::Asm::new().int(5).stop(),
        expect![
            "the first pickle: expected torch's magic number 0x1950a86a20f9469cfc6c, as torch.save writes it, got a pickle of an int"
        ],
    );
    // The code of TorchScript is compressed.
    let code = torch::Entry { method: 8, ..torch::Entry::new("archive/code/__torch__.py", b"x") };
    let program = |extra: torch::Entry| {
        zip_of(&[entries(&one_tensor("a", &[1]), &[]), vec![code.clone(), extra]].concat())
    };
    check(
        &program(torch::Entry::new("archive/constants.pkl", b"")),
        expect![
            "this is a TorchScript archive, which holds a program; striate reads weights, as torch.save(torch.jit.load(FILE).state_dict(), OTHER) saves them"
        ],
    );
    check(
        &zip_of(&[
            torch::Entry::new("net/archive_format", b"pt2"),
            torch::Entry::new("net/models/model.json", b"{}"),
        ]),
        expect![
            "this is an archive of torch.export, which holds a program; striate reads weights, as torch.save(torch.export.load(FILE).state_dict, OTHER) saves them"
        ],
    );
    check(
        &zip_of(&[torch::Entry::new("conv1.weight.npy", b"\x93NUMPY")]),
        expect![
            "this is an archive of NumPy; striate reads weights, as safetensors.numpy.save_file(dict(numpy.load(FILE)), OTHER) saves them"
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
    expect!["FOLDER/resnet18.pth: the file contains no dictionary of tensors: the name `os.system`; no code was run; save the weights with torch.save(model.state_dict(), FILE)"]
        .assert_eq(&error.to_string().replace(&folder.path().display().to_string(), "FOLDER"));
    match error {
        FormatError::Content { problem: Problem::Pth(error), .. } => {
            assert!(matches!(*error, PthError::NoStateDict { .. }));
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

/// Zips that are encrypted, patched, or one part of several.
#[test]
fn zips_of_another_kind_are_told() {
    let pickle = torch::one_tensor("a", &[1]);
    let good = torch::entries(&pickle, &[("0", torch::floats(1))]);
    assert!(Weights::from_bytes(&torch::zip_of(&good)).is_ok());
    for flag in [1, 1 << 5, 1 << 6, 1 << 13] {
        let mut entries = good.clone();
        entries.iter_mut().for_each(|entry| entry.flags = flag);
        let error = Weights::from_bytes(&torch::zip_of(&entries)).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("encrypted") || error.contains("patch"), "{flag:#x}: {error}");
    }
    let bytes = torch::zip_of(&good);
    let end = bytes.len() - 22;
    // Numbers of disks, entries here and in all, length of the comment.
    for at in [4, 6, 8, 10, 20] {
        let mut bytes = bytes.clone();
        bytes[end + at] += 1;
        let error = Weights::from_bytes(&bytes).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("end record of a zip in one part"), "byte {at}: {error}");
    }
}
