//! What a model file and a checkpoint tell about whoever made them: these fields, and no more.

mod common;

use std::collections::BTreeMap;

use common::Place;
use expect_test::{Expect, expect};
use serde_json::Value;

/// The metadata of a safetensors file, each a document or a text.
fn metadata(bytes: &[u8]) -> BTreeMap<String, Value> {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let text = |text: &Value| serde_json::from_str(text.as_str().unwrap()).unwrap_or(Value::Null);
    header["__metadata__"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| (key.clone(), text(value)))
        .collect()
}

/// The keys and the fields of their documents, a key a line.
fn check(metadata: &BTreeMap<String, Value>, want: Expect) {
    let line = |(key, document): (&String, &Value)| {
        let fields = document.as_object().map_or(String::new(), |fields| {
            format!(": {}", fields.keys().map(String::as_str).collect::<Vec<_>>().join(" "))
        });
        format!("{key}{fields}\n")
    };
    want.assert_eq(&metadata.iter().map(line).collect::<String>());
}

#[cfg(unix)]
#[test]
fn files_tell_these_things_and_not_whose_they_are() {
    let place = Place::new();
    place.few_digits(200);
    let home = place.path().join("home");
    std::fs::create_dir(&home).unwrap();
    std::fs::rename(place.path().join("few"), home.join("few")).unwrap();
    let run = |words: &[&str]| {
        let ran = place.command(words).env("HOME", &home).output().unwrap();
        assert!(ran.status.success(), "{words:?}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    };
    let few = home.join("few").display().to_string();
    run(&["train", &few, "--epochs", "1", "--quiet"]);
    let read = |name: &str| std::fs::read(place.path().join("runs/train").join(name)).unwrap();
    for name in
        ["model.safetensors", "last.safetensors", "checkpoint.safetensors", "args.yaml", "report.html"]
    {
        let text = String::from_utf8_lossy(&read(name)).into_owned();
        assert!(!text.contains(&*place.path().to_string_lossy()), "{name} tells where it was made");
    }
    let model = metadata(&read("model.safetensors"));
    check(
        &model,
        expect![[r#"
        striate.classes
        striate.format
        striate.golden: logits n pixels
        striate.graph: nodes output
        striate.preprocess: channels height invert mean std width
        striate.provenance: command data data_sha256 data_source epochs model seed striate_version
        striate.sha256
    "#]],
    );
    assert_eq!(model["striate.provenance"]["data_source"], "~/few");
    assert_eq!(model["striate.provenance"]["command"], "striate train ~/few --epochs 1");
    check(
        &metadata(&read("checkpoint.safetensors")),
        expect![[r#"
        striate.checkpoint
        striate.sha256
        striate.state: command config data_source identity model preprocess progress
    "#]],
    );

    // What was left out is found again.
    let val: Value = serde_json::from_str(&run(&["val", "runs/train", "--json"])).unwrap();
    assert_eq!(val["images"], 100);
    run(&["neuron", "runs/train", "conv1:0", "--out", "neuron"]);
    assert!(run(&["train", "--resume", "runs/train"]).contains("already finished"));
    for name in ["model", "last", "checkpoint"] {
        std::fs::remove_file(place.path().join(format!("runs/train/{name}.safetensors"))).unwrap();
    }
    run(&["train", "--resume", "runs/train", "--quiet"]);
    assert!(metadata(&read("model.safetensors")) == model, "started again by the command that was kept");
}
