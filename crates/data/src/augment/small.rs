//! The fast implementation for small images in memory: shift, rotate, scale, flip, erase.
//!
//! Shift, rotation, scale and flip are one affine map, so an image is resampled only once, from bytes to normalized numbers,
//! whichever of them are enabled.

use super::Augment;
use crate::affine::{Map, Motion, pack_cells, resample};
use crate::rng::{Draws, unit};
use striate_image::Preprocess;

/// What happens to one image.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Change {
    motion: Motion,
    /// Parts of the free space left and above, and of the sides.
    erase: Option<[f32; 4]>,
}

impl Augment {
    /// Changes and normalizes the image of one (seed, epoch, sample).
    ///
    /// # Shapes
    /// `pixels` and `out` are `[C, H, W]`.
    ///
    /// # Panics
    /// When `pixels` or `out` do not have the size that `preprocess` names.
    pub(super) fn apply_small(&self, preprocess: &Preprocess, draws: Draws, pixels: &[u8], out: &mut [f32]) {
        let change = self.draw(draws);
        let [channels, height, width] = preprocess.shape();
        let map = change.motion.inverse(width, height);
        if map == Map::IDENTITY {
            preprocess.normalize(pixels, out);
        } else {
            let plane = height * width;
            assert!(
                pixels.len() == channels * plane && out.len() == channels * plane,
                "augment: one image is {:?}, got {} pixels and room for {}",
                preprocess.shape(),
                pixels.len(),
                out.len()
            );
            let mut cells = vec![0; (height + 1) * (width + 1)];
            for c in 0..channels {
                let range = c * plane..(c + 1) * plane;
                pack_cells(&pixels[range.clone()], width, &mut cells);
                resample(&cells, width, height, map, preprocess.factors(c), &mut out[range]);
            }
        }
        if let Some(rectangle) = change.erase {
            erase(rectangle, preprocess, out);
        }
    }

    /// The erasing of [`apply_small`](Self::apply_small) alone.
    pub(super) fn erase_small(&self, preprocess: &Preprocess, draws: Draws, out: &mut [f32]) {
        if let Some(rectangle) = self.draw(draws).erase {
            erase(rectangle, preprocess, out);
        }
    }

    fn draw(&self, draws: Draws) -> Change {
        let [flip, shift_x, shift_y, degrees] = draws.block(0).map(unit);
        let [scale, erase, area, aspect] = draws.block(1).map(unit);
        let [left, top, tall, _] = draws.block(2).map(unit);
        let distances = (2 * self.shift_px + 1) as f32;
        let shift = |u: f32| (u * distances) as u32 as f32 - self.shift_px as f32;
        let sides = || {
            let area = 0.02 + 0.18 * area;
            let aspect = 0.3 + 0.7 * aspect;
            let (short, long) = ((area * aspect).sqrt(), (area / aspect).sqrt());
            if tall < 0.5 { [left, top, short, long] } else { [left, top, long, short] }
        };
        let motion = Motion {
            flip: flip < self.flip_horizontal,
            shift_x: shift(shift_x),
            shift_y: shift(shift_y),
            degrees: self.rotate_deg * (2.0 * degrees - 1.0),
            scale: self.scale_min + (self.scale_max - self.scale_min) * scale,
        };
        Change { motion, erase: (erase < self.erase).then(sides) }
    }
}

/// Sets a rectangle, given by parts of the free space before it and of the sides, to the background.
fn erase([left, top, wide, high]: [f32; 4], preprocess: &Preprocess, out: &mut [f32]) {
    let [_, height, width] = preprocess.shape();
    let size = |part: f32, side: usize| ((part * side as f32 + 0.5) as usize).clamp(1, side);
    let (columns, rows) = (size(wide, width), size(high, height));
    let place = |part: f32, free: usize| ((part * (free + 1) as f32) as usize).min(free);
    let (x, y) = (place(left, width - columns), place(top, height - rows));
    for (c, plane) in out.chunks_exact_mut(height * width).enumerate() {
        let (_, background) = preprocess.factors(c);
        for row in plane.chunks_exact_mut(width).skip(y).take(rows) {
            row[x..x + columns].fill(background);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Use;

    #[test]
    fn draws_stay_in_their_ranges_and_reach_the_ends() {
        let augment = Augment {
            shift_px: 2,
            rotate_deg: 10.0,
            scale_min: 0.8,
            scale_max: 1.25,
            flip_horizontal: 0.25,
            erase: 0.5,
            ..Augment::default()
        };
        let changes: Vec<Change> =
            (0..4000).map(|sample| augment.draw(Draws::new(7, 1, sample, Use::Augment))).collect();
        let shifts = |wanted: f32| changes.iter().filter(|change| change.motion.shift_x == wanted).count();
        for shift in -2..=2 {
            let count = shifts(shift as f32);
            assert!((650..950).contains(&count), "{count} of 4000 are shifted by {shift}, expected 800");
        }
        let (low, high) = changes.iter().fold((f32::MAX, f32::MIN), |(low, high), change| {
            assert!((0.8..=1.25).contains(&change.motion.scale) && change.motion.shift_y.abs() <= 2.0);
            (low.min(change.motion.degrees), high.max(change.motion.degrees))
        });
        assert!((-10.0..-9.9).contains(&low) && (9.9..=10.0).contains(&high), "{low} {high}");
        let flips = changes.iter().filter(|change| change.motion.flip).count();
        let erasures = changes.iter().filter(|change| change.erase.is_some()).count();
        assert!((900..1100).contains(&flips) && (1900..2100).contains(&erasures), "{flips} {erasures}");
    }

    #[test]
    fn turning_one_change_on_leaves_the_others() {
        let draws = Draws::new(3, 4, 5, Use::Augment);
        let shift = Augment { shift_px: 3, ..Augment::default() };
        let both = Augment { rotate_deg: 20.0, erase: 1.0, ..shift };
        let (one, two) = (shift.draw(draws), both.draw(draws));
        assert_eq!((one.motion.shift_x, one.motion.shift_y), (two.motion.shift_x, two.motion.shift_y));
    }
}
