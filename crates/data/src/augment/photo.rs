//! The general implementation: every change is made on bytes, one after the other.

use super::{Augment, blur, crop, erase, place, policy};
use crate::rng::{Draws, unit};
use striate_image::Image;
use striate_image::{Preprocess, luma};

use super::warp::{Inverse, warp};

/// What lies outside an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outside {
    /// 0 before normalizing: the background of digits.
    Zero,
    /// 0 after normalizing.
    Mean,
}

impl Augment {
    pub(super) fn apply_to_any(
        &self,
        preprocess: &Preprocess,
        draws: Draws,
        image: Image,
        outside: Outside,
        out: &mut [f32],
    ) {
        let fill: Vec<u8> = match outside {
            Outside::Zero => vec![0; preprocess.channels],
            Outside::Mean => preprocess.mean.iter().map(|mean| (mean * 255.0).round() as u8).collect(),
        };
        let mut image = match &self.crop {
            Some(crop) => crop::random_resized_crop(&image, crop, preprocess, draws),
            None => image,
        };
        if preprocess.channels == 3 && image.channels == 1 {
            image = repeated(&image);
        }
        let [horizontal, shift_x, shift_y, degrees] = draws.block(0).map(unit);
        let [scale, is_erased, ..] = draws.block(1).map(unit);
        let [vertical, shear, translate_x, translate_y] = draws.block(place::MOTION).map(unit);
        let [gray, is_blurred, deviation, _] = draws.block(place::LOOK).map(unit);
        if horizontal < self.flip_horizontal {
            flip_horizontal(&mut image);
        }
        if vertical < self.flip_vertical {
            flip_vertical(&mut image);
        }
        let either = |u: f32, most: f32| f64::from(most) * (2.0 * f64::from(u) - 1.0);
        let shift = |u: f32| (u * (2 * self.shift_px + 1) as f32).floor() - self.shift_px as f32;
        let moved =
            |u, side: usize, shift: f32| (either(u, self.translate) * side as f64).round() + f64::from(shift);
        let inverse = Inverse::new(
            [image.width, image.height],
            either(degrees, self.rotate_deg),
            [
                moved(translate_x, image.width, shift(shift_x)),
                moved(translate_y, image.height, shift(shift_y)),
            ],
            f64::from(self.scale_min) + f64::from(self.scale_max - self.scale_min) * f64::from(scale),
            either(shear, self.shear_deg),
        );
        if inverse != Inverse::IDENTITY {
            image = warp(&image, &inverse, &fill);
        }
        if let Some(policy) = &self.policy {
            policy::apply(policy, &mut image, draws, &fill);
        }
        self.color_jitter.apply(&mut image, draws);
        if gray < self.grayscale {
            lose_color(&mut image);
        }
        if is_blurred < self.blur {
            blur::gaussian(&mut image, blur::deviation(deviation));
        }
        preprocess.normalize(&preprocess.planar(&image), out);
        if is_erased < self.erase {
            match outside {
                Outside::Zero => self.erase_small(preprocess, draws, out),
                Outside::Mean => erase::erase(preprocess.shape(), draws, out),
            }
        }
    }
}

/// Gray, three times.
fn repeated(image: &Image) -> Image {
    let pixels = image.pixels.iter().flat_map(|&value| [value; 3]).collect();
    Image { channels: 3, pixels, ..*image }
}

/// torchvision's `rgb_to_grayscale(num_output_channels=3)`.
fn lose_color(image: &mut Image) {
    if image.channels == 3 {
        image.pixels.chunks_exact_mut(3).for_each(|rgb| rgb.fill(luma(rgb)));
    }
}

fn flip_horizontal(image: &mut Image) {
    let channels = image.channels;
    for row in image.pixels.chunks_exact_mut(image.width * channels) {
        row.reverse();
        // The colors of each pixel, which were reversed with the rest.
        row.chunks_exact_mut(channels).for_each(<[u8]>::reverse);
    }
}

fn flip_vertical(image: &mut Image) {
    let row_len = image.width * image.channels;
    let half = image.height / 2 * row_len;
    let (upper, lower) = image.pixels.split_at_mut(half);
    for (above, below) in upper.chunks_exact_mut(row_len).zip(lower.rchunks_exact_mut(row_len)) {
        above.swap_with_slice(below);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Image {
        Image { width: 2, height: 3, channels: 3, pixels: (0..18).collect() }
    }

    #[test]
    fn flips_mirror_pixels_and_keep_their_colors() {
        let mut flipped = image();
        flip_horizontal(&mut flipped);
        assert_eq!(flipped.pixels, [3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8, 15, 16, 17, 12, 13, 14]);
        let mut flipped = image();
        flip_vertical(&mut flipped);
        assert_eq!(flipped.pixels, [12, 13, 14, 15, 16, 17, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn color_is_lost_and_the_rest_kept() {
        let mut gray = Image { width: 2, height: 1, channels: 3, pixels: vec![255, 0, 0, 9, 9, 9] };
        lose_color(&mut gray);
        assert_eq!(gray.pixels, [76, 76, 76, 9, 9, 9]);
    }

    /// The general way and that of `small.rs` are one augmentation: the same draws mean the same motion.
    #[test]
    fn both_ways_move_an_image_alike() {
        // A blob in a wide border of 0, so that edges, which only one of them mixes with the outside, do not matter.
        let value = |x: usize, y: usize| {
            if (9..19).contains(&x) && (8..20).contains(&y) { x * 11 + y * 3 } else { 0 }
        };
        let pixels: Vec<u8> = (0..784).map(|i| value(i % 28, i / 28) as u8).collect();
        let preprocess = Preprocess::new([1, 28, 28], &[0.0], &[1.0]).unwrap();
        let augment = Augment {
            shift_px: 2,
            rotate_deg: 20.0,
            scale_min: 0.8,
            scale_max: 1.2,
            flip_horizontal: 0.5,
            ..Augment::default()
        };
        for sample in 0..50 {
            let draws = Draws::new(1, 0, sample, crate::rng::Use::Augment);
            let (mut small, mut general) = ([0.0; 784], [0.0; 784]);
            augment.apply_small(&preprocess, draws, &pixels, &mut small);
            let image = preprocess.interleaved(&pixels);
            augment.apply_to_any(&preprocess, draws, image, Outside::Zero, &mut general);
            let furthest = small.iter().zip(&general).map(|(s, g)| (s - g).abs()).fold(0.0, f32::max);
            // Bytes cut off to whole numbers, and coordinates of 16 bits beside a blob of 255 at most.
            assert!(furthest < 1.6 / 255.0, "sample {sample}: off by {}", furthest * 255.0);
        }
    }
}
