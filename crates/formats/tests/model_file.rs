//! What was saved comes back to the bit, and whatever is wrong with a file is said.

mod common;

use common::{join, model, split};
use expect_test::{Expect, expect};
use ndarray::{ArrayD, IxDyn};
use std::fs;
use striate_formats::{Checkpoint, ModelFile, Problem, Unverified, limits};
use striate_graph::{Arithmetic, Dtype, Engine, Winograd};

fn check(bytes: &[u8], expected: &Expect) {
    let error = ModelFile::from_bytes(bytes).expect_err("a damaged file is refused");
    expected.assert_eq(&error.to_string());
}

/// The file with a change to the text of its header.
fn edited(from: &str, to: &str) -> Vec<u8> {
    let (header, data) = split(&model().to_bytes().unwrap());
    assert!(header.contains(from), "{header}");
    join(&header.replacen(from, to, 1), &data)
}

/// The file with a change to the model, past the checks of the writer: those of parameters and golden logits.
fn with_params(change: impl FnOnce(&mut ModelFile)) -> Vec<u8> {
    let mut changed = model();
    change(&mut changed);
    // A checkpoint takes any arrays; its metadata is then replaced by that of the model.
    let container = Checkpoint { params: changed.params, ..Checkpoint::default() }.to_bytes().unwrap();
    let (theirs, data) = split(&container);
    let (ours, _) = split(&model().to_bytes().unwrap());
    let end_of_metadata = |header: &str| header.find("},\"").unwrap() + 1;
    let tensors = theirs[end_of_metadata(&theirs)..].replace("\"params.", "\"");
    join(&format!("{}{tensors}", &ours[..end_of_metadata(&ours)]), &data)
}

#[test]
fn a_model_comes_back_to_the_bit_and_makes_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model().save(&path).unwrap();
    let loaded = ModelFile::load(&path).unwrap();
    assert_eq!(loaded, model());
    assert_eq!(loaded.to_bytes().unwrap(), fs::read(&path).unwrap());
    assert_eq!(loaded.verify(&Engine::new(Some(2)).unwrap()).unwrap(), 0.0);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays");
}

