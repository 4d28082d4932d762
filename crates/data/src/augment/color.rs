//! Brightness, contrast, saturation, hue and sharpness, and random amounts of the first four.
//!
//! ```text
//! out = base + factor (in - base)      base: black, the mean gray, the pixel's gray, the smoothed image
//! ```
//! in f32, cut off to whole numbers and clipped, as Pillow's `ImageEnhance` does; hue turns by whole steps of 1 / 256.
//!
//! # PyTorch
//! `ColorJitter`, and `functional.adjust_*` of a PIL image.

use serde::{Deserialize, Serialize};

use super::place;
use crate::error::DataError;
use crate::rng::{Draws, unit};
use striate_image::Image;
use striate_image::luma;

/// The ranges of random color changes, which are made in random order; 0 disables a change.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ColorJitter {
    /// The brightness factor is drawn from `1 - brightness` (at least 0) to `1 + brightness`.
    pub brightness: f32,
    /// The contrast factor is drawn from `1 - contrast` (at least 0) to `1 + contrast`.
    pub contrast: f32,
    /// The saturation factor is drawn from `1 - saturation` (at least 0) to `1 + saturation`.
    pub saturation: f32,
    /// The hue is turned by up to this share of the color circle in either direction, at most 0.5.
    pub hue: f32,
}

impl ColorJitter {
    pub(super) fn check(&self) -> Result<(), DataError> {
        for (what, expected, got, most) in [
            ("color_jitter.brightness", "0 to 10", self.brightness, 10.0),
            ("color_jitter.contrast", "0 to 10", self.contrast, 10.0),
            ("color_jitter.saturation", "0 to 10", self.saturation, 10.0),
            ("color_jitter.hue", "0 to 0.5 of the color circle", self.hue, 0.5),
        ] {
            if !(0.0..=most).contains(&got) {
                return Err(DataError::Augment { what, expected, got });
            }
        }
        Ok(())
    }

    pub(super) fn apply(&self, image: &mut Image, draws: Draws) {
        if *self == Self::default() {
            return;
        }
        let amounts = draws.block(place::JITTER).map(unit);
        let factor = |u: f32, most: f32| (1.0 - most).max(0.0) * (1.0 - u) + (1.0 + most) * u;
        for change in order(draws.block(place::JITTER + 1)[0]) {
            let u = amounts[change];
            match change {
                0 if self.brightness > 0.0 => brightness(image, factor(u, self.brightness)),
                1 if self.contrast > 0.0 => contrast(image, factor(u, self.contrast)),
                2 if self.saturation > 0.0 => saturation(image, factor(u, self.saturation)),
                3 if self.hue > 0.0 => hue(image, self.hue * (2.0 * u - 1.0)),
                _ => {}
            }
        }
    }
}

/// One of the 24 orders of four.
fn order(word: u32) -> [usize; 4] {
    let mut order = [0, 1, 2, 3];
    let mut number = ((u64::from(word) * 24) >> 32) as usize;
    for i in (1..4).rev() {
        order.swap(i, number % (i + 1));
        number /= i + 1;
    }
    order
}

/// Pillow's `Image.blend`: beyond 0 and 1 it goes past the two, and is clipped.
fn blend(base: u8, value: u8, factor: f32) -> u8 {
    let (base, value) = (i32::from(base), i32::from(value));
    (base as f32 + factor * (value - base) as f32) as u8
}

pub(super) fn brightness(image: &mut Image, factor: f32) {
    image.pixels.iter_mut().for_each(|value| *value = blend(0, *value, factor));
}

pub(super) fn contrast(image: &mut Image, factor: f32) {
    let gray = |pixel: &[u8]| u64::from(if pixel.len() == 3 { luma(pixel) } else { pixel[0] });
    let sum: u64 = image.pixels.chunks_exact(image.channels).map(gray).sum();
    let count = (image.width * image.height) as f64;
    let mean = (sum as f64 / count + 0.5) as u8;
    image.pixels.iter_mut().for_each(|value| *value = blend(mean, *value, factor));
}

pub(super) fn saturation(image: &mut Image, factor: f32) {
    if image.channels == 3 {
        for rgb in image.pixels.chunks_exact_mut(3) {
            let gray = luma(rgb);
            rgb.iter_mut().for_each(|value| *value = blend(gray, *value, factor));
        }
    }
}

/// Sharpened, or softened below 1, against a smoothing by a 3 x 3 kernel of ones with a 5 in the middle; the outermost
/// pixels stay.
pub(super) fn sharpness(image: &mut Image, factor: f32) {
    let (width, height, channels) = (image.width, image.height, image.channels);
    let source = image.pixels.clone();
    let row_len = width * channels;
    for y in 1..height.max(1) - 1 {
        for i in y * row_len + channels..(y + 1) * row_len - channels {
            let around = |row: usize| -> f32 {
                [row - channels, row, row + channels].iter().map(|&j| f32::from(source[j])).sum()
            };
            let sum = around(i - row_len) + around(i) + around(i + row_len) + 4.0 * f32::from(source[i]);
            image.pixels[i] = blend((sum / 13.0 + 0.5) as u8, source[i], factor);
        }
    }
}

