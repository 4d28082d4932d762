//! Names that would drive a terminal: what every command writes shows them, and obeys none.
#![cfg(unix)]

mod common;

use std::fs;

use common::Place;
use serde_json::Value;

/// Clears the screen, in C0 and in C1, and reverses the line; DEL and a bell.
const HOSTILE: &str = "\x1b[2J\u{9b}2J\u{202e}\x7f\x07";

fn is_raw(c: char) -> bool {
    c.is_control() && c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A data set of hostile names, its own and those of its classes and images, and one more image.
fn hostile() -> (Place, String, String) {
    let place = Place::new();
    let data = format!("data{HOSTILE}");
    let digits = striate::data::load("digits").unwrap();
    for label in 0..2_u32 {
        let folder = place.path().join(&data).join(format!("class {label}{HOSTILE}"));
        fs::create_dir_all(&folder).unwrap();
        for i in (0..digits.test.len()).filter(|&i| digits.test.label(i) == label).take(12) {
            let mut encoder = png::Encoder::new(
                fs::File::create(folder.join(format!("{i}{HOSTILE}.png"))).unwrap(),
                28,
                28,
            );
            encoder.set_color(png::ColorType::Grayscale);
            let pixels = digits.test.image(i).unwrap().pixels;
            encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
        }
        fs::write(folder.join(format!("note{HOSTILE}.txt")), "no image").unwrap();
    }
    let image = format!("=1+1{HOSTILE}.png");
    let seven = place.path().join(&data).join(format!("class 0{HOSTILE}"));
    let first = fs::read_dir(seven).unwrap().map(|entry| entry.unwrap().path());
    let first = first.filter(|path| path.to_str().unwrap().ends_with("png")).min().unwrap();
    fs::copy(first, place.path().join(&image)).unwrap();
    (place, data, image)
}

#[test]
fn names_drive_no_terminal() {
    let (place, data, image) = hostile();
    let absent = format!("absent{HOSTILE}.png");
    let model = "runs/train/model.safetensors";
    let flag = format!("--{HOSTILE}");
    let lines: [(i32, &[&str]); 16] = [
        (0, &["data", "check", &data]),
        (0, &["train", &data, "--epochs", "1", "--model", "lenet5", "--imgsz", "28", "--threads", "1"]),
        (0, &["summary", model]),
        (0, &["val", model, &data]),
        (74, &["predict", model, &image, &absent]),
        (74, &["predict", model, &image, &absent, "--json"]),
        (74, &["predict", model, &image, &absent, "--format", "csv"]),
        (0, &["maps", model, &image, "--layer", "conv1"]),
        (0, &["why", model, &image]),
        (0, &["xray", model, &image]),
        (0, &["neuron", model, "conv1:0", "-d", &data]),
        (0, &["embed", model, "-n", "10", "-d", &data]),
        (0, &["predict", model, &data]),
        (74, &["why", &absent, &image]),
        (2, &[&absent]),
        (2, &["train", &data, &flag]),
    ];
    for (code, line) in lines {
        let ran = place.run_words(line);
        assert_eq!(ran.code, code, "{line:?}: {ran:?}");
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.contains(is_raw), "{line:?}: {text:?}");
        }
        if line.contains(&&absent[..]) {
            assert!(format!("{}{}", ran.stdout, ran.stderr).contains("absent"), "{line:?}: {ran:?}");
        }
    }
    let page = fs::read_to_string(place.path().join("maps/conv1.svg")).unwrap();
    assert!(!page.contains(is_raw) && page.contains(r"\u{1b}[2J"), "{page}");
}

#[test]
fn json_says_the_very_name_and_csv_no_formula() {
    let place = Place::new();
    let digit = striate::data::load("digits").unwrap().test.image(0).unwrap();
    let name = format!("=1+1{HOSTILE}.png");
    let mut encoder = png::Encoder::new(fs::File::create(place.path().join(&name)).unwrap(), 28, 28);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&digit.pixels).unwrap();
    let json = place.run_words(&["predict", "convnet", &name, "--json"]);
    let document: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(document["predictions"][0]["image"], *name);
    let csv = place.run_words(&["predict", "convnet", &name, "--format", "csv"]).stdout;
    let line = csv.lines().nth(1).unwrap();
    assert!(line.starts_with(r"'=1+1\u{1b}[2J\u{9b}2J\u{202e}\u{7f}\u{7}.png,1,"), "{csv}");
}
