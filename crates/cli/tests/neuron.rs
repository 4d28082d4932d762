//! `striate neuron`: what it writes, what it prints, what it keeps, and what it refuses.

mod common;

use std::fs;

use common::Place;
use expect_test::{Expect, expect};
use serde_json::Value;
use striate::data::Preprocess;
use striate::formats::{ModelFile, Provenance};
use striate::graph::{Engine, Mode, Params, trace};
use striate::models::ConvNet;

/// A few digits, and a network that has not learned.
fn place() -> Place {
    let place = Place::new();
    place.few_digits(300);
    let graph = trace(&ConvNet::new(10), Mode::Eval, [1, 28, 28]).unwrap();
    let mut params = Params::init(&graph, 3);
    // A dead map.
    params.get_mut("conv2.bias").unwrap()[[6]] = -100.0;
    let classes = (0..10).map(|class| class.to_string()).collect();
    let preprocess = Preprocess::new([1, 28, 28], &[0.13], &[0.31]).unwrap();
    let engine = Engine::new(Some(1)).unwrap();
    let file = ModelFile::new(graph, params, preprocess, classes, Provenance::default(), &engine).unwrap();
    file.save(&place.path().join("net")).unwrap();
    place
}

#[test]
fn a_card_is_a_page_and_numbers_and_the_index_is_kept() {
    let place = place();
    let line = "neuron net conv2:5 --data few --dream --json";
    let found: Value = serde_json::from_str(&place.succeed(line)).unwrap();
    assert_eq!((&found["layer"], &found["map"], &found["maps"]), (&"conv2".into(), &5.into(), &32.into()));
    assert_eq!(found["training_images"], 300);
    let strongest = found["strongest"].as_array().unwrap();
    let images: std::collections::BTreeSet<u64> =
        strongest.iter().map(|e| e["image"].as_u64().unwrap()).collect();
    assert_eq!((strongest.len(), images.len()), (9, 9), "nine different images");
    assert!(strongest.is_sorted_by(|a, b| a["value"].as_f64() >= b["value"].as_f64()));
    assert_eq!(strongest[0]["value"], found["max"]);
    assert_eq!(found["middling"].as_array().unwrap().len(), 9);
    let histogram = &found["histogram"];
    let counted: u64 = histogram["counts"].as_array().unwrap().iter().map(|c| c.as_u64().unwrap()).sum();
    assert_eq!(counted + histogram["zeros"].as_u64().unwrap(), 300 * 14 * 14);
    let top: u64 =
        found["classes"].as_array().unwrap().iter().map(|c| c["strongest"].as_u64().unwrap()).sum();
    assert_eq!(top, 100);
    let lesion = &found["lesion"];
    assert_eq!(lesion["test_images"], 100);
    let points = lesion["accuracy"].as_f64().unwrap() - lesion["accuracy_without"].as_f64().unwrap();
    assert!((100.0 * points - lesion["points"].as_f64().unwrap()).abs() < 1e-9);
    assert_eq!(found["dream"]["succeeded"], true, "{}", found["dream"]);
    assert!(fs::read(place.path().join("neuron/conv2-5.png")).unwrap().starts_with(b"\x89PNG"));
    let svg = fs::read_to_string(place.path().join("neuron/conv2-5.svg")).unwrap();
    assert!(svg.contains("Synthetic image") && svg.contains("Strongest"));

    let kept: Vec<_> = fs::read_dir(place.path().join("cache/neurons")).unwrap().collect();
    assert_eq!(kept.len(), 1);
    let kept = kept[0].as_ref().unwrap().path();
    let again: Value = serde_json::from_str(&place.succeed(line)).unwrap();
    assert_eq!(again, found);
    // What is damaged is made anew, and says so.
    fs::write(&kept, b"STRNEUR1").unwrap();
    let ran = place.run("neuron net conv2:5 --data few --dream");
    assert!(ran.code == 0 && ran.stderr.contains("processed 300 training images"), "{ran:?}");
    assert!(ran.stdout.contains("synthetic image") && ran.stdout.contains("without it:"), "{ran:?}");
    assert!(!place.run("neuron net conv2:5 --data few").stderr.contains("processed"), "it is there again");
}

