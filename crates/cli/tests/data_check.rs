//! `striate data check` on folders of pictures.

mod common;

use std::fs;
use std::path::Path;

use common::Place;
use expect_test::expect;

/// Writes a grey PNG of 6 x 4 that no other seed gives.
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
    let (before, rest) = text.split_once(" pictures, ").unwrap();
    format!("{before} pictures, SIZE;{}", rest.split_once(';').unwrap().1)
}

#[test]
fn a_clean_folder_is_praised() {
    let place = Place::new();
    folder(&place);
    expect![[r#"
        2 classes, 6 pictures, SIZE; 6x4 to 6x4 pixels, half of them 6x4 or more

        class  train  val
        ─────  ─────  ───
        cat        3    1
        dog        1    1

        The largest class has 3.0 times as many pictures to learn from as the smallest.

        Training would learn from 4 and measure by 2.
        Nothing is in the way. Next: striate train pets
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
        2 classes, 9 pictures, SIZE; 6x4 to 6x4 pixels, half of them 6x4 or more

        class  train  val
        ─────  ─────  ───
        cat        3    2
        dog        3    1

        Cannot be used (1):
          train/dog/page.jpg: is not a picture: it looks like an HTML page (a download that went wrong?); expected PNG, JPEG, BMP, GIF, PNM, WebP or TIFF

        Both to learn from and to measure by, so that the measure flatters (1):
          train/cat/a.png = val/cat/again.png

        In more than one class, so that one of them is wrong (1):
          train/cat/b.png = train/dog/b.gif

        Called otherwise than they are, and read nevertheless (1):
          train/dog/b.gif: its content is png

        Training would learn from 5 and measure by 3.
        Repair or remove what cannot be used, or leave it out with --skip-bad: training stops before it starts.
    "#]]
    .assert_eq(&without_size(&ran.stdout));
    let json: serde_json::Value = serde_json::from_str(&place.run("data check pets --json").stdout).unwrap();
    assert_eq!((&json["bad"], &json["pictures"]), (&true.into(), &9.into()));
    assert_eq!(json["copies"][0]["is_leak"], true);
    assert_eq!(json["unreadable"][0]["path"], "train/dog/page.jpg");
}

#[test]
fn a_folder_that_is_none_is_refused_with_its_place() {
    let place = Place::new();
    write(&place.path().join("one/only/a.png"), 1);
    let ran = place.run("data check one");
    assert_eq!(ran.code, 65);
    expect![[r#"
        error: one: only is the only class; a classifier needs two: one folder of pictures a class, ROOT/CLASS/... or ROOT/train/CLASS/...
    "#]]
    .assert_eq(&ran.stderr);
}
