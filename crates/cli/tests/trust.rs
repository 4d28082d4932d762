//! `striate trust`: what it writes, what it prints, and what it refuses.

mod common;

use common::Place;
use expect_test::{Expect, expect};
use serde_json::Value;
use striate::data::Preprocess;
use striate::formats::{ModelFile, Provenance};
use striate::graph::{Engine, Mode, Params, trace};
use striate::prelude::{Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential};

#[test]
fn a_verdict_for_every_method_and_the_reason_where_there_is_none() {
    let place = Place::new();
    let found: Value = serde_json::from_str(&place.succeed("trust mlp --json")).unwrap();
    let rows = found["rows"].as_array().unwrap();
    let row = |key: &str| rows.iter().find(|row| row["key"] == key).unwrap_or_else(|| panic!("no {key}"));
    assert_eq!(found["data"], "digits", "where MNIST is not on the machine");
    assert_eq!(row("gradient")["weights"]["verdict"], "yes");
    assert_eq!(row("gradient")["sum"]["verdict"], "claims_none");
    assert_eq!(row("exact-sum")["sum"]["verdict"], "yes");
    assert!(row("exact-sum")["sum"]["gap"].as_f64().unwrap() < 1e-5);
    assert_eq!(row("sobel")["weights"]["verdict"], "no");
    let cam = &row("grad-cam")["weights"];
    assert_eq!(cam["verdict"], "not_checked");
    assert!(cam["why"].as_str().unwrap().contains("no convolution"), "{cam}");
    let twins = &found["label_twins"];
    assert!(twins["accuracy_shuffled"].as_f64().unwrap() > 0.9, "{twins}");
    let guided = |key: &str| row(key)["weights"]["likeness"]["spearman"].as_f64().unwrap();
    assert!(guided("guided-backprop") > guided("gradient") + 0.4, "the contrast");
    for name in ["trust.png", "trust.svg"] {
        assert!(place.path().join("trust").join(name).is_file(), "{name}");
    }
}

fn check(place: &Place, line: &str, want: Expect) {
    let ran = place.run(line);
    want.assert_eq(&format!("exit code {}\n{}", ran.code, ran.stderr));
    assert_eq!(ran.stdout, "", "{line}");
}

/// A small network of nobody's, with weights as they start.
fn stranger() -> Place {
    let place = Place::new();
    let net = Sequential::new()
        .append(Conv2d::new(1, 4, 3).padding(1))
        .append(ReLU::new())
        .append(MaxPool2d::new(2))
        .append(Flatten::new())
        .append(Linear::new(4 * 6 * 6, 3));
    let graph = trace(&net, Mode::Eval, [1, 12, 12]).unwrap();
    let params = Params::init(&graph, 3);
    let classes = ["cat", "dog", "owl"].map(String::from).to_vec();
    let preprocess = Preprocess::new([1, 12, 12], &[0.5], &[0.5]).unwrap();
    let engine = Engine::new(Some(1)).unwrap();
    let file = ModelFile::new(graph, params, preprocess, classes, Provenance::default(), &engine).unwrap();
    file.save(&place.path().join("net.safetensors")).unwrap();
    place
}

#[test]
fn a_network_of_nobodys_is_tried_as_far_as_it_goes() {
    let place = stranger();
    let text = place.succeed("trust net.safetensors --data digits --out pages");
    let exact = text.lines().find(|line| line.starts_with("exact sum")).unwrap();
    assert!(exact.contains("yes, gap") && exact.trim_end().ends_with('–'), "{exact}");
    for words in ["whose classes are not the network's", "the model does not record which network it is"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(place.path().join("pages/trust.svg").is_file());
}

#[test]
fn what_does_not_fit_is_refused() {
    let place = stranger();
    check(
        &place,
        "trust net.safetensors",
        expect![[r#"
        exit code 2
        error: the model does not record which data set it was trained on; name one with --data
    "#]],
    );
    check(
        &place,
        "trust convnet --data digitz",
        expect![[r#"
        exit code 2
        error: no data set or folder is called "digitz" (did you mean digits?); the known data sets are digits, mnist, fashion-mnist; or use a folder of images (FOLDER/CLASS/...) or of four idx files
    "#]],
    );
    assert!(!place.path().join("trust").exists(), "nothing is written");
}
