//! RandomErasing of photos: a random rectangle is filled with the mean color.
//!
//! # PyTorch
//! `RandomErasing(p, scale=(0.02, 0.33), ratio=(0.3, 3.3), value=0)` after normalizing.
//!
//! # Source
//! Zhong 2020.

use super::place;
use crate::rng::{Draws, unit};
use striate_base::math::{exp, ln};

const SCALE: [f64; 2] = [0.02, 0.33];
const RATIO: [f64; 2] = [0.3, 3.3];
/// Draws before nothing is erased.
const ATTEMPTS: u32 = 10;

/// Erases from a normalized image `[C, H, W]`.
pub(super) fn erase([_, height, width]: [usize; 3], draws: Draws, out: &mut [f32]) {
    let Some([x, y, w, h]) = rectangle(width, height, draws) else { return };
    for plane in out.chunks_exact_mut(height * width) {
        for row in plane.chunks_exact_mut(width).skip(y).take(h) {
            row[x..x + w].fill(0.0);
        }
    }
}

/// Left, top, width and height.
fn rectangle(width: usize, height: usize, draws: Draws) -> Option<[usize; 4]> {
    let (low, high) = (ln(RATIO[0]), ln(RATIO[1]));
    (0..ATTEMPTS).find_map(|attempt| {
        let [share, ratio, top, left] = draws.block(place::ERASE + attempt).map(|word| f64::from(unit(word)));
        let area = (width * height) as f64 * (SCALE[0] + (SCALE[1] - SCALE[0]) * share);
        // Height by width, unlike in RandomResizedCrop.
        let ratio = exp(low + (high - low) * ratio);
        let h = (area * ratio).sqrt().round_ties_even() as usize;
        let w = (area / ratio).sqrt().round_ties_even() as usize;
        let start = |u: f64, free: usize| ((u * (free + 1) as f64) as usize).min(free);
        (h < height && w < width).then(|| [start(left, width - w), start(top, height - h), w, h])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Use;

    #[test]
    fn rectangles_have_the_areas_and_ratios_of_torchvision() {
        let (mut areas, mut ratios) = ((1.0f64, 0.0f64), (9.0f64, 0.0f64));
        for sample in 0..3000 {
            let [x, y, w, h] = rectangle(224, 224, Draws::new(1, 0, sample, Use::Augment)).unwrap();
            assert!(x + w <= 224 && y + h <= 224);
            let (area, ratio) = ((w * h) as f64 / 224.0 / 224.0, h as f64 / w as f64);
            areas = (areas.0.min(area), areas.1.max(area));
            ratios = (ratios.0.min(ratio), ratios.1.max(ratio));
        }
        assert!(areas.0 > 0.019 && areas.0 < 0.022 && areas.1 > 0.32 && areas.1 < 0.335, "{areas:?}");
        assert!(ratios.0 > 0.28 && ratios.0 < 0.32 && ratios.1 > 3.1 && ratios.1 < 3.5, "{ratios:?}");
    }

    #[test]
    fn every_color_of_one_rectangle_becomes_zero() {
        let mut out = vec![1.0; 3 * 20 * 20];
        erase([3, 20, 20], Draws::new(1, 0, 0, Use::Augment), &mut out);
        let planes: Vec<&[f32]> = out.chunks(400).collect();
        assert!(planes[0] == planes[1] && planes[1] == planes[2]);
        let [x, y, w, h] = rectangle(20, 20, Draws::new(1, 0, 0, Use::Augment)).unwrap();
        for i in 0..400 {
            let is_inside = (x..x + w).contains(&(i % 20)) && (y..y + h).contains(&(i / 20));
            assert_eq!(planes[0][i], if is_inside { 0.0 } else { 1.0 });
        }
    }

    #[test]
    fn a_pixel_is_never_erased() {
        for sample in 0..100 {
            let mut out = [1.0];
            erase([1, 1, 1], Draws::new(1, 0, sample, Use::Augment), &mut out);
            assert_eq!(out, [1.0]);
        }
    }
}
