//! `striate embed`: what it writes, what it prints, and what it refuses.

mod common;

use std::fs;

use common::Place;
use expect_test::{Expect, expect};
use serde_json::Value;
use striate::data::Preprocess;
use striate::formats::{ModelFile, Provenance};
use striate::graph::{Engine, Graph, Mode, Params, trace};
use striate::models::ConvNet;
use striate::prelude::{Conv2d, Flatten, Linear, ReLU, Sequential};

#[test]
fn three_spaces_are_a_page_and_coordinates() {
    let place = Place::new();
    place.few_digits(20);
    let text = place.succeed("embed convnet --data few");
    for word in ["100 test images of few", "pixels", "conv1", "embed.png", "embed.svg", "embed.json"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert!(fs::read(place.path().join("embed/embed.png")).unwrap().starts_with(b"\x89PNG"));
    let kept: Value =
        serde_json::from_str(&fs::read_to_string(place.path().join("embed/embed.json")).unwrap()).unwrap();
    assert_eq!(kept["images"].as_array().unwrap().len(), 100);
    let spaces = kept["spaces"].as_array().unwrap();
    assert_eq!(spaces.len(), 3);
    let mut right = Vec::new();
    for space in spaces {
        for map in ["pca", "tsne"] {
            let points = space[map]["points"].as_array().unwrap();
            assert!(points.len() == 100 && points.iter().all(|p| p.as_array().unwrap().len() == 2));
        }
        right.push(space["knn"]["right"].as_u64().unwrap());
    }
    assert_eq!(spaces[0]["dimensions"], 784);
    assert!(right[2] >= 90 && right[2] > right[0], "what was learned brings classes together: {right:?}");
    let printed: Value =
        serde_json::from_str(&place.succeed("embed convnet --data few --json --threads 1")).unwrap();
    assert_eq!(printed["spaces"], kept["spaces"], "the same for any number of threads");
    let other: Value =
        serde_json::from_str(&place.succeed("embed convnet --data few --json -n 60 --seed 5")).unwrap();
    assert_eq!(other["images"].as_array().unwrap().len(), 60);
}

fn check(place: &Place, line: &str, want: Expect) {
    let ran = place.run(line);
    want.assert_eq(&format!("exit code {}\n{}", ran.code, ran.stderr));
    assert_eq!(ran.stdout, "", "{line}");
}

#[test]
fn what_cannot_be_mapped_is_refused() {
    let place = Place::new();
    check(
        &place,
        "embed convnet --data digits -n 4000",
        expect![[r#"
        exit code 2
        error: invalid value '4000' for '--images <N>': expected 10 to 3000 images, got 4000; try 1000

        For more information, try '--help'.
    "#]],
    );
    check(
        &place,
        "embed convnet --data nowhere",
        expect![[r#"
        exit code 2
        error: no data set or folder is called "nowhere"; the known data sets are digits, mnist, fashion-mnist; or use a folder of images (FOLDER/CLASS/...) or of four idx files
    "#]],
    );
    check(
        &place,
        "embed nothing --data digits",
        expect![[r#"
        exit code 2
        error: nothing: there is no file, folder or shipped model of that name; the shipped models are convnet, convnet_gap, mlp; for another network, use --model NAME with weights, or train it
    "#]],
    );
    assert!(!place.path().join("embed").exists());
}

/// What a command looks at that was given no data: the data set that the network was trained on, or what stands in for it.
#[test]
fn without_data_the_built_in_digits_stand_in_and_it_is_said() {
    const SAID: &str = "mnist is not on this machine; using the built-in digits instead; use --data to name another data set\n";
    let place = Place::new();
    let ran = place.run("embed convnet -n 20");
    assert!(ran.code == 0 && ran.stderr.contains(SAID), "{ran:?}");
    assert!(ran.stdout.starts_with("20 of the 2,000 test images of digits"), "{ran:?}");
    for line in ["neuron convnet fc2", "val convnet", "neuron mlp fc3:1"] {
        let ran = place.run(line);
        assert!(ran.code == 0 && ran.stderr.contains(SAID), "{line}: {ran:?}");
    }
    let named = place.run("embed convnet -n 20 -d digits");
    assert!(named.code == 0 && !named.stderr.contains("stand"), "{named:?}");

    // Where it was trained on something that is here no more, and digits are no substitute.
    let provenance = |data: &str| Provenance { data: data.into(), ..Provenance::default() };
    for (data, want) in [
        ("mnist", "name another data set or folder with --data"),
        ("stamps", "stamps, which is not here; name"),
    ] {
        stranger(&place, provenance(data));
        for verb in ["embed strange", "neuron strange 0", "trust strange", "val strange"] {
            let ran = place.run(verb);
            assert!(
                ran.code != 0 && ran.stderr.contains(want) && ran.stderr.contains("--data"),
                "{verb}: {ran:?}"
            );
        }
    }
    // Of digits by their classes and size, but of other images than those of that name.
    place.few_digits(30);
    let other = Provenance { data: "few".into(), data_sha256: "00".into(), ..Provenance::default() };
    let graph = trace(&ConvNet::new(10), Mode::Eval, [1, 28, 28]).unwrap();
    save(&place, graph, (0..10).map(|class| class.to_string()).collect(), other);
    let ran = place.run("embed strange -n 20");
    assert!(ran.code == 0 && ran.stderr.contains("the images of few are not the ones"), "{ran:?}");
}

fn save(place: &Place, graph: Graph, classes: Vec<String>, provenance: Provenance) {
    let params = Params::init(&graph, 3);
    let preprocess = Preprocess::new(graph.input_shape(), &[0.5], &[0.5]).unwrap();
    let engine = Engine::new(Some(1)).unwrap();
    let file = ModelFile::new(graph, params, preprocess, classes, provenance, &engine).unwrap();
    file.save(&place.path().join("strange")).unwrap();
}

/// A network of three classes, trained on what `provenance` says.
fn stranger(place: &Place, provenance: Provenance) {
    let net = Sequential::new().append(Conv2d::new(1, 4, 3)).append(ReLU::new()).append(Flatten::new());
    let graph = trace(&net.append(Linear::new(4 * 10 * 10, 3)), Mode::Eval, [1, 12, 12]).unwrap();
    save(place, graph, ["cat", "dog", "owl"].map(String::from).to_vec(), provenance);
}