/// Turns the hue by a share of the color circle, -0.5 to 0.5.
pub(super) fn hue(image: &mut Image, share: f32) {
    if image.channels != 3 {
        return;
    }
    // Toward zero and then around the circle, as Python's uint8 does it.
    let turn = (share * 255.0) as i32 as u8;
    for rgb in image.pixels.chunks_exact_mut(3) {
        let [hue, saturation, value] = hsv([rgb[0], rgb[1], rgb[2]]);
        rgb.copy_from_slice(&self::rgb([hue.wrapping_add(turn), saturation, value]));
    }
}

/// Pillow's RGB to HSV.
fn hsv([r, g, b]: [u8; 3]) -> [u8; 3] {
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    if most == least {
        return [0, 0, most];
    }
    let range = f32::from(most - least);
    let [from_r, from_g, from_b] = [r, g, b].map(|value| f32::from(most - value) / range);
    let hue = if r == most {
        from_b - from_g
    } else if g == most {
        2.0 + from_r - from_b
    } else {
        4.0 + from_g - from_r
    };
    let hue = (f64::from(hue) / 6.0 + 1.0) % 1.0;
    [(hue as f32 * 255.0) as u8, (range / f32::from(most) * 255.0) as u8, most]
}

/// Pillow's HSV to RGB.
fn rgb([hue, saturation, value]: [u8; 3]) -> [u8; 3] {
    if saturation == 0 {
        return [value; 3];
    }
    let (sixths, saturation) = (f32::from(hue) * 6.0 / 255.0, f32::from(saturation) / 255.0);
    let sector = sixths.floor();
    let part = sixths - sector;
    let scaled = |factor: f32| (f32::from(value) * factor).round() as u8;
    let p = scaled(1.0 - saturation);
    let q = scaled(1.0 - saturation * part);
    let t = scaled(1.0 - saturation * (1.0 - part));
    match sector as u8 % 6 {
        0 => [value, t, p],
        1 => [q, value, p],
        2 => [p, value, t],
        3 => [p, q, value],
        4 => [t, p, value],
        _ => [value, p, q],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Use;

    fn image(pixels: &[u8]) -> Image {
        Image { width: pixels.len() / 3, height: 1, channels: 3, pixels: pixels.to_vec() }
    }

    fn changed(pixels: &[u8], change: impl Fn(&mut Image)) -> Vec<u8> {
        let mut image = image(pixels);
        change(&mut image);
        image.pixels
    }

    #[test]
    fn factors_by_hand() {
        assert_eq!(changed(&[100, 200, 51], |p| brightness(p, 1.5)), [150, 255, 76]);
        assert_eq!(changed(&[100, 200, 51], |p| brightness(p, 0.0)), [0, 0, 0]);
        // Gray 100 and 200: the mean is 150.
        assert_eq!(
            changed(&[100, 100, 100, 200, 200, 200], |p| contrast(p, 0.5)),
            [125, 125, 125, 175, 175, 175]
        );
        assert_eq!(
            changed(&[100, 100, 100, 200, 200, 200], |p| contrast(p, 2.0)),
            [50, 50, 50, 250, 250, 250]
        );
        // L of red is 76.
        assert_eq!(changed(&[255, 0, 0], |p| saturation(p, 0.0)), [76, 76, 76]);
        assert_eq!(changed(&[255, 0, 0], |p| saturation(p, 0.5)), [165, 38, 38]);
    }

    #[test]
    fn a_third_of_the_circle_turns_red_to_green() {
        let turned = changed(&[255, 0, 0], |p| hue(p, 1.0 / 3.0));
        assert!(turned[1] == 255 && turned[0] < 8 && turned[2] < 8, "{turned:?}");
        assert_eq!(changed(&[7, 7, 7], |p| hue(p, 0.4)), [7, 7, 7], "gray has no hue");
    }

    #[test]
    fn every_order_comes_up() {
        let orders: std::collections::HashSet<_> = (0..24u32).map(|i| order(i * 178_956_971 + 9)).collect();
        assert_eq!(orders.len(), 24);
        assert!(orders.iter().all(|order| (0..4).all(|i| order.contains(&i))));
    }

    #[test]
    fn each_change_happens_where_it_is_asked_for() {
        let none = ColorJitter::default();
        for jitter in [
            ColorJitter { brightness: 0.9, ..none },
            ColorJitter { contrast: 0.9, ..none },
            ColorJitter { saturation: 0.9, ..none },
            ColorJitter { hue: 0.5, ..none },
        ] {
            let source = [200, 30, 60, 20, 90, 140];
            let other =
                |sample| changed(&source, |p| jitter.apply(p, Draws::new(1, 0, sample, Use::Augment)));
            let changes = (0..20).filter(|&sample| other(sample) != source).count();
            assert!(changes > 15, "{jitter:?}: {changes} of 20");
        }
    }

    #[test]
    fn amounts_stay_in_their_range_and_reach_its_ends() {
        let jitter = ColorJitter { brightness: 0.5, ..ColorJitter::default() };
        let (mut least, mut most) = (255, 0);
        for sample in 0..2000 {
            let value = changed(&[100; 3], |p| jitter.apply(p, Draws::new(1, 0, sample, Use::Augment)))[0];
            (least, most) = (least.min(value), most.max(value));
        }
        assert!((50..=51).contains(&least) && (148..=150).contains(&most), "{least} {most}");
    }
}
