//! Which images a command means: the same for every command, from wherever the user stands.

mod common;

use std::fs;
use std::path::Path;

use common::{Place, Ran};
use serde_json::Value;

/// Writes `count` gray images of 28x28 pixels: bright on the left for one class, on the right for the other.
fn fill(folder: &Path, class: usize, count: usize, seed: usize) {
    fs::create_dir_all(folder).unwrap();
    for i in 0..count {
        let pixel = |x: usize, y: usize| {
            let noise = ((x * 31 + y * 17 + (seed + i) * 101) % 37) as u8;
            if (x < 14) == (class == 0) { 200 + noise } else { noise }
        };
        let pixels: Vec<u8> = (0..28 * 28).map(|p| pixel(p % 28, p / 28)).collect();
        let header = b"P5 28 28 255\n".to_vec();
        fs::write(folder.join(format!("{seed}_{i:02}.pgm")), [header, pixels].concat()).unwrap();
    }
}

fn train(place: &Place, words: &str) -> String {
    place.succeed(&format!("train {words} --model mlp --imgsz 28 --epochs 2 --quiet --threads 1"))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn images(place: &Place, line: &str) -> u64 {
    json(&place.succeed(&format!("{line} --json")))["images"].as_u64().unwrap()
}

/// `images/{left,right}`, 10 each, beside the folder `here` to stand in.
fn flat() -> Place {
    let place = Place::new();
    fill(&place.path().join("images/left"), 0, 10, 0);
    fill(&place.path().join("images/right"), 1, 10, 50);
    place
}

#[test]
fn measuring_takes_every_image_of_a_folder() {
    let place = flat();
    train(&place, "images");
    let text = place.succeed("val runs/train");
    assert!(text.contains("Evaluated on the 4 held-out images of images"), "{text}");
    assert!(!text.contains("was trained on"), "{text}");
    let text = place.succeed("val runs/train images");
    assert!(text.contains("Evaluated on all 20 images of images"), "{text}");
    assert!(text.contains("The model was trained on 16 of these 20 images"), "{text}");

    // One class, and one image of each.
    fill(&place.path().join("one/right"), 1, 3, 90);
    assert_eq!(images(&place, "val runs/train one"), 3);
    fill(&place.path().join("each/left"), 0, 1, 91);
    fill(&place.path().join("each/right"), 1, 1, 92);
    assert_eq!(images(&place, "val runs/train each"), 2);

    let refused = place.run("val runs/train images --split test");
    assert_eq!(refused.code, 65, "{refused:?}");
    assert!(refused.stderr.contains("there is no test part here; its folders are classes"), "{refused:?}");
}

#[test]
fn every_command_means_the_same_part() {
    let place = Place::new();
    for (part, count, seed) in [("Training", 10, 0), ("Validation", 3, 100), ("TEST", 5, 200)] {
        for (class, name) in ["left", "right"].iter().enumerate() {
            fill(&place.path().join("data").join(part).join(name), class, count, seed + 50 * class);
        }
    }
    let refused = place.run("train data --model mlp --imgsz 28 --val-split 0.2");
    assert!(refused.code == 2 && refused.stderr.contains("data has a val part of its own"), "{refused:?}");
    train(&place, "data");
    for (line, want) in [
        ("val runs/train", 10),
        ("val runs/train data", 10),
        ("val runs/train data --split test", 10),
        ("val runs/train -d data --split val", 6),
        ("val runs/train --split train", 20),
        ("val runs/train --data data --split all", 36),
    ] {
        assert_eq!(images(&place, line), want, "{line}");
    }
    let said = place.run("val runs/train data");
    assert!(said.stderr.contains("Training is used as the train part"), "{said:?}");

    // The first image of each part, by its place in the data set and by its path.
    let answer = |source: &str| -> Value {
        let words = ["predict", "runs/train", source, "--json"];
        let Ran { code, stdout, stderr } = place.run_words(&words);
        assert_eq!(code, 0, "{source}: {stderr}");
        json(&stdout)["predictions"][0]["top"].clone()
    };
    for (member, path) in [
        ("data:0", "data/TEST/left/200_00.pgm"),
        ("data:test:0", "data/TEST/left/200_00.pgm"),
        ("data:val:0", "data/Validation/left/100_00.pgm"),
        ("data:train:0", "data/Training/left/0_00.pgm"),
    ] {
        assert_eq!(answer(member), answer(path), "{member}");
    }
    assert_ne!(answer("data:val:0"), answer("data:test:0"));
    let embedded = json(&place.succeed("embed runs/train -d data --split all --json"));
    assert_eq!(embedded["images"].as_array().unwrap().len(), 36);
}

#[test]
fn two_readings_are_asked_about_and_a_flag_decides() {
    let place = Place::new();
    for (class, name) in ["train", "valid"].iter().enumerate() {
        fill(&place.path().join("vehicles").join(name), class, 6, 50 * class);
    }
    let asked = place.run("train vehicles --model mlp --imgsz 28 --epochs 1");
    assert_eq!(asked.code, 65, "{asked:?}");
    for word in
        ["`Layout::Classes`: each is a class: train, valid", "--layout parts or --layout classes chooses one"]
    {
        assert!(asked.stderr.contains(word), "{asked:?}");
    }
    train(&place, "vehicles --layout classes");
    assert_eq!(images(&place, "val runs/train vehicles --layout classes"), 12);
}

#[test]
fn every_next_command_runs_from_where_the_user_stands() {
    let place = flat();
    fs::create_dir(place.path().join("here")).unwrap();
    let run = |words: &[&str]| {
        let output = place.command(words).current_dir(place.path().join("here")).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    let words = ["train", "../images", "--model", "mlp", "--imgsz", "28", "--epochs", "1", "--quiet"];
    let told = run(&words);
    let (_, next) = told.split_once("Next:\n").unwrap();
    assert!(next.lines().count() >= 3, "{next}");
    for line in next.lines() {
        run(&line.split_whitespace().skip(1).collect::<Vec<_>>());
    }
}

#[test]
fn what_is_passed_over_is_named() {
    let place = flat();
    train(&place, "images");
    let folder = place.path().join("mixed");
    fill(&folder, 0, 2, 300);
    fs::copy(folder.join("300_00.pgm"), folder.join("plain")).unwrap();
    fs::copy(folder.join("300_00.pgm"), folder.join("._300_00.pgm")).unwrap();
    fs::write(folder.join("notes.txt"), "no image").unwrap();
    let ran = place.run("predict runs/train mixed --json");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(json(&ran.stdout)["predictions"].as_array().unwrap().len(), 3);
    assert!(
        ran.stderr.contains(
            "mixed: skipped because hidden or not an image (2): mixed/._300_00.pgm, mixed/notes.txt"
        ),
        "{ran:?}"
    );
    // What is called an image and cannot be read is no secret either.
    fs::write(folder.join("phone.heic"), b"\0\0\0\x18ftypheic").unwrap();
    let ran = place.run("predict runs/train mixed");
    assert_eq!(ran.code, 65, "{ran:?}");
    assert!(ran.stderr.contains("phone.heic"), "{ran:?}");
}
