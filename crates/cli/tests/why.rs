//! `striate why`: what it writes, what it prints, and what it refuses.

mod common;

use std::fs;

use common::Place;
use expect_test::{Expect, expect};
use serde_json::Value;
use striate::data::Preprocess;
use striate::formats::{ModelFile, Provenance};
use striate::graph::{Engine, Forward, Mode, Params, trace};
use striate::models::{ConvNet, Mlp};

/// A model with weights as they start, and a grey ramp to look at.
fn place(net: &dyn Forward) -> Place {
    let place = Place::new();
    let graph = trace(net, Mode::Eval, [1, 28, 28]).unwrap();
    let params = Params::init(&graph, 3);
    let classes = (0..10).map(|class| class.to_string()).collect();
    let preprocess = Preprocess::new([1, 28, 28], &[0.5], &[0.5]).unwrap();
    let engine = Engine::new(Some(1)).unwrap();
    let file = ModelFile::new(graph, params, preprocess, classes, Provenance::default(), &engine).unwrap();
    file.save(&place.path().join("net")).unwrap();
    let mut picture = b"P5 28 28 255\n".to_vec();
    picture.extend((0..28 * 28).map(|i| (i % 28 * 9) as u8));
    fs::write(place.path().join("ramp.pgm"), picture).unwrap();
    place
}

const METHODS: [&str; 7] = [
    "gradient",
    "gradient-x-input",
    "integrated-gradients",
    "grad-cam",
    "grad-cam-plus-plus",
    "layer-cam",
    "occlusion",
];

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
        assert!(String::from_utf8(read("svg")).unwrap().contains("Why 4?"));
        let file = read("npy");
        let data = 10 + usize::from(u16::from_le_bytes([file[8], file[9]]));
        let values: Vec<f32> =
            file[data..].chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
        assert_eq!(values.len(), shape.iter().product::<usize>());
        assert!(values.iter().any(|&v| v != 0.0), "{method}");
        let complete = &found["completeness"];
        assert_eq!(complete.is_object(), matches!(method, "gradient-x-input" | "integrated-gradients"));
        if method == "integrated-gradients" {
            let [rise, sum, gap] = ["rise", "sum", "gap"].map(|key| complete[key].as_f64().unwrap());
            assert!(gap.abs() < 0.01 * rise.abs(), "{complete}");
            let total: f64 = values.iter().map(|&v| f64::from(v)).sum();
            assert!((total - sum).abs() < 1e-9 && (sum - rise - gap).abs() < 1e-9);
        }
        let is_cam = method.contains("cam");
        assert_eq!(found["layer"].is_string(), is_cam, "{method}");
        assert_eq!(found["scale"]["table"], if is_cam { "viridis" } else { "blue_orange" });
    }
    assert!(logits.iter().all(|l| (l - logits[0]).abs() < 1e-5), "{logits:?}");
    let text = place.succeed("why net ramp.pgm");
    assert!(text.contains("gap") && text.contains("integrated gradients"), "{text}");
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
        error: class activation map: this network has no convolution, so no layer knows where in the picture anything is; try integrated gradients or occlusion
    "#]],
    );
    check(
        &place,
        "why net ramp.pgm --class seven",
        expect![[r#"
        exit code 2
        error: no class `seven` among the 10 of this network; near names: 0, 1, 2, 3, 4
    "#]],
    );
    check(
        &place,
        "why net ramp.pgm --layer fc1",
        expect![[r#"
        exit code 2
        error: --layer is for grad-cam, grad-cam-plus-plus and layer-cam; the others look at the picture itself
    "#]],
    );
    check(
        &place,
        "why net",
        expect![[r#"
        exit code 2
        error: why: expected a model and a picture, got 1 paths
    "#]],
    );
    assert!(!place.path().join("why").exists(), "nothing is written");
}
