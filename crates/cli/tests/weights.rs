//! Weights from elsewhere, on the command line: what is taken, what it is called, and what is said of it.

mod common;

use std::fs;

use common::Place;
use expect_test::{Expect, expect};
use striate::graph::{Mode, Params, trace};
use striate::models::registry;

/// A safetensors file of convnet's parameters for `classes`, each name behind `prefix`, changed by `change`.
fn write(place: &Place, name: &str, classes: usize, prefix: &str, change: impl Fn(&str, &mut [f32])) {
    let net = (registry::find("convnet").unwrap().build)(classes, 1);
    let graph = trace(net.as_ref(), Mode::Eval, [1, 28, 28]).unwrap();
    let params = Params::init(&graph, 1);
    let (mut header, mut data) = (String::from("{"), Vec::new());
    for (name, array) in params.iter() {
        let mut values: Vec<f32> = array.iter().copied().collect();
        change(name, &mut values);
        let start = data.len();
        data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        let (comma, shape, end) = (if start > 0 { "," } else { "" }, array.shape(), data.len());
        header += &format!(
            "{comma}\"{prefix}{name}\":{{\"dtype\":\"F32\",\"shape\":{shape:?},\"data_offsets\":[{start},{end}]}}"
        );
    }
    header += "}";
    let length = (header.len() as u64).to_le_bytes();
    fs::write(place.path().join(name), [&length[..], header.as_bytes(), &data].concat()).unwrap();
}

fn check(place: &Place, line: &str, want: Expect) {
    let ran = place.run(line);
    want.assert_eq(&format!("exit code {}\n{}{}", ran.code, ran.stdout, ran.stderr));
}

