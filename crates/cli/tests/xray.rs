//! `striate xray` and `striate summary --rf`: what they write, what they print, and what they refuse.

mod common;

use std::fs;

use common::Place;
use expect_test::{Expect, expect};
use serde_json::Value;
use striate::data::Preprocess;
use striate::formats::{ModelFile, Provenance};
use striate::graph::{Engine, Forward, Graph, Mode, Node, Params, trace};
use striate::models::{ConvNet, LeNet5, MobileNetV2, ResNet};

/// A model with parameters none of which is 0, saved as `net`, and an image of waves.
fn place(net: &dyn Forward, input: [usize; 3]) -> (Place, Graph) {
    let place = Place::new();
    let graph = trace(net, Mode::Eval, input).unwrap();
    let mut params = Params::init(&graph, 3);
    let names: Vec<String> = params.iter().map(|(name, _)| name.to_owned()).collect();
    for (n, name) in names.iter().enumerate() {
        let small = |i: usize| 0.05 * ((i + 7 * n) as f32).sin();
        let array = params.get_mut(name).unwrap();
        array.iter_mut().enumerate().for_each(|(i, v)| *v += small(i));
    }
    let classes = (0..10).map(|class| class.to_string()).collect();
    let preprocess = Preprocess::new(input, &vec![0.5; input[0]], &vec![0.5; input[0]]).unwrap();
    let engine = Engine::new(Some(1)).unwrap();
    let file =
        ModelFile::new(graph.clone(), params, preprocess, classes, Provenance::default(), &engine).unwrap();
    file.save(&place.path().join("net")).unwrap();
    let [_, height, width] = input;
    let wave = |i: usize| (127.5 + 120.0 * ((i % width) as f32 * 0.9 + (i / width) as f32 * 0.4).sin()) as u8;
    let mut image = format!("P5 {width} {height} 255\n").into_bytes();
    image.extend((0..width * height).map(wave));
    fs::write(place.path().join("waves.pgm"), image).unwrap();
    (place, graph)
}

