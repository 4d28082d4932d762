//! `striate maps` and `striate filters`: what they write, what they print, and what they refuse.

mod common;

use std::fs;

use common::Place;
use expect_test::{Expect, expect};
use serde_json::Value;
use striate::data::Preprocess;
use striate::formats::{ModelFile, Provenance};
use striate::graph::{Engine, Forward, Mode, Params, trace};
use striate::models::{ConvNet, Mlp, ResNet};

/// A model with weights as they start, and a gray ramp to look at.
fn place(net: &dyn Forward, input: [usize; 3], change: impl FnOnce(&mut Params)) -> Place {
    let place = Place::new();
    let graph = trace(net, Mode::Eval, input).unwrap();
    let mut params = Params::init(&graph, 3);
    change(&mut params);
    let classes = (0..10).map(|class| class.to_string()).collect();
    let preprocess = Preprocess::new(input, &vec![0.5; input[0]], &vec![0.5; input[0]]).unwrap();
    let engine = Engine::new(Some(1)).unwrap();
    let file = ModelFile::new(graph, params, preprocess, classes, Provenance::default(), &engine).unwrap();
    file.save(&place.path().join("net")).unwrap();
    let ramp: Vec<u8> = (0..28 * 28).map(|i| (i % 28 * 9) as u8).collect();
    let mut image = b"P5 28 28 255\n".to_vec();
    image.extend(ramp);
    fs::write(place.path().join("ramp.pgm"), image).unwrap();
    place
}

fn digits_net() -> Place {
    place(&ConvNet::new(10), [1, 28, 28], |_| {})
}

fn check(place: &Place, line: &str, want: Expect) {
    let ran = place.run(line);
    want.assert_eq(&format!("exit code {}\n{}", ran.code, ran.stderr));
    assert_eq!(ran.stdout, "", "{line}");
}

