//! `striate why`: what it writes, what it prints, and what it refuses.

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
fn place(net: &dyn Forward) -> Place {
    place_of(net, [1, 28, 28])
}

fn place_of(net: &dyn Forward, input: [usize; 3]) -> Place {
    let place = Place::new();
    let graph = trace(net, Mode::Eval, input).unwrap();
    let params = Params::init(&graph, 3);
    let classes = (0..10).map(|class| class.to_string()).collect();
    let preprocess = Preprocess::new(input, &vec![0.5; input[0]], &vec![0.5; input[0]]).unwrap();
    let engine = Engine::new(Some(1)).unwrap();
    let file = ModelFile::new(graph, params, preprocess, classes, Provenance::default(), &engine).unwrap();
    file.save(&place.path().join("net")).unwrap();
    let mut image = b"P5 28 28 255\n".to_vec();
    image.extend((0..28 * 28).map(|i| (i % 28 * 9) as u8));
    fs::write(place.path().join("ramp.pgm"), image).unwrap();
    place
}

const METHODS: [&str; 12] = [
    "gradient",
    "gradient-x-input",
    "smooth-grad",
    "integrated-gradients",
    "exact-sum",
    "guided-backprop",
    "grad-cam",
    "grad-cam-plus-plus",
    "layer-cam",
    "eigen-cam",
    "score-cam",
    "occlusion",
];

/// Shape and values of an .npy.
fn npy(place: &Place, path: &str) -> (String, Vec<f32>) {
    let file = fs::read(place.path().join(path)).unwrap();
    let data = 10 + usize::from(u16::from_le_bytes([file[8], file[9]]));
    let header = String::from_utf8_lossy(&file[10..data]).into_owned();
    (header, file[data..].chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect())
}

#[test]
fn each_method_writes_its_page_and_the_numbers_agree() {
    let place = place(&ConvNet::new(10));
    let mut logits = Vec::new();
    for method in METHODS {
        let text = place.succeed(&format!("why net ramp.pgm --class 4 --method {method} --json"));
        let found: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&found["class"], &found["method"]), (&"4".into(), &method.replace('-', "_").into()));
        logits.push(found["logit"].as_f64().unwrap());
        let shape: Vec<usize> = serde_json::from_value(found["shape"].clone()).unwrap();
        let read = |ending: &str| fs::read(place.path().join(format!("why/{method}.{ending}"))).unwrap();
        assert!(read("png").starts_with(b"\x89PNG"));
        let svg = String::from_utf8(read("svg")).unwrap();
        let asks = if method == "eigen-cam" { "Where do the maps differ?" } else { "Why 4?" };
        assert!(svg.contains(asks), "{method}");
        let (_, values) = npy(&place, &format!("why/{method}.npy"));
        assert_eq!(values.len(), shape.iter().product::<usize>());
        assert!(values.iter().any(|&v| v != 0.0), "{method}");
        let complete = &found["completeness"];
        let sums = matches!(method, "gradient-x-input" | "integrated-gradients" | "exact-sum");
        assert_eq!(complete.is_object(), sums, "{method}");
        if sums {
            let [rise, sum, gap] = ["rise", "sum", "gap"].map(|key| complete[key].as_f64().unwrap());
            assert!((sum - rise - gap).abs() < 1e-9);
            let allowed = match method {
                "integrated-gradients" => 0.01,
                "exact-sum" => 1e-5,
                _ => f64::INFINITY,
            };
            assert!(gap.abs() < allowed * rise.abs(), "{complete}");
            let total: f64 = values.iter().map(|&v| f64::from(v)).sum();
            assert!((total - sum).abs() < 1e-9 || method == "exact-sum");
        }
        let parts = found["parts"].as_array().unwrap();
        assert_eq!(parts.len(), if method == "exact-sum" { 5 } else { 0 }, "the image and four layers");
        let warning = found["warning"].as_str();
        assert_eq!(warning.is_some(), matches!(method, "guided-backprop" | "eigen-cam"), "{method}");
        if let Some(warning) = warning {
            assert!(svg.contains(&warning[..20]), "the page says it too");
            let text = place.succeed(&format!("why net ramp.pgm --method {method}"));
            assert!(text.contains(&format!("caution: {warning}")), "{text}");
        }
        let is_cam = method.contains("cam");
        assert_eq!(found["layer"].is_string(), is_cam, "{method}");
        let signed = !is_cam || method == "eigen-cam";
        assert_eq!(found["scale"]["table"], if signed { "blue_orange" } else { "viridis" }, "{method}");
    }
    assert!(logits.iter().all(|l| (l - logits[0]).abs() < 1e-5), "{logits:?}");
    let text = place.succeed("why net ramp.pgm");
    assert!(text.contains("gap") && text.contains("integrated gradients"), "{text}");
}