#[test]
fn a_layer_is_a_table_of_its_maps() {
    let place = place();
    let text = place.succeed("neuron net conv2 --data few");
    assert_eq!(text.lines().filter(|line| line.contains(" %")).count(), 32, "{text}");
    let dead = text.lines().find(|line| line.trim_start().starts_with("6 ")).unwrap();
    assert!(dead.ends_with("dead") && dead.contains('–'), "{dead}");
    assert!(text.contains("on 100 test images"), "{text}");
    assert!(text.ends_with("For a page about one map: striate neuron net conv2:0 --data few\n"), "{text}");
    let found: Value = serde_json::from_str(&place.succeed("neuron net fc2 --data few --json")).unwrap();
    assert_eq!(found["maps"].as_array().unwrap().len(), 10);
    // The cost in the table is that on the card, where both ask all test images.
    let rows: Value = serde_json::from_str(&place.succeed("neuron net conv2 --data few --json")).unwrap();
    let card: Value = serde_json::from_str(&place.succeed("neuron net conv2:9 --data few --json")).unwrap();
    assert_eq!(rows["maps"][9]["points"], card["lesion"]["points"]);
    assert_eq!(rows["maps"][9]["max"], card["max"]);
    assert!(!place.path().join("neuron/conv2-6.png").exists());
}

fn check(place: &Place, line: &str, want: Expect) {
    let ran = place.run(line);
    want.assert_eq(&format!("exit code {}\n{}", ran.code, ran.stderr));
    assert_eq!(ran.stdout, "", "{line}");
}

#[test]
fn what_does_not_fit_is_refused_before_anything_takes_time() {
    let place = place();
    check(
        &place,
        "neuron net conv3 --data few",
        expect![[r#"
        exit code 2
        error: neuron: this network has no layer `conv3` with units; layers with units: conv1, conv2, fc1, fc2
    "#]],
    );
    check(
        &place,
        "neuron net conv2:32 --data few",
        expect![[r#"
        exit code 2
        error: neuron: expected a map of conv2 from 0 to 31, got 32
    "#]],
    );
    check(
        &place,
        "neuron net conv2:five --data few",
        expect![[r#"
        exit code 2
        error: conv2:five: expected the number of a map of conv2, 0 to 31, got `five`
    "#]],
    );
    check(
        &place,
        "neuron net --data few",
        expect![[r#"
        exit code 2
        error: neuron: expected a model and a layer, got 1 argument; try striate neuron convnet conv2:5
    "#]],
    );
    check(
        &place,
        "neuron net conv2 --data few --dream",
        expect![[r#"
        exit code 2
        error: --dream synthesizes an image for a single map; name the map, as in conv2:0
    "#]],
    );
    let header = |magic: u32, sizes: &[u32]| -> Vec<u8> {
        [magic].iter().chain(sizes).flat_map(|n| n.to_be_bytes()).collect()
    };
    fs::create_dir(place.path().join("small")).unwrap();
    for name in ["train", "t10k"] {
        let images = [header(0x803, &[2, 8, 8]), vec![7; 128]].concat();
        fs::write(place.path().join(format!("small/{name}-images-idx3-ubyte")), images).unwrap();
        let labels = [header(0x801, &[2]), vec![0, 1]].concat();
        fs::write(place.path().join(format!("small/{name}-labels-idx1-ubyte")), labels).unwrap();
    }
    check(
        &place,
        "neuron net conv2:1 --data ./small",
        expect![[r#"
        exit code 65
        error: small: the network takes images of shape [1, 28, 28], but these have shape [1, 8, 8]; use the data set that the model was trained on, or one of that size
    "#]],
    );
    assert!(!place.path().join("neuron").exists() && !place.path().join("cache/neurons").exists());
}
