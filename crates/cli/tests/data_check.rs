//! `striate data check` on folders of images.

mod common;

use std::fs;
use std::path::Path;

use common::Place;
use expect_test::expect;

/// Writes a gray PNG of 6 x 4 that no other seed gives.
fn write(path: &Path, seed: u8) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), 6, 4);
    encoder.set_color(png::ColorType::Grayscale);
    let pixels: Vec<u8> = (0..24).map(|i| seed.wrapping_add(i * 3)).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
}

fn folder(place: &Place) {
    for (seed, path) in
        (0u8..).zip(["train/cat/a", "train/cat/b", "train/cat/c", "train/dog/d", "val/cat/e", "val/dog/f"])
    {
        write(&place.path().join("pets").join(format!("{path}.png")), seed * 40);
    }
}

/// Without the size of the files, which depends on how well they were packed.
fn without_size(text: &str) -> String {
    let (before, rest) = text.split_once(" images, ").unwrap();
    format!("{before} images, SIZE;{}", rest.split_once(';').unwrap().1)
}

#[test]
fn a_clean_folder_is_praised() {
    let place = Place::new();
    folder(&place);
    expect![[r#"
        2 classes, 6 images, SIZE; 6x4 to 6x4 pixels, median 6x4

        class  train  val
        ─────  ─────  ───
        cat        3    1
        dog        1    1

        The largest class has 3.0 times as many training images as the smallest.

        Training would use 4 images and evaluate on 2.
        These are small gray images. No problems were found. Next: striate train pets
    "#]]
    .assert_eq(&without_size(&place.succeed("data check pets")));
}

#[test]
fn everything_that_is_wrong_is_listed() {
    let place = Place::new();
    folder(&place);
    let pets = place.path().join("pets");
    fs::write(pets.join("train/dog/page.jpg"), "<html>gone").unwrap();
    fs::copy(pets.join("train/cat/a.png"), pets.join("val/cat/again.png")).unwrap();
    fs::copy(pets.join("train/cat/b.png"), pets.join("train/dog/b.gif")).unwrap();
    let ran = place.run("data check pets");
    assert_eq!(ran.code, 65, "{}", ran.stderr);
    expect![[r#"
        2 classes, 9 images, SIZE; 6x4 to 6x4 pixels, median 6x4

        class  train  val
        ─────  ─────  ───
        cat        3    2
        dog        3    1

        Unusable (1):
          train/dog/page.jpg: is not an image: it looks like an HTML page (a download that went wrong?); expected PNG, JPEG, BMP, GIF, PNM, WebP or TIFF

        Duplicates in both training and evaluation images, which inflates the accuracy (1):
          train/cat/a.png = val/cat/again.png

        Duplicates in more than one class, so at least one label is wrong (1):
          train/cat/b.png = train/dog/b.gif

        Wrong file extension (the files are read all the same) (1):
          train/dog/b.gif: the content is png

        Training would use 5 images and evaluate on 3.
        Repair or remove the unusable images, or skip them with --skip-bad; otherwise training refuses to start.
    "#]]
    .assert_eq(&without_size(&ran.stdout));
    let json: serde_json::Value = serde_json::from_str(&place.run("data check pets --json").stdout).unwrap();
    assert_eq!((&json["bad"], &json["images"]), (&true.into(), &9.into()));
    assert_eq!(json["copies"][0]["is_leak"], true);
    assert_eq!(json["unreadable"][0]["path"], "train/dog/page.jpg");
}

#[test]
fn what_training_refuses_is_looked_at_and_said() {
    let place = Place::new();
    write(&place.path().join("one/only/a.png"), 1);
    let ran = place.run("data check one");
    assert_eq!(ran.code, 65);
    assert!(ran.stdout.contains("There is only one class, but a classifier needs at least two."), "{ran:?}");

    write(&place.path().join("each/a/a.png"), 1);
    write(&place.path().join("each/b/b.png"), 2);
    let ran = place.run("data check each");
    assert_eq!(ran.code, 65);
    assert!(ran.stdout.contains("Every class has only one image, so none can be held out"), "{ran:?}");

    let mut seed = 10;
    for part in ["train", "val", "test"] {
        for class in ["a", "b"] {
            seed += 1;
            write(&place.path().join(format!("all/{part}/{class}/{class}.png")), seed);
        }
    }
    let ran = place.run("data check all");
    assert!(ran.stdout.contains("use 2 images, select the epoch on 2, and evaluate on 2."), "{ran:?}");
}

/// Waves of color, 60 x 40, enlarged so many times.
fn photo(path: &Path, seed: u32, factor: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let (width, height) = (60 * factor, 40 * factor);
    let value = |i: u32| {
        let (x, y, c) = (i / 3 % width / factor, i / 3 / width / factor, i % 3);
        let phase = x * (3 + seed % 4) * 2 + y * (2 + seed % 5) * 3 + 90 * c + 70 * seed;
        (phase % 510).abs_diff(255) as u8
    };
    let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), width, height);
    encoder.set_color(png::ColorType::Rgb);
    let pixels: Vec<u8> = (0..3 * width * height).map(value).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
}

#[test]
fn near_copies_are_told_and_photos_are_not_sent_to_a_digit_network() {
    let place = Place::new();
    for (seed, path) in
        (0u32..).zip(["train/cat/a", "train/cat/b", "train/dog/c", "train/dog/d", "val/cat/e", "val/dog/f"])
    {
        photo(&place.path().join(format!("pets/{path}.png")), seed, 4);
    }
    let text = place.succeed("data check pets");
    assert!(
        text.contains(
            "No problems were found. Next: striate finetune pets --model efficientnet_lite0 --fetch\n"
        ),
        "{text}"
    );
    assert!(text.contains("These are color photos."), "{text}");
    // The first again, at half the size, in another class and to measure by.
    photo(&place.path().join("pets/val/dog/again.png"), 0, 2);
    let text = place.succeed("data check pets");
    let said = "Near duplicates in both training and evaluation images, and in more than one class (1):\n  train/cat/a.png ~ val/dog/again.png\n";
    assert!(text.contains(said), "{text}");
    assert!(text.contains("Check the near duplicates: "), "{text}");
    let json: serde_json::Value = serde_json::from_str(&place.succeed("data check pets --json")).unwrap();
    assert_eq!((&json["near_copies"][0]["is_leak"], &json["bad"]), (&true.into(), &false.into()));
    assert_eq!(json["nature"]["kind"], "photos");
}

#[test]
fn an_empty_class_is_reported_and_the_rest_is_looked_at() {
    let place = Place::new();
    folder(&place);
    let pets = place.path().join("pets");
    fs::create_dir_all(pets.join("train/bird")).unwrap();
    fs::write(pets.join("train/dog/page.jpg"), "<html>gone").unwrap();
    let ran = place.run("data check pets");
    assert_eq!((ran.code, ran.stderr.as_str()), (65, ""));
    for said in ["Classes without training images (1):\n  bird\n", "Unusable (1):", "bird       0    0"] {
        assert!(ran.stdout.contains(said), "{said}: {}", ran.stdout);
    }
    fs::remove_file(pets.join("train/dog/page.jpg")).unwrap();
    assert!(
        place
            .run("data check pets")
            .stdout
            .ends_with("or remove these classes; otherwise training refuses to start.\n")
    );
}

#[cfg(unix)]
#[test]
fn names_that_are_no_text_are_told_apart() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    folder(&place);
    for name in [b"\xfe.jpg".as_slice(), b"\xff.jpg"] {
        fs::write(place.path().join("pets/train/cat").join(OsStr::from_bytes(name)), "no image").unwrap();
    }
    let json: serde_json::Value = serde_json::from_str(&place.run("data check pets --json").stdout).unwrap();
    let path = |i: usize| json["unreadable"][i]["path"].as_str().unwrap().to_string();
    assert_eq!([path(0), path(1)], ["train/cat/\\xfe.jpg", "train/cat/\\xff.jpg"]);
}

#[test]
fn a_digit_on_paper_is_answered_with_a_warning() {
    let place = Place::new();
    let digit = striate::data::load("digits").unwrap().test.image(0).unwrap();
    let mut encoder = png::Encoder::new(fs::File::create(place.path().join("seven.png")).unwrap(), 28, 28);
    encoder.set_color(png::ColorType::Grayscale);
    let pixels: Vec<u8> = digit.pixels.iter().map(|v| 255 - v).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    for command in ["predict convnet seven.png", "why convnet seven.png"] {
        let ran = place.run(command);
        assert_eq!(ran.code, 0, "{command}");
        assert!(
            ran.stderr.contains("warning: seven.png: the image is dark on a light background"),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("add --invert"), "{}", ran.stderr);
        assert!(!place.run(&format!("{command} --invert")).stderr.contains("warning"));
    }
}
