//! From images and pixels to numbers.

use expect_test::expect;
use striate_image::{Image, Preprocess};

fn gray(width: usize, height: usize, pixels: Vec<u8>) -> Image {
    Image { width, height, channels: 1, pixels }
}

#[test]
fn normalizing_is_the_formula() {
    let (mean, std) = ([0.485f32, 0.456, 0.406], [0.229f32, 0.224, 0.225]);
    let preprocess = Preprocess::new([3, 16, 16], &mean, &std).unwrap();
    let pixels: Vec<u8> = (0..3).flat_map(|_| 0..=255).collect();
    let mut out = vec![f32::NAN; 768];
    preprocess.normalize(&pixels, &mut out);
    for (i, &got) in out.iter().enumerate() {
        let (mean, std) = (f64::from(mean[i / 256]), f64::from(std[i / 256]));
        let expected = (f64::from(pixels[i]) / 255.0 - mean) / std;
        assert!((f64::from(got) - expected).abs() < 3e-7 / std, "value {i}: {got}, expected {expected}");
    }
}

#[test]
#[should_panic(expected = "one image is [1, 2, 2] = 4 values, got 3 pixels and room for 4")]
fn normalizing_too_few_pixels_is_a_bug_of_the_caller() {
    Preprocess::new([1, 2, 2], &[0.0], &[1.0]).unwrap().normalize(&[1, 2, 3], &mut [0.0; 4]);
}

#[test]
fn gray_is_that_of_pillow() {
    let golden = include_str!("golden/pillow.txt");
    let fields: Vec<&str> =
        golden.lines().find(|line| line.starts_with("gray")).unwrap().split(' ').collect();
    let unhex = |text: &str| -> Vec<u8> {
        (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
    };
    let (colors, expected) = (unhex(fields[1]), unhex(fields[2]));
    assert_eq!(expected.len(), 260);
    let preprocess = Preprocess::new([1, 1, 260], &[0.0], &[1.0]).unwrap();
    let image = Image { width: 260, height: 1, channels: 3, pixels: colors };
    assert_eq!(preprocess.from_image(&image), expected);
}

#[test]
fn an_image_of_the_right_size_keeps_its_pixels() {
    let pixels: Vec<u8> = (0..784).map(|i| (i * 7) as u8).collect();
    let mut preprocess = Preprocess::new([1, 28, 28], &[0.1307], &[0.3081]).unwrap();
    assert_eq!(preprocess.from_image(&gray(28, 28, pixels.clone())), pixels);
    preprocess.invert = true;
    let inverted: Vec<u8> = pixels.iter().map(|v| 255 - v).collect();
    assert_eq!(preprocess.from_image(&gray(28, 28, pixels)), inverted);
}

#[test]
fn color_becomes_planes_and_gray_is_repeated() {
    let preprocess = Preprocess::new([3, 1, 2], &[0.0; 3], &[1.0; 3]).unwrap();
    let color = Image { width: 2, height: 1, channels: 3, pixels: vec![1, 2, 3, 4, 5, 6] };
    assert_eq!(preprocess.from_image(&color), [1, 4, 2, 5, 3, 6]);
    assert_eq!(preprocess.from_image(&gray(2, 1, vec![7, 8])), [7, 8, 7, 8, 7, 8]);
}

#[test]
fn the_whole_image_is_kept_and_the_padding_is_its_border() {
    // A black line down the right edge of a white page, twice as high as wide.
    let mut page = vec![255; 56 * 112];
    for row in page.chunks_exact_mut(56) {
        row[54..].fill(0);
    }
    let mut preprocess = Preprocess::new([1, 28, 28], &[0.0], &[1.0]).unwrap();
    let pixels = preprocess.from_image(&gray(56, 112, page.clone()));
    for (y, row) in pixels.chunks_exact(28).enumerate() {
        assert_eq!(row[..7], [255; 7], "left padding, row {y}");
        assert_eq!(row[21..], [255; 7], "right padding, row {y}");
        assert!(row[20] < 160, "the line, row {y}: {row:?}");
    }
    preprocess.invert = true;
    let inverted = preprocess.from_image(&gray(56, 112, page));
    assert!(inverted.iter().zip(pixels).all(|(i, p)| *i == 255 - p), "padding is inverted with the rest");
}

#[test]
fn it_travels_as_json() {
    let mut preprocess = Preprocess::new([1, 28, 28], &[0.1307], &[0.3081]).unwrap();
    preprocess.invert = true;
    let json = serde_json::to_string(&preprocess).unwrap();
    expect![[r#"{"channels":1,"height":28,"width":28,"mean":[0.1307],"std":[0.3081],"invert":true}"#]]
        .assert_eq(&json);
    assert_eq!(serde_json::from_str::<Preprocess>(&json).unwrap(), preprocess);
}

#[test]
fn a_file_cannot_hold_a_bad_one() {
    let message = |json: &str| serde_json::from_str::<Preprocess>(json).unwrap_err().to_string();
    let whole = r#"{"channels":1,"height":28,"width":28,"mean":[0.1],"std":[0.3],"invert":false}"#;
    assert!(serde_json::from_str::<Preprocess>(whole).is_ok());
    expect!["preprocessing: channels: expected 1 (gray) or 3 (RGB), got 2"]
        .assert_eq(&message(&whole.replace("\"channels\":1", "\"channels\":2")));
    expect!["preprocessing: height: expected 1 to 8192 pixels, got 0"]
        .assert_eq(&message(&whole.replace("\"height\":28", "\"height\":0")));
    expect!["preprocessing: width: expected 1 to 8192 pixels, got 99999999999"]
        .assert_eq(&message(&whole.replace("\"width\":28", "\"width\":99999999999")));
    expect!["preprocessing: mean: expected finite numbers, one for each of 1 channels, got [0.1, 0.2]"]
        .assert_eq(&message(&whole.replace("[0.1]", "[0.1,0.2]")));
    expect!["preprocessing: std: expected numbers above 0, one for each of 1 channels, got [0.0]"]
        .assert_eq(&message(&whole.replace("[0.3]", "[0.0]")));
    expect!["preprocessing: std: expected numbers that can be divided by, got [1e-45]"]
        .assert_eq(&message(&whole.replace("[0.3]", "[1e-45]")));
    expect!["unknown field `crop`, expected one of `channels`, `height`, `width`, `mean`, `std`, `invert`, `resize_shorter`, `interpolation`, `background` at line 1 column 83"].assert_eq(&message(&whole.replace("}", ",\"crop\":true}")));
}
