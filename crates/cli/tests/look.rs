//! What commands look into: networks that come with their weights, and images of data sets by their number.

mod common;

use std::fs;

use common::Place;
use expect_test::{Expect, expect};
use serde_json::Value;

fn check(place: &Place, line: &str, want: Expect) {
    let ran = place.run(line);
    want.assert_eq(&format!("exit code {}\n{}", ran.code, ran.stderr));
    assert_eq!(ran.stdout, "", "{line}");
}

#[test]
fn every_verb_works_in_an_empty_folder() {
    let place = Place::new();
    for model in ["convnet", "convnet_gap"] {
        let text = place.succeed(&format!("maps {model} digits:0 --layer conv2 --json"));
        let maps: Value = serde_json::from_str(&text).unwrap();
        let digits = striate::data::load("digits").unwrap();
        let label = digits.classes[digits.test.label(0) as usize].as_str();
        assert_eq!((maps["model"].as_str(), maps["image"].as_str()), (Some(model), Some("digits:0")));
        assert_eq!(maps["class"], label, "a network that has learned");
        place.succeed(&format!("filters {model} --layer conv1"));
        let why = place.succeed(&format!("why {model} digits:0"));
        assert!(why.starts_with(&format!("digits:0 (labeled {label}): predicted {label} (")), "{why}");
    }
    let svg = fs::read_to_string(place.path().join("maps/conv2.svg")).unwrap();
    assert!(svg.contains("convnet_gap on digits:0 (labeled "), "the page says what the image is");
    for model in ["convnet", "convnet_gap", "mlp"] {
        let predicted: Value =
            serde_json::from_str(&place.succeed(&format!("predict {model} digits:0 --json"))).unwrap();
        assert!(predicted.to_string().contains("digits:0"), "{predicted}");
        let val: Value = serde_json::from_str(&place.succeed(&format!("val {model} digits --json"))).unwrap();
        assert_eq!(val["model"], model);
        assert!(val["accuracy_top1"].as_f64().unwrap() > 0.97, "{model}");
        place.succeed(&format!("summary {model}"));
    }
    assert!(!place.path().join("report.html").exists(), "a page only where a run is, or one is asked for");
}

#[test]
fn a_network_by_name_needs_no_weights_where_it_comes_with_some() {
    let place = Place::new();
    let by_path = place.succeed("predict convnet digits:3");
    assert_eq!(by_path, place.succeed("predict --model convnet digits:3"));
    place.succeed("filters --model mlp --out pages");
    assert!(place.path().join("pages/fc1.png").is_file());
}

#[test]
fn what_lies_in_the_folder_goes_before_a_name() {
    let place = Place::new();
    fs::write(place.path().join("convnet"), "words").unwrap();
    assert_eq!(place.run("filters convnet").code, 65, "it is a file, and no model");
    fs::create_dir(place.path().join("mlp")).unwrap();
    place.succeed("filters mlp"); // a folder without a model in it is none
    fs::write(place.path().join("digits:1"), "words").unwrap();
    assert_eq!(place.run("predict mlp digits:1").code, 65, "it is a file, and no image");
}

#[test]
fn images_of_a_data_set() {
    let place = Place::new();
    place.few_digits(30);
    let predicted = |line: &str| -> Value { serde_json::from_str(&place.succeed(line)).unwrap() };
    let same = |a: &str, b: &str| {
        let text = predicted(&format!("predict mlp {a} --json")).to_string();
        assert_eq!(text.replace(a, b), predicted(&format!("predict mlp {b} --json")).to_string());
    };
    same("digits:7", "digits:test:7");
    same("few:7", "digits:7"); // the same images in files
    same("few:train:29", "digits:train:29");
    let (train, test) = (place.succeed("predict mlp digits:train:7"), place.succeed("predict mlp digits:7"));
    assert_ne!(train.replace("train:", ""), test);
}

#[test]
fn what_is_refused() {
    let place = Place::new();
    check(
        &place,
        "maps convnet digits:2000",
        expect![[r#"
        exit code 2
        error: digits:2000: expected an index from 0 to 1999, for one of the 2,000 test images of digits; for another part (train, val, test or all), use digits:train:INDEX
    "#]],
    );
    check(
        &place,
        "maps convnet digits:x",
        expect![[r#"
        exit code 2
        error: digits:x: expected the index of an image of digits, got "x"; try digits:0, or digits:train:0 for a training image
    "#]],
    );
    check(
        &place,
        "maps convnet digits",
        expect![[r#"
        exit code 2
        error: digits: this is a data set, not an image; name one of its test images by its index: digits:0
    "#]],
    );
    check(
        &place,
        "maps convnet digitz:3",
        expect![[r#"
        exit code 2
        error: no data set or folder is called "digitz" (did you mean digits?); the known data sets are digits, mnist, fashion-mnist; or use a folder of images (FOLDER/CLASS/...) or of four idx files
    "#]],
    );
    check(
        &place,
        "maps convnet digits:3 --layer conv9",
        expect![[r#"
        exit code 2
        error: this network has no layer `conv9`; similar names: conv1, conv2, input, relu, max_pool2d
    "#]],
    );
    check(
        &place,
        "why covnet digits:3",
        expect![[r#"
        exit code 2
        error: covnet: there is no file, folder or shipped model of that name; the shipped models are convnet, convnet_gap, mlp; for another network, use --model NAME with weights, or train it
    "#]],
    );
    check(
        &place,
        "filters resnet18",
        expect![[r#"
        exit code 2
        error: resnet18: there is no file, folder or shipped model of that name; the shipped models are convnet, convnet_gap, mlp; for another network, use --model NAME with weights, or train it
    "#]],
    );
    check(
        &place,
        "why convnet",
        expect![[r#"
        exit code 2
        error: convnet: expected MODEL and IMAGE, got only one of them; try striate why convnet digits:7, or --model NAME for a network with published weights
    "#]],
    );
    check(
        &place,
        "why --model convnet convnet digits:3",
        expect![[r#"
        exit code 2
        error: convnet: with --model, expected only an image, got 2 paths
    "#]],
    );
    assert!(fs::read_dir(place.path()).unwrap().next().is_none(), "nothing is written");
}