#[test]
fn one_class_rather_than_another() {
    let place = place(&ConvNet::new(10));
    let logit = |line: &str| -> f64 {
        let found: Value =
            serde_json::from_str(&place.succeed(&format!("why net ramp.pgm --json {line}"))).unwrap();
        found["logit"].as_f64().unwrap()
    };
    let (four, two) = (logit("--class 4 --method gradient"), logit("--class 2 --method gradient"));
    let both = logit("--class 4 --versus 2 --method exact-sum");
    assert!((both - (four - two)).abs() < 1e-5, "{both} {four} {two}");
    let svg = fs::read_to_string(place.path().join("why/exact-sum.svg")).unwrap();
    assert!(svg.contains("Why 4 rather than 2?") && svg.contains("logit difference"), "{svg}");
    let text = place.succeed("why net ramp.pgm --class 4 --versus 2 --method grad-cam");
    assert!(text.contains("why 4 rather than 2: Grad-CAM"), "{text}");
}

#[test]
fn all_classes_lie_side_by_side() {
    let place = place(&ConvNet::new(10));
    let text = place.succeed("why net ramp.pgm --all-classes --method gradient-x-input --json");
    let found: Value = serde_json::from_str(&text).unwrap();
    let logits: Vec<f64> =
        found["classes"].as_array().unwrap().iter().map(|class| class["logit"].as_f64().unwrap()).collect();
    assert_eq!(logits.len(), 10);
    assert!(logits.is_sorted_by(|a, b| a >= b), "{logits:?}");
    let (header, values) = npy(&place, "why/gradient-x-input-classes.npy");
    assert!(header.contains("(10, 1, 28, 28)"), "{header}");
    let third = found["classes"][2]["class"].as_str().unwrap();
    place.succeed(&format!("why net ramp.pgm --class {third} --method gradient-x-input"));
    assert_eq!(npy(&place, "why/gradient-x-input.npy").1, values[2 * 784..3 * 784]);
    let svg = fs::read_to_string(place.path().join("why/gradient-x-input-classes.svg")).unwrap();
    assert_eq!(svg.matches("<image").count(), 11, "ten classes and the image");
}

/// Single pixels of a photo cannot be told apart: the image is smoothed and says so, the numbers are not; and what is asked
/// first is where in the last maps the evidence lies.
#[test]
fn a_photo_is_asked_by_its_maps_and_pixels_are_smoothed() {
    let place = place_of(&ResNet::resnet20(10, 3), [3, 96, 96]);
    let json = |line: &str| -> Value { serde_json::from_str(&place.succeed(line)).unwrap() };
    let svg = |name: &str| fs::read_to_string(place.path().join(format!("why/{name}.svg"))).unwrap();
    let found = json("why net ramp.pgm --json");
    assert_eq!((&found["method"], &found["smoothing_px"]), (&"grad_cam".into(), &Value::Null));
    assert!(svg("grad-cam").contains("the brighter, the more a place speaks for"), "what the colors say");
    let found = json("why net ramp.pgm --class 4 --method gradient-x-input --json");
    assert_eq!(found["smoothing_px"], 1.5);
    let page = svg("gradient-x-input");
    assert!(page.contains("smoothed by 1.5 pixels") && page.contains("orange speaks for 4, blue against"));
    let (_, values) = npy(&place, "why/gradient-x-input.npy");
    let sum: f64 = values.iter().map(|&v| f64::from(v)).sum();
    assert!((sum - found["completeness"]["sum"].as_f64().unwrap()).abs() < 1e-9, "as they were found");
    let text = place.succeed("why net ramp.pgm --method gradient-x-input");
    assert!(text.contains("The drawing is smoothed by 1.5 pixels"), "{text}");
}