#[test]
fn classes_come_from_the_last_layer_and_names_from_labels() {
    let place = Place::new();
    write(&place, "five.safetensors", 5, "net.", |_, _| {});
    let line = "predict --model convnet --weights five.safetensors digits:7 --topk 1 --format csv";
    check(
        &place,
        line,
        expect![[r#"
            exit code 0
            image,rank,class,class_index,probability
            digits:7,1,class 1,1,0.21170643
            note: the prefix `net.` was removed
            note: the preprocessing of these weights is not known: assuming values scaled to -1..1
            note: the 5 classes of these weights have no names, so they are called class 0 to class 4; --labels FILE names them
        "#]],
    );
    fs::write(place.path().join("names.txt"), "\u{feff}ant\r\nbee\r\ncat\r\ndog\r\neel\r\n\r\n").unwrap();
    let named = place.run(&format!("{line} --labels names.txt"));
    assert_eq!(named.code, 0);
    let names = ["ant", "bee", "cat", "dog", "eel"];
    let said = named.stdout.lines().nth(1).unwrap().split(',').nth(2).unwrap().to_owned();
    assert!(names.contains(&&said[..]), "{said}");
    assert!(!named.stderr.contains("class 0"), "{}", named.stderr);
    // `why` takes the same flags.
    let why = place
        .run("why --model convnet --weights five.safetensors --labels names.txt digits:7 --class eel --json");
    assert_eq!(why.code, 0, "{}", why.stderr);
    assert!(why.stdout.contains("\"eel\""), "{}", why.stdout);
    for (text, want) in [
        (
            "ant\nbee\n",
            expect![[r#"
                exit code 65
                note: the prefix `net.` was removed
                note: the preprocessing of these weights is not known: assuming values scaled to -1..1
                error: names.txt: expected 5 names, one per output of the network, got 2
            "#]],
        ),
        (
            "ant\nbee\nant\ndog\neel\n",
            expect![[r#"
                exit code 65
                error: names.txt: lines 1 and 3: two classes are called ant; give each class its own name
            "#]],
        ),
        (
            "ant\n\nbee\ndog\neel\n",
            expect![[r#"
                exit code 65
                error: names.txt: line 2: expected a class name, got an empty line
            "#]],
        ),
    ] {
        fs::write(place.path().join("names.txt"), text).unwrap();
        check(&place, &format!("{line} --labels names.txt"), want);
    }
    check(
        &place,
        "predict convnet digits:7 --labels names.txt",
        expect![[r#"
            exit code 2
            error: the following required arguments were not provided:
              --model <NAME>

            Usage: striate predict [OPTIONS] MODEL IMAGES...
                   striate predict [OPTIONS] --model NAME [--weights SOURCE] IMAGES...

            For more information, try '--help'.
        "#]],
    );
}

/// A file of weights in place of a model file: what is missing, and how to say it.
#[test]
fn weights_without_their_network() {
    let place = Place::new();
    write(&place, "mine.safetensors", 10, "", |_, _| {});
    check(
        &place,
        "predict mine.safetensors digits:7",
        expect![[r#"
            exit code 2
            error: mine.safetensors: these are weights without their network; name the network with --model NAME --weights mine.safetensors ('striate models' lists the networks)
        "#]],
    );
}

/// The flags that would help are named, in the words of the command line.
#[test]
fn flags_that_choose_and_fetch_weights_are_named() {
    let place = Place::new();
    let ran = place.run("predict --model convnet --weights https://localhost/net.pth digits:7");
    assert_eq!(ran.code, 74, "{}", ran.stderr);
    assert!(ran.stderr.ends_with("\n  --fetch downloads them\n"), "{}", ran.stderr);
    write(&place, "odd.safetensors", 10, "a.", |_, _| {});
    let mut bytes = fs::read(place.path().join("odd.safetensors")).unwrap();
    let at = bytes.windows(13).position(|name| name == b"a.conv1.bias\"").unwrap();
    bytes[at] = b'b';
    fs::write(place.path().join("odd.safetensors"), bytes).unwrap();
    let ran = place.run("predict --model convnet --weights odd.safetensors digits:7");
    assert_eq!(ran.code, 65, "{}", ran.stderr);
    assert!(ran.stderr.ends_with("\n  --prefix a. reads only those names\n"), "{}", ran.stderr);
}

#[test]
fn val_measures_weights_from_elsewhere() {
    let place = Place::new();
    place.few_digits(20);
    write(&place, "ten.safetensors", 10, "", |_, _| {});
    let ran = place.run("val --model convnet --weights ten.safetensors few --json");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.contains("\"model\": \"convnet\"") && ran.stdout.contains("\"images\": 100"),
        "{}",
        ran.stdout
    );
    expect![[r#"
        note: the preprocessing of these weights is not known: assuming values scaled to -1..1
        note: the 10 classes of these weights have no names, so they get those of the data, in the same order (0, 1, 2, 3, 4, ...); --labels FILE overrides them
    "#]]
    .assert_eq(&ran.stderr);
    write(&place, "five.safetensors", 5, "", |_, _| {});
    check(
        &place,
        "val --model convnet --weights five.safetensors few",
        expect![[r#"
            exit code 65
            note: the preprocessing of these weights is not known: assuming values scaled to -1..1
            note: the 5 classes of these weights have no names, so they are called class 0 to class 4; --labels FILE names them
            error: few: its classes are not those of the model; expected class 0, class 1, class 2, class 3, class 4; got 0, 1, 2, 3, 4, 5, 6, 7, 8, 9; use the data set that the model was trained on
        "#]],
    );
    check(
        &place,
        "val --model convnet --weights ten.safetensors",
        expect![[r#"
            exit code 2
            note: the preprocessing of these weights is not known: assuming values scaled to -1..1
            note: the 10 classes of these weights have no names, so they are called class 0 to class 9; --labels FILE names them
            error: the model does not record which data set it was trained on; name one with --data
        "#]],
    );
    check(
        &place,
        "val --model convnet convnet few",
        expect![[r#"
            exit code 2
            error: convnet: with --model, expected only a data set, got 2 paths
        "#]],
    );
}

/// Whatever says no number names no class, in any command.
#[test]
fn logits_that_are_no_numbers_are_refused() {
    let place = Place::new();
    place.few_digits(20);
    // Finite weights whose products are not.
    write(&place, "huge.safetensors", 10, "", |name, values| {
        if name.ends_with("weight") {
            values.iter_mut().for_each(|value| *value = value.signum() * 3e38);
        }
    });
    for command in ["predict", "why", "maps", "val"] {
        let image = if command == "val" { "few" } else { "digits:7" };
        let ran = place.run(&format!("{command} --model convnet --weights huge.safetensors {image}"));
        assert_eq!((ran.code, &ran.stdout[..]), (65, ""), "{command}: {}", ran.stderr);
        let said =
            "so it cannot choose a class: its parameters do not belong together, or its training diverged";
        assert!(ran.stderr.contains(said), "{command}: {}", ran.stderr);
    }
}
