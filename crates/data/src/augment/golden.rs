//! Comparison of every operation on bytes with torchvision's definition, which is Pillow's code: `tests/golden/pillow.py` of
//! `striate-image`.

use super::warp::{Inverse, warp};
use super::{blur, color, tone};
use striate_image::Image;

/// The formula's 23 x 17 RGB image.
fn source() -> Image {
    let value = |x: usize, y: usize, c: usize| ((x * x * 3 + y * y * 5 + x * y * 7 + c * 41 + 23) >> 2) as u8;
    let place = (0..17).flat_map(|y| (0..23).map(move |x| (x, y)));
    let pixels = place.flat_map(|(x, y)| (0..3).map(move |c| value(x, y, c))).collect();
    Image { width: 23, height: 17, channels: 3, pixels }
}

fn apply(name: &str, arguments: &[f64]) -> Image {
    let mut image = source();
    let amount = arguments[0] as f32;
    match name {
        "brightness" => color::brightness(&mut image, amount),
        "contrast" => color::contrast(&mut image, amount),
        "color" => color::saturation(&mut image, amount),
        "sharpness" => color::sharpness(&mut image, amount),
        "hue" => color::hue(&mut image, amount),
        "posterize" => tone::posterize(&mut image, amount as u32),
        "solarize" => tone::solarize(&mut image, arguments[0]),
        "autocontrast" => {
            image.pixels.iter_mut().for_each(|value| *value = 60 + *value / 2);
            tone::autocontrast(&mut image);
        }
        "equalize" => tone::equalize(&mut image),
        "blur" => blur::gaussian(&mut image, arguments[0]),
        "affine" => {
            let [degrees, x, y, scale, shear] = arguments else { panic!("{arguments:?}") };
            image =
                warp(&image, &Inverse::new([23, 17], *degrees, [*x, *y], *scale, *shear), &[124, 116, 104]);
        }
        other => panic!("{other}"),
    }
    image
}

#[test]
fn operations_are_those_of_torchvision() {
    let mut seen = std::collections::BTreeMap::new();
    for line in
        include_str!("../../../image/tests/golden/pillow.txt").lines().filter(|line| line.starts_with("op "))
    {
        let fields: Vec<&str> = line.split(' ').collect();
        let arguments: Vec<f64> = fields[2].split(',').map(|number| number.parse().unwrap()).collect();
        let got = apply(fields[1], &arguments).pixels;
        let expected: Vec<u8> = (0..fields[3].len() / 2)
            .map(|i| u8::from_str_radix(&fields[3][2 * i..2 * i + 2], 16).unwrap())
            .collect();
        assert_eq!(got.len(), expected.len());
        let furthest = got.iter().zip(&expected).map(|(g, e)| g.abs_diff(*e)).max().unwrap();
        // Sums in another order may round the other way; tables and blends may not.
        let tolerance = u8::from(matches!(fields[1], "blur" | "affine" | "sharpness"));
        assert!(furthest <= tolerance, "{} {}: off by {furthest}", fields[1], fields[2]);
        *seen.entry(fields[1]).or_insert(0) += 1;
    }
    assert_eq!((seen.len(), seen.values().sum::<i32>()), (11, 39));
}