#[test]
fn a_network_in_training_is_no_model() {
    check(
        &edited(r#"\"training\":false"#, r#"\"training\":true"#),
        &expect![
            "1 is in training mode, where its output for an image depends on other images or on chance; save the network in inference mode (train writes model.safetensors)"
        ],
    );
}

/// The bytes of a model may not change from one version to the next without a reason.
#[test]
fn the_file_is_what_it_was() {
    let (header, _) = split(&model().to_bytes().unwrap());
    let start = header.find("\"0.weight\"").unwrap();
    expect![[r#""0.weight":{"dtype":"F32","shape":[4,1,3,3],"data_offsets":[0,144]},"0.bias":{"dtype":"F32","shape":[4],"data_offsets":[144,160]},"1.weight":{"dtype":"F32","shape":[4],"data_offsets":[160,176]},"1.bias":{"dtype":"F32","shape":[4],"data_offsets":[176,192]},"1.running_mean":{"dtype":"F32","shape":[4],"data_offsets":[192,208]},"1.running_var":{"dtype":"F32","shape":[4],"data_offsets":[208,224]},"5.weight":{"dtype":"F32","shape":[3,64],"data_offsets":[224,992]},"5.bias":{"dtype":"F32","shape":[3],"data_offsets":[992,1004]}}"#]].assert_eq(header[start..].trim_end());
}

#[test]
fn other_programs_read_it() {
    let bytes = model().to_bytes().unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut names = tensors.names();
    names.sort_unstable();
    assert_eq!(
        names,
        ["0.bias", "0.weight", "1.bias", "1.running_mean", "1.running_var", "1.weight", "5.bias", "5.weight"]
    );
    let weight = tensors.tensor("5.weight").unwrap();
    assert_eq!((weight.shape(), weight.data().len()), (&[3, 64][..], 4 * 3 * 64));
    let first = f32::from_le_bytes(weight.data()[..4].try_into().unwrap());
    assert_eq!(first, model().params.get("5.weight").unwrap()[[0, 0]]);
}

#[test]
fn cut_short_anywhere_it_is_refused() {
    let bytes = model().to_bytes().unwrap();
    for length in (0..bytes.len()).step_by(7).chain([bytes.len() - 1]) {
        assert!(ModelFile::from_bytes(&bytes[..length]).is_err(), "{length} bytes of {}", bytes.len());
    }
    check(
        &[],
        &expect![
            "0 bytes are too few for a safetensors file; the file is cut short, or it is of another kind"
        ],
    );
    check(
        &bytes[..100],
        &expect![
            "the header says that it is 2544 bytes long, in a file of 100 bytes and with a limit of 8388608; the file is cut short, or it is not a safetensors file"
        ],
    );
    check(
        &bytes[..bytes.len() - 10],
        &expect![
            "the header describes 1004 bytes of arrays, but the file holds 994; it was cut short: copy or download it again"
        ],
    );
    check(
        &[&bytes[..], b"more"].concat(),
        &expect![
            "the header describes 1004 bytes of arrays, but the file holds 1008; something was appended to it"
        ],
    );
}

#[test]
fn a_header_that_lies_is_refused() {
    check(
        &u64::MAX.to_le_bytes(),
        &expect![
            "the header says that it is 18446744073709551615 bytes long, in a file of 8 bytes and with a limit of 8388608; the file is cut short, or it is not a safetensors file"
        ],
    );
    check(
        b"GIF89a, not a model at all",
        &expect![
            "the header says that it is 2318334806574123335 bytes long, in a file of 26 bytes and with a limit of 8388608; the file is cut short, or it is not a safetensors file"
        ],
    );
    check(
        &join("{\"a\": 1", &[]),
        &expect![
            "the header is damaged: EOF while parsing an object at line 1 column 7; copy or download the file again"
        ],
    );
    check(
        &edited("[0,144]", "[0,140]"),
        &expect![
            "the header is damaged: the array 0.weight, F32 of shape [4, 1, 3, 3], occupies the bytes [0, 140]; copy or download the file again"
        ],
    );
    check(
        &edited("[4,1,3,3]", "[4,1,3,4611686018427387904]"),
        &expect![
            "the header is damaged: the array 0.weight, F32 of shape [4, 1, 3, 4611686018427387904], occupies the bytes [0, 144]; copy or download the file again"
        ],
    );
    check(
        &edited("\"F32\"", "\"F64\""),
        &expect![
            "the header is damaged: the array 0.weight, F64 of shape [4, 1, 3, 3], occupies the bytes [0, 144]; copy or download the file again"
        ],
    );
    check(&join(&"[".repeat(1000), &[]), &expect!["nested brackets in the header: at most 4, got 5"]);
    check(&join(&"{},".repeat(20_000), &[]), &expect!["entries in the header: at most 10002, got 20000"]);
}

#[test]
fn other_files_are_told_apart() {
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F16, vec![2], &[0; 4]).unwrap();
    let foreign = safetensors::serialize([("model.embed.weight", view)], None).unwrap();
    check(
        &foreign,
        &expect![
            "this safetensors file has no network for its arrays (model.embed.weight; 1 in all), so it is not a model that striate saved; build the network in code and load the arrays as its parameters, or train one"
        ],
    );
    let checkpoint = Checkpoint::default().to_bytes().unwrap();
    check(
        &checkpoint,
        &expect!["this is a checkpoint, expected a model; use the model.safetensors next to it"],
    );
    let error = Checkpoint::from_bytes(&model().to_bytes().unwrap()).unwrap_err();
    expect!["this is a model, expected a checkpoint; use the checkpoint.safetensors next to it"]
        .assert_eq(&error.to_string());
    check(
        &edited("\"striate.format\":\"1\"", "\"striate.format\":\"2\""),
        &expect![[
            r#"the file has format version "2", but this program reads version "1"; use a newer striate"#
        ]],
    );
    check(
        &edited("\"striate.golden\"", "\"striate.silver\""),
        &expect!["the metadata lacks `striate.golden`; the file is incomplete: save the model again"],
    );
}

#[test]
fn arrays_that_do_not_fit_are_all_listed() {
    let wrong = with_params(|m| {
        m.params.remove("0.bias");
        m.params.remove("1.running_mean");
        m.params.insert("5.weight", ArrayD::zeros(IxDyn(&[3, 65])));
        m.params.insert("extra", ArrayD::zeros(IxDyn(&[1])));
        m.params.insert("fc.weight", ArrayD::zeros(IxDyn(&[2, 2])));
    });
    check(
        &wrong,
        &expect![[r#"
        the parameters do not fit the network
          missing: 0.bias, 1.running_mean
          unexpected: extra, fc.weight
          5.weight: expected shape [3, 64], got [3, 65]"#]],
    );
}

#[test]
fn values_that_are_no_numbers_are_counted() {
    let nan = |m: &mut ModelFile| {
        m.params.get_mut("0.weight").unwrap()[[0, 0, 1, 1]] = f32::NAN;
        m.params.get_mut("5.weight").unwrap().iter_mut().skip(64).take(64).for_each(|v| *v = f32::INFINITY);
    };
    check(
        &with_params(nan),
        &expect![
            "0.weight: 1 of 36 values are not finite; 5.weight: 64 of 192 values are not finite; the training that made it diverged: train again with a lower learning rate"
        ],
    );
    // The writer refuses them too.
    let mut model = model();
    nan(&mut model);
    assert!(matches!(model.to_bytes(), Err(Problem::NonFinite { tensors }) if tensors.len() == 2));
}

#[test]
fn parts_that_contradict_each_other_are_refused() {
    check(
        &edited(r#"[\"cat\",\"dog\","#, r#"[\"cat\","#),
        &expect!["shape of the network's output: expected [2], got [3]"],
    );
    check(
        &edited(r#"{\"channels\":1,\"height\":8"#, r#"{\"channels\":1,\"height\":9"#),
        &expect!["shape of the network's input: expected [1, 9, 8], got [1, 8, 8]"],
    );
    check(
        &edited(r#"\"inputs\":[0]"#, r#"\"inputs\":[7]"#),
        &expect!["graph: node 1 `0` takes node 7, which does not come before it"],
    );
    check(&edited(r#"\"n\":4"#, r#"\"n\":5"#), &expect!["golden pixels: expected 320, got 256"]);
    check(
        &edited(r#"\"nodes\""#, r#"\"knots\""#),
        &expect![
            "the metadata entry `striate.graph` is damaged: unknown field `knots`, expected one of `nodes`, `output`, `auxiliary` at line 1 column 8"
        ],
    );
}

#[test]
fn the_culprit_is_named_when_the_answers_differ() {
    // A weight that was changed: the file.
    let changed = with_params(|m| m.params.get_mut("5.bias").unwrap()[[1]] += 0.5);
    let error = ModelFile::from_bytes(&changed).unwrap_err();
    assert!(matches!(error, Problem::Hash { .. }), "{error}");
    assert!(error.to_string().contains("the file is wrong, not this program"), "{error}");
    // An intact file whose answers cannot be reproduced: this program.
    let mut other = model();
    other.golden.logits[4] += 1.0;
    check(
        &other.to_bytes().unwrap(),
        &expect![
            "golden image 1, class 1: the file says that the logit is 1.2372683, but this program computes 0.23726831, more than 0.00012372683 apart; the file is intact (its SHA-256 is right), so this program computes wrongly on this processor: try STRIATE_ISA=portable, and report it"
        ],
    );
}

/// The last answer of the last image counts as the first does.
#[test]
fn every_golden_answer_is_compared() {
    let good = model();
    for at in 0..good.golden.logits.len() {
        let mut other = good.clone();
        other.golden.logits[at] -= 1.0;
        let error = ModelFile::from_bytes(&other.to_bytes().unwrap()).unwrap_err();
        assert!(matches!(error, Problem::Golden { .. }), "logit {at}: {error}");
    }
}

/// An engine of the usual arithmetic, and of others.
fn engines() -> [Engine; 3] {
    let engine = Engine::new(Some(2)).unwrap();
    let other = |winograd, dtype| engine.clone().with_arithmetic(Arithmetic { winograd, dtype });
    let (off, bf16) = (other(Winograd::Off, Dtype::F32), other(Winograd::Auto, Dtype::Bf16));
    [engine.clone(), off, bf16]
}

#[test]
fn a_model_that_only_runs_computes_the_golden_logits() {
    let good = model();
    let bytes = good.to_bytes().unwrap();
    for (i, engine) in engines().iter().enumerate() {
        let mut model = Unverified::from_bytes(&bytes).unwrap().runnable(engine).unwrap();
        assert_eq!((&model.classes, &model.preprocess), (&good.classes, &good.preprocess));
        let mut images = vec![0.0; good.golden.pixels.len()];
        let len = good.preprocess.sample_len();
        for (pixels, image) in good.golden.pixels.chunks(len).zip(images.chunks_mut(len)) {
            model.preprocess.normalize(pixels, image);
        }
        let logits = model.runner.run_slice(&images, good.golden.n).unwrap();
        assert!(i > 0 || logits == good.golden.logits, "the same bits");
    }
}

#[test]
fn a_wrong_golden_answer_is_found_in_any_arithmetic() {
    let mut other = model();
    other.golden.logits[4] += 1.0;
    let bytes = other.to_bytes().unwrap();
    let want = ModelFile::from_bytes(&bytes).unwrap_err().to_string();
    for engine in engines() {
        let error = Unverified::from_bytes(&bytes).unwrap().runnable(&engine).err().expect("it is wrong");
        assert_eq!(error.to_string(), want);
    }
}

#[test]
fn a_model_without_finite_logits_does_not_run() {
    let ModelFile { graph, mut params, preprocess, classes, provenance, .. } = model();
    params.get_mut("5.weight").unwrap().fill(f32::MAX);
    let engine = Engine::new(Some(1)).unwrap();
    let parts = (graph.clone(), params.clone(), preprocess.clone(), classes.clone(), provenance.clone());
    let new = ModelFile::new(parts.0, parts.1, parts.2, parts.3, parts.4, &engine).unwrap_err().to_string();
    let model = Unverified::new(graph, params, preprocess, classes, provenance).unwrap();
    assert_eq!(model.runnable(&engine).err().expect("an infinite logit").to_string(), new);
}

#[test]
fn nothing_is_written_that_could_not_be_read() {
    let mut model = model();
    model.classes.pop();
    assert!(matches!(model.to_bytes(), Err(Problem::Disagree { .. })));
    let arrays = (0..limits::TENSORS + 1).map(|i| (i.to_string(), ArrayD::zeros(IxDyn(&[1])))).collect();
    let checkpoint = Checkpoint { params: arrays, ..Checkpoint::default() };
    expect!["arrays in a file: at most 10000, got 10001"]
        .assert_eq(&checkpoint.to_bytes().unwrap_err().to_string());
    let state = "x".repeat(limits::HEADER_BYTES as usize);
    let checkpoint = Checkpoint { state, ..Checkpoint::default() };
    assert!(matches!(checkpoint.to_bytes(), Err(Problem::Limit { .. })));
}

#[test]
fn a_checkpoint_comes_back_to_the_bit() {
    let mut params = model().params;
    // A checkpoint keeps whatever it is given, to the bit.
    params.get_mut("5.bias").unwrap()[[0]] = f32::from_bits(0x7fc0_1234);
    let state = "{\"step\": 3, \"text\": \"\\u0000 ünïcode\"}".to_string();
    let checkpoint = Checkpoint { optimizer: model().params, best: Default::default(), params, state };
    let bytes = checkpoint.to_bytes().unwrap();
    let again = Checkpoint::from_bytes(&bytes).unwrap();
    assert_eq!(again.to_bytes().unwrap(), bytes);
    assert_eq!((&again.state, &again.optimizer), (&checkpoint.state, &checkpoint.optimizer));
    assert_eq!(again.params.get("5.bias").unwrap()[[0]].to_bits(), 0x7fc0_1234);
    // One bit anywhere, and it is refused.
    for at in (0..bytes.len()).step_by(11) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 4;
        // Spaces that pad the header carry nothing.
        if bytes[at] != b' ' {
            assert!(Checkpoint::from_bytes(&damaged).is_err(), "bit of byte {at}");
        }
    }
}

#[test]
fn paths_that_are_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().display().to_string();
    let message =
        |path: &std::path::Path| ModelFile::load(path).unwrap_err().to_string().replace(&name, "FOLDER");
    expect!["FOLDER: cannot be read: a folder, expected a file"].assert_eq(&message(folder.path()));
    expect!["FOLDER/none.safetensors: cannot be read: No such file or directory (os error 2)"]
        .assert_eq(&message(&folder.path().join("none.safetensors")));
    if cfg!(unix) {
        expect!["/dev/zero: cannot be read: a pipe or a device, expected a file"]
            .assert_eq(&message(std::path::Path::new("/dev/zero")));
    }
    fs::write(folder.path().join("short"), b"12345").unwrap();
    expect![
        "FOLDER/short: 5 bytes are too few for a safetensors file; the file is cut short, or it is of another kind"
    ]
    .assert_eq(&message(&folder.path().join("short")));
}