#[test]
fn integrated_gradients_say_how_closely_each_pixel_is_known() {
    let place = place(&ConvNet::new(10));
    let found: Value = serde_json::from_str(&place.succeed("why net ramp.pgm --json")).unwrap();
    assert_eq!((&found["method"], &found["smoothing_px"]), (&"integrated_gradients".into(), &Value::Null));
    let refinement = &found["refinement"];
    assert!(
        refinement["change"].as_f64().unwrap() <= 0.01 && refinement["tolerance"] == 0.01,
        "{refinement}"
    );
    let text = place.succeed("why net ramp.pgm --versus 1 --class 0");
    assert!(text.contains("the last two refinements agree: no pixel differs by more than"), "{text}");
    let svg = fs::read_to_string(place.path().join("why/integrated-gradients.svg")).unwrap();
    assert!(
        svg.contains("the last two refinements agree") && svg.contains("orange speaks for 0, blue for 1")
    );
}

fn check(place: &Place, line: &str, want: Expect) {
    let ran = place.run(line);
    want.assert_eq(&format!("exit code {}\n{}", ran.code, ran.stderr));
    assert_eq!(ran.stdout, "", "{line}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let place = place(&Mlp::new(10));
    check(
        &place,
        "why net ramp.pgm --method grad-cam",
        expect![[r#"
        exit code 2
        error: class activation map: this network has no convolution, so no layer has feature maps; try integrated gradients or occlusion
    "#]],
    );
    check(
        &place,
        "why net ramp.pgm --class seven",
        expect![[r#"
        exit code 2
        error: this network has no class `seven` among its 10 classes; similar names: 0, 1, 2, 3, 4
    "#]],
    );
    check(
        &place,
        "why net ramp.pgm --layer fc1",
        expect![[r#"
        exit code 2
        error: attribution: integrated gradients does not use a layer; a layer can be named for Grad-CAM, Grad-CAM++, LayerCAM, EigenCAM, Score-CAM
    "#]],
    );
    check(
        &place,
        "why net ramp.pgm --method eigen-cam --all-classes",
        expect![[r#"
        exit code 2
        error: attribution: EigenCAM is the same for every class, so it cannot compare classes; try Grad-CAM or integrated gradients
    "#]],
    );
    check(
        &place,
        "why net ramp.pgm --class 3 --versus 3",
        expect![[r#"
        exit code 2
        error: --versus 3: this is the class that is being explained; name another one, or add --class
    "#]],
    );
    check(
        &place,
        "why net ramp.pgm --class 1 --versus seven",
        expect![[r#"
        exit code 2
        error: this network has no class `seven` among its 10 classes; similar names: 0, 1, 2, 3, 4
    "#]],
    );
    check(
        &place,
        "why net",
        expect![[r#"
        exit code 2
        error: net: expected MODEL and IMAGE, got only one of them; try striate why convnet digits:7, or --model NAME for a network with published weights
    "#]],
    );
    assert!(!place.path().join("why").exists(), "nothing is written");
}

#[test]
fn a_network_of_no_numbers_is_bad_data() {
    let place = place(&Mlp::new(10));
    let path = place.path().join("net");
    // The last value of the file is one of the last parameter's.
    let mut file = fs::read(&path).unwrap();
    let at = file.len() - 4;
    file[at..].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&path, file).unwrap();
    let ran = place.run("why net ramp.pgm");
    assert_eq!((ran.code, ran.stdout.as_str()), (65, ""), "{}", ran.stderr);
    assert!(!place.path().join("why").exists(), "nothing is written");
}