#[test]
fn a_page_a_layer_and_the_numbers_are_the_networks() {
    let place = digits_net();
    let text = place.succeed("maps net ramp.pgm --layer conv1,fc2 --npy --json --out pages");
    let document: Value = serde_json::from_str(&text).unwrap();
    let layers = document["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 2);
    assert_eq!((&layers[0]["name"], &layers[1]["op"]), (&"conv1".into(), &"linear".into()));
    assert_eq!(layers[0]["scale"]["table"], "blue_orange");

    // The logits in the file are those that decide, and each map's numbers are those of its values.
    let file = fs::read(place.path().join("pages/fc2.npy")).unwrap();
    let values = |file: &[u8]| -> Vec<f32> {
        let data = 10 + usize::from(u16::from_le_bytes([file[8], file[9]]));
        file[data..].chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
    };
    let logits = values(&file);
    let best = (0..10).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap();
    assert_eq!(document["class"], best.to_string());
    let conv1 = values(&fs::read(place.path().join("pages/conv1.npy")).unwrap());
    assert_eq!(layers[0]["shape"].to_string(), format!("[{},28,28]", conv1.len() / 784));
    let maps = layers[0]["maps"].as_array().unwrap();
    for map in maps {
        let channel = map["map"].as_u64().unwrap() as usize;
        let own = &conv1[channel * 784..(channel + 1) * 784];
        let at: Vec<usize> =
            map["at"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as usize).collect();
        let max = own.iter().copied().fold(f32::MIN, f32::max);
        assert_eq!((own[at[0] * 28 + at[1]], map["max"].as_f64().unwrap() as f32), (max, max));
    }
    let strengths: Vec<f64> = maps.iter().map(|map| map["rms"].as_f64().unwrap()).collect();
    assert!(strengths.is_sorted_by(|a, b| a >= b), "{strengths:?}");

    let mut files: Vec<String> = fs::read_dir(place.path().join("pages"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["conv1.npy", "conv1.png", "conv1.svg", "fc2.npy", "fc2.png", "fc2.svg", "index.html"]);
    assert!(fs::read(place.path().join("pages/conv1.png")).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn without_a_layer_all_convolutions_and_activations_are_shown() {
    let place = digits_net();
    let text = place.succeed("maps net ramp.pgm");
    let first = |line: &str| line.split_whitespace().next().unwrap_or_default().to_owned();
    let rows: Vec<String> = text.lines().filter(|line| line.contains(".png")).map(first).collect();
    assert_eq!(rows, ["conv1", "relu", "conv2", "relu_1"]);
    assert!(text.ends_with("Each page is also there as SVG; maps/index.html shows all of them.\n"), "{text}");
    let index = fs::read_to_string(place.path().join("maps/index.html")).unwrap();
    for layer in &rows {
        assert!(index.contains(&format!(">{layer}</h2>")), "{index}");
        let image = format!("{layer}.png");
        assert!(index.contains(&format!("<img src=\"{image}\"")), "{index}");
        assert!(place.path().join("maps").join(image).is_file(), "what it shows is there");
    }
    assert!(
        index.contains("conv2d, 16 of 28 x 28") && index.contains("net on ramp.pgm: predicted "),
        "{index}"
    );
    assert!(
        place
            .succeed("maps net ramp.pgm --layer conv1 --out one")
            .ends_with("The page is also there as SVG.\n")
    );
    assert!(!place.path().join("one/index.html").exists(), "one page needs no list");
    assert!(!text.contains('\x1b'), "no colors where there is no terminal");
    let mut forced = place.command(&["maps", "net", "ramp.pgm", "--layer", "conv1"]);
    let output = forced.env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains('▀'));
}

#[test]
fn the_same_pages_for_any_number_of_threads() {
    let place = digits_net();
    place.succeed("maps net ramp.pgm --threads 1 --out one");
    place.succeed("maps net ramp.pgm --threads 3 --out three");
    for name in ["conv1.png", "relu_1.svg"] {
        let read = |folder: &str| fs::read(place.path().join(folder).join(name)).unwrap();
        assert_eq!(read("one"), read("three"), "{name}");
    }
}

#[test]
fn kernels_are_images_in_color_where_the_network_reads_rgb() {
    let place = place(&ResNet::resnet20(10, 3), [3, 32, 32], |_| {});
    let text = place.succeed("filters net --layer conv1,layer1.0.conv? --json");
    let document: Value = serde_json::from_str(&text).unwrap();
    let rgb: Vec<bool> =
        document["layers"].as_array().unwrap().iter().map(|layer| layer["rgb"].as_bool().unwrap()).collect();
    assert_eq!(rgb, [true, false, false]);
    assert!(place.path().join("filters/layer1.0.conv2.svg").is_file());
}

#[test]
fn a_network_without_convolutions() {
    let place = place(&Mlp::new(10), [1, 28, 28], |_| {});
    let text = place.succeed("filters net");
    assert!(text.contains("1 x 28 x 28"), "each unit's weights are an image of the input: {text}");
    check(
        &place,
        "maps net ramp.pgm",
        expect![[r#"
        exit code 2
        error: net: this network has no convolution or activation with feature maps; name a layer with --layer to see its values
    "#]],
    );
}

#[test]
fn what_is_refused() {
    let place = digits_net();
    fs::write(place.path().join("words.png"), "not an image").unwrap();
    check(
        &place,
        "maps net ramp.pgm --layer conv9",
        expect![[r#"
        exit code 2
        error: this network has no layer `conv9`; similar names: conv1, conv2, input, relu, max_pool2d
    "#]],
    );
    check(
        &place,
        "maps net words.png",
        expect![[r#"
        exit code 65
        error: words.png: is not an image: it looks like plain text; expected PNG, JPEG, BMP, GIF, PNM, WebP or TIFF
    "#]],
    );
    check(
        &place,
        "maps net",
        expect![[r#"
        exit code 2
        error: net: expected MODEL and IMAGE, got only one of them; try striate maps convnet digits:7, or --model NAME for a network with published weights
    "#]],
    );
    check(
        &place,
        "maps net .",
        expect![[r#"
        exit code 2
        error: .: expected one image, got a folder; name a file in it, or, if it is a data set, name one of its test images: .:0
    "#]],
    );
    check(
        &place,
        "maps net missing.png",
        expect![[r#"
        exit code 74
        error: missing.png: cannot be read: No such file or directory (os error 2)
    "#]],
    );
    check(
        &place,
        "filters net --layer relu",
        expect![[r#"
        exit code 2
        error: layer `relu`: relu has no kernels to show; layers with kernels: conv1, conv2, fc1, fc2
    "#]],
    );
    check(
        &place,
        "filters words.png",
        expect![[r#"
            exit code 65
            error: words.png: the header says that it is 7575175936672558958 bytes long, in a file of 12 bytes and with a limit of 8388608; the file is cut short, or it is not a safetensors file
        "#]],
    );
    fs::write(place.path().join("file"), "").unwrap();
    check(
        &place,
        "filters net --out file",
        expect![[r#"
        exit code 74
        error: file: cannot create this folder: File exists (os error 17)
    "#]],
    );
}
