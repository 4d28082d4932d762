//! `striate embed`: what it writes, what it prints, and what it refuses.

mod common;

use std::fs;

use common::Place;
use expect_test::{Expect, expect};
use serde_json::Value;

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
        error: no data set or folder is called "nowhere"; data sets are digits, mnist, fashion-mnist, or give a folder of pictures (FOLDER/CLASS/...) or of four idx files
    "#]],
    );
    check(
        &place,
        "embed nothing --data digits",
        expect![[r#"
        exit code 2
        error: nothing: no file or folder of that name, and no network that comes with its weights; those are convnet, convnet_gap, mlp; for another one give --model NAME and its weights, or train it
    "#]],
    );
    assert!(!place.path().join("embed").exists());
}