/// One value on one instruction set; nothing where the machine lacks it.
fn look(place: &Place, isa: &str, line: &str) -> Option<Value> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let output = place.command(&words).env("STRIATE_ISA", isa).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    if error.contains("STRIATE_ISA") {
        return None;
    }
    assert!(output.status.success(), "{line} on {isa}: {error}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// By hand and by the engine, of every step.
fn proofs(document: &Value) -> Vec<(f64, f64, Value)> {
    let steps = document["steps"].as_array().unwrap().iter().map(|step| &step["proof"]);
    let folded = Some(&document["in_use"]).filter(|proof| !proof.is_null());
    let proof =
        |p: &Value| (p["by_hand"].as_f64().unwrap(), p["engine"].as_f64().unwrap(), p["ulps"].clone());
    steps.chain(folded).map(proof).collect()
}

#[test]
fn the_networks_sums_are_proved_on_every_instruction_set() {
    let nets: [(&dyn Forward, [usize; 3], &[&str]); 4] = [
        (&ConvNet::new(10), [1, 28, 28], &["conv1", "conv2", "max_pool2d_1", "fc1", "fc2"]),
        (&LeNet5::new(10), [1, 28, 28], &["conv1", "conv2", "max_pool2d", "fc1", "fc3"]),
        (
            &ResNet::resnet20(10, 3),
            [3, 32, 32],
            &["conv1", "layer1.2.bn2", "layer3.2.conv1", "layer2.0.relu_1", "avgpool", "fc"],
        ),
        (&MobileNetV2::new(10, 3), [3, 32, 32], &[]),
    ];
    for (net, input, layers) in nets {
        let (place, graph) = place(net, input);
        let is_depthwise = |node: &&Node| node.params().iter().any(|(_, spec)| spec.shape[1..] == [1, 3, 3]);
        let depthwise = graph.nodes.iter().filter(is_depthwise).nth(2).map(|node| node.name.as_str());
        assert!(depthwise.is_some() || !layers.is_empty(), "nothing to look at");
        for layer in layers.iter().copied().chain(depthwise) {
            let line = format!("xray net waves.pgm --layer {layer} --json");
            let all: Vec<(&str, Value)> = ["portable", "avx2", "avx512"]
                .into_iter()
                .filter_map(|isa| Some((isa, look(&place, isa, &line)?)))
                .collect();
            for (isa, document) in &all {
                assert_eq!(document["isa"], *isa);
                for (by_hand, engine, ulps) in proofs(document) {
                    assert!(by_hand == engine && ulps == 0, "{layer} on {isa}: {by_hand}, {engine}, {ulps}");
                }
            }
            // Lanes are channels: the width of a register changes no bit.
            if let [_, (_, avx2), (_, avx512)] = &all[..] {
                assert_eq!(avx2["value"], avx512["value"], "{layer}");
            }
        }
    }
}

#[test]
fn a_page_and_a_document_of_every_product() {
    let (place, _) = place(&ConvNet::new(10), [1, 28, 28]);
    let line = "xray net waves.pgm --layer conv2 --map 5 --at 0,12 --out pages";
    let text = place.succeed(line);
    assert!(text.contains("conv2 map 5 at (0, 12) = "), "{text}");
    assert!(text.contains("difference 0") && text.ends_with("pages/conv2-5-0-12.svg\n"), "{text}");
    let svg = fs::read_to_string(place.path().join("pages/conv2-5-0-12.svg")).unwrap();
    assert!(svg.contains("difference 0") && svg.contains("of 16 channels with the largest sums"), "{svg}");
    assert!(fs::read(place.path().join("pages/conv2-5-0-12.png")).unwrap().starts_with(b"\x89PNG"));

    let document: Value = serde_json::from_str(&place.succeed(&format!("{line} --json"))).unwrap();
    assert_eq!(
        (&document["map"], &document["at"][1], &document["layer"]),
        (&5.into(), &12.into(), &"conv2".into())
    );
    let channels = document["work"]["channels"].as_array().unwrap();
    assert_eq!(channels.len(), 16);
    let subtotals: f64 = channels.iter().map(|c| c["subtotal"].as_f64().unwrap()).sum();
    let sum = subtotals + document["work"]["bias"].as_f64().unwrap();
    let engine = document["steps"][0]["proof"]["engine"].as_f64().unwrap();
    assert!((sum - engine).abs() < 1e-5, "{sum} and {engine}");
    assert_eq!(channels[0]["window"][0], Value::Null, "the row above the map is padding");
    assert_eq!(document["field"]["rows"].as_array().unwrap()[0], -3);
    assert_eq!(document["field"]["seen"][0][0], 0);

    // Nothing said: the last convolution, where it is strongest.
    let document: Value = serde_json::from_str(&place.succeed("xray net waves.pgm --json")).unwrap();
    assert_eq!(document["layer"], "conv2");
}

#[test]
fn what_is_not_there_is_told() {
    let (place, _) = place(&ConvNet::new(10), [1, 28, 28]);
    let check = |line: &str, want: Expect| {
        let ran = place.run(line);
        want.assert_eq(&format!("exit code {}\n{}", ran.code, ran.stderr));
        assert_eq!(ran.stdout, "", "{line}");
    };
    check(
        "xray net waves.pgm --layer conv3",
        expect![[r#"
        exit code 2
        error: this network has no layer `conv3`; similar names: conv1, conv2, input, relu, max_pool2d
    "#]],
    );
    check(
        "xray net waves.pgm --layer flatten",
        expect![[r#"
        exit code 2
        error: layer `flatten`: flatten computes no sum that could be taken apart; layers that do: conv1, max_pool2d, conv2, max_pool2d_1, fc1, fc2
    "#]],
    );
    check(
        "xray net waves.pgm --layer conv2 --map 32",
        expect![[r#"
        exit code 2
        error: layer `conv2`: expected a map from 0 to 31, got 32
    "#]],
    );
    check(
        "xray net waves.pgm --layer conv2 --at 14,0",
        expect![[r#"
        exit code 2
        error: layer `conv2`: expected a row from 0 to 13 and a column from 0 to 13, got 14,0
    "#]],
    );
    check(
        "xray net waves.pgm --layer fc1 --at 0,1",
        expect![[r#"
        exit code 2
        error: layer `fc1`: expected a row from 0 to 0 and a column from 0 to 0, since its output is a vector, got 0,1
    "#]],
    );
    check(
        "xray net waves.pgm --at 14",
        expect![[r#"
        exit code 2
        error: invalid value '14' for '--at <ROW,COLUMN>': expected a row and a column, from 0, such as 7,12

        For more information, try '--help'.
    "#]],
    );
    check(
        "xray net",
        expect![[r#"
        exit code 2
        error: net: expected MODEL and IMAGE, got only one of them; try striate xray convnet digits:7, or --model NAME for a network with published weights
    "#]],
    );
    check(
        "summary net --out here",
        expect![[r#"
        exit code 2
        error: the following required arguments were not provided:
          --rf

        Usage: striate summary --rf --out <FOLDER> <MODEL>

        For more information, try '--help'.
    "#]],
    );
}

#[test]
fn receptive_fields_are_a_table_a_page_and_a_document() {
    let place = Place::new();
    let text = place.succeed("summary convnet --rf --out fields");
    expect![[r#"
        name          op            values  sees (px)  jump (px)  first from  center  of the image  padding  box
        ────────────  ────────────  ──────  ─────────  ─────────  ──────────  ──────  ────────────  ───────  ───────────
        input         input             28          1          1           0       0        0.13 %   0.00 %  exact
        conv1         conv, relu        28          3          1          −1       0        1.15 %   4.71 %  exact
        max_pool2d    max_pool2d        14          4          2          −1     0.5        2.04 %   7.02 %  exact
        conv2         conv, relu        14          8          2          −3     0.5        8.16 %  13.78 %  exact
        max_pool2d_1  max_pool2d         7         10          4          −3     1.5       12.76 %  16.41 %  exact
        flatten       flatten       vector         34                     −3    13.5      100.00 %  32.18 %  upper bound
        fc1           linear, relu  vector         34                     −3    13.5      100.00 %  32.18 %  exact
        fc2           linear        vector         34                     −3    13.5      100.00 %  32.18 %  exact

        An image has 28 x 28 pixels. A value at row i sees the rows starting at `first from` + i x jump.
        `of the image` is the share of it that the layer's middle value sees; `padding` is the share of all
        values' boxes that lies outside it.

        fields/receptive-fields.png
        fields/receptive-fields.svg
    "#]].assert_eq(&text);
    let svg = fs::read_to_string(place.path().join("fields/receptive-fields.svg")).unwrap();
    assert!(svg.contains("conv2"));
    assert!(fs::read(place.path().join("fields/receptive-fields.png")).unwrap().starts_with(b"\x89PNG"));
    let document: Value = serde_json::from_str(&place.succeed("summary resnet18 --rf --json")).unwrap();
    let layers = document["layers"].as_array().unwrap();
    let last = layers.iter().find(|layer| layer["name"] == "layer4.1.conv2").unwrap();
    assert_eq!(
        (&last["field_px"][0], &last["jump_px"][0], &last["status"]),
        (&435.into(), &32.into(), &"exact".into())
    );
}
