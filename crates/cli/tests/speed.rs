//! `striate bench --model` and `striate explain`: what they refuse, and that what they print is about the network asked for. No
//! test judges a time.

mod common;

use std::fs;
use std::process::Stdio;

use common::Place;
use expect_test::{Expect, expect};
use serde_json::Value;

fn refused(place: &Place, line: &str, want: Expect) {
    let ran = place.run(line);
    assert_eq!(ran.stdout, "", "{line}");
    want.assert_eq(&format!("exit code {}\n{}", ran.code, ran.stderr));
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let place = Place::new();
    fs::write(place.path().join("notes.txt"), "no model").unwrap();
    let small = place.run("bench --model convnet --imgsz 4");
    assert!(small.code == 2 && small.stderr.starts_with("error: convnet for 4x4 images: fc1"), "{small:?}");
    refused(
        &place,
        "explain resnet81",
        expect![[r#"
        exit code 2
        error: no file or network is called "resnet81"; did you mean `resnet101`?
    "#]],
    );
    refused(
        &place,
        "explain notes.txt",
        expect![[r#"
        exit code 65
        error: notes.txt: the header says that it is 7810759558478983022 bytes long, in a file of 8 bytes and with a limit of 8388608; the file is cut short, or it is not a safetensors file
    "#]],
    );
    refused(
        &place,
        "explain notes.txt --imgsz 32",
        expect![[r#"
        exit code 2
        error: --imgsz is for networks given by name; a model file has a fixed input size
    "#]],
    );
    refused(
        &place,
        "bench --model convnet --batch 0",
        expect![[r#"
        exit code 2
        error: invalid value '0' for '--batch <N>': expected a whole number from 1 to 4294967295, got 0; try 1

        For more information, try '--help'.
    "#]],
    );
    refused(
        &place,
        "bench --model resnet18 --batch 4294967295",
        expect![[r#"
        exit code 65
        error: not enough memory for this plan, which needs 2586051348 MB; use a smaller batch
    "#]],
    );
    refused(
        &place,
        "bench --batch 4",
        expect![[r#"
        exit code 2
        error: --batch, --imgsz, --train, --winograd and --dtype need a network; name one with --model
    "#]],
    );
    refused(
        &place,
        "bench --model convnet --only infer",
        expect![[r#"
        exit code 2
        error: the argument '--model <MODEL>' cannot be used with '--only <ONLY>'

        Usage: striate bench --model <MODEL>

        For more information, try '--help'.
    "#]],
    );
}

/// Both at once: neither needs anything of the other's.
#[test]
fn a_run_and_its_plan_are_about_the_same_network() {
    let place = Place::new();
    let start = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        place.command(&words).stdout(Stdio::piped()).spawn().unwrap()
    };
    let plan = start("explain convnet --batch 2 --threads 1 --json");
    let step = start("bench --model convnet --batch 2 --train --threads 1 --json");
    let [plan, step] = [plan, step].map(|run| {
        let done = run.wait_with_output().unwrap();
        assert!(done.status.success(), "{done:?}");
        serde_json::from_slice::<Value>(&done.stdout).unwrap()
    });
    let rows = plan["rows"].as_array().unwrap();
    let nodes: Vec<&str> = rows
        .iter()
        .flat_map(|row| row["nodes"].as_array().unwrap())
        .map(|node| node.as_str().unwrap())
        .collect();
    let all =
        ["input", "conv1", "relu", "max_pool2d", "conv2", "relu_1", "max_pool2d_1", "fc1", "relu_2", "fc2"];
    assert_eq!(nodes, all);
    let multiply_adds: u64 = rows.iter().map(|row| row["multiply_adds"].as_u64().unwrap()).sum();
    assert_eq!(multiply_adds, 2 * 1_218_048);
    assert!(rows.iter().all(|row| row["seconds"].as_f64().unwrap() > 0.0), "{plan:#}");
    // Values, gradients of weights, and gradients of all values but the image.
    assert_eq!(step["multiply_adds"], 2 * (3 * 1_218_048 - 16 * 9 * 28 * 28));
    assert_eq!((&step["optimizer"], &step["batch"]), (&"adam".into(), &2.into()));
    assert!(step["median_s"].as_f64().unwrap() >= step["best_s"].as_f64().unwrap());
}

#[test]
fn arithmetic_is_what_was_asked_for() {
    let place = Place::new();
    let explained = |flags: &str| {
        let ran = place.run(&format!("explain convnet --threads 1 --json {flags}"));
        assert_eq!(ran.code, 0, "{ran:?}");
        let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
        let algorithms =
            plan["rows"].as_array().unwrap().iter().map(|row| row["algorithm"].as_str().unwrap());
        let algorithms: Vec<String> = algorithms.map(Into::into).collect();
        (algorithms, ran.stderr)
    };
    let pooled = ["input", "direct, pooled", "direct, pooled", "linear", "linear"];
    assert_eq!(explained(""), (pooled.map(Into::into).to_vec(), String::new()));
    let (on, told) = explained("--winograd on");
    assert_eq!(on[2..4], ["Winograd 4x4", "max_pool2d"], "{on:?}");
    expect![[r#"
        --winograd on: 1 of 2 convolutions are computed directly, since the algorithm does not apply to them: conv1 (3x3, 1 channel, below 16)
    "#]]
    .assert_eq(&told);
    let (bf16, told) = explained("--dtype bf16");
    assert_eq!(bf16, ["input", "direct, pooled", "bf16", "max_pool2d", "linear, bf16", "linear, bf16"]);
    let has_bf16 = place.run("explain convnet --json").stdout.contains("avx512_bf16");
    assert_eq!(told.is_empty(), has_bf16, "{told}");
    refused(
        &place,
        "explain convnet --train --dtype bf16",
        expect![[r#"
            exit code 2
            error: --dtype bf16 is for inference; training steps are computed in f32
        "#]],
    );
    refused(
        &place,
        "bench --model convnet --winograd on --dtype bf16",
        expect![[r#"
            exit code 2
            error: --winograd on and --dtype bf16 cannot be combined, since Winograd's algorithm computes in f32; leave one of them out
        "#]],
    );
}
