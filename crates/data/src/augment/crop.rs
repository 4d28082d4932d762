//! RandomResizedCrop: a random part of the image, resized to the input of the network.

use serde::{Deserialize, Serialize};

use super::place;
use crate::error::DataError;
use crate::rng::{Draws, unit};
use striate_base::math::{exp, ln};
use striate_image::Image;
use striate_image::Preprocess;
use striate_image::resample::{Axis, Window, resample};

/// Draws before the middle is taken instead.
const ATTEMPTS: u32 = 10;

/// The ranges from which the area and the aspect ratio of a random crop are drawn.
///
/// # PyTorch
/// `RandomResizedCrop(size, scale, ratio)`, with its defaults.
///
/// # Source
/// Szegedy 2015.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResizedCrop {
    /// The range of the area of the crop, as a share of the area of the image.
    pub scale: [f32; 2],
    /// The range of the aspect ratio, width by height; a factor is as likely as its inverse.
    pub ratio: [f32; 2],
}

impl Default for ResizedCrop {
    fn default() -> Self {
        Self { scale: [0.08, 1.0], ratio: [3.0 / 4.0, 4.0 / 3.0] }
    }
}

impl ResizedCrop {
    pub(super) fn check(&self) -> Result<(), DataError> {
        let [scale_min, scale_max] = self.scale;
        let [ratio_min, ratio_max] = self.ratio;
        for (what, expected, got, low, high) in [
            ("crop.scale", "shares from 0.001 to 1, the lower first", scale_min, 0.001, scale_max),
            ("crop.scale", "shares from 0.001 to 1, the lower first", scale_max, scale_min, 1.0),
            ("crop.ratio", "factors from 0.01 to 100, the lower first", ratio_min, 0.01, ratio_max),
            ("crop.ratio", "factors from 0.01 to 100, the lower first", ratio_max, ratio_min, 100.0),
        ] {
            if !(low..=high).contains(&got) {
                return Err(DataError::Augment { what, expected, got });
            }
        }
        Ok(())
    }

    /// To what the shorter side of a photo may be reduced before parts are cut out, for an input of `size` pixels: what the
    /// smallest part needs so as not to be enlarged, but no more than twice the input. Past that, pixels cost more time and
    /// disk than they show.
    pub(crate) fn shorter_px(&self, size: usize) -> usize {
        // Less what an f32 is off by: 0.64 needs 280 for 224, and not 281.
        let needed = (size as f64 / f64::from(self.scale[0]).sqrt() - 1e-3).ceil() as usize;
        needed.min(2 * size)
    }

    /// The part of this sample.
    fn draw(&self, width: usize, height: usize, draws: Draws) -> Window {
        let [ratio_min, ratio_max] = self.ratio.map(f64::from);
        let [scale_min, scale_max] = self.scale.map(f64::from);
        let area = (width * height) as f64;
        let (low, high) = (ln(ratio_min), ln(ratio_max));
        for attempt in 0..ATTEMPTS {
            let [share, ratio, top, left] =
                draws.block(place::CROP + attempt).map(|word| f64::from(unit(word)));
            let target = area * (scale_min + (scale_max - scale_min) * share);
            let ratio = exp(low + (high - low) * ratio);
            let w = (target * ratio).sqrt().round_ties_even() as usize;
            let h = (target / ratio).sqrt().round_ties_even() as usize;
            if (1..=width).contains(&w) && (1..=height).contains(&h) {
                let start = |u: f64, free: usize| ((u * (free + 1) as f64) as usize).min(free);
                let (x, y) = (start(left, width - w), start(top, height - h));
                return Window { x: x..x + w, y: y..y + h };
            }
        }
        // An image far off the ratios: as much of its middle as they allow.
        let whole = width as f64 / height as f64;
        let (w, h) = if whole < ratio_min {
            (width, (width as f64 / ratio_min).round_ties_even() as usize)
        } else if whole > ratio_max {
            ((height as f64 * ratio_max).round_ties_even() as usize, height)
        } else {
            (width, height)
        };
        let (w, h) = (w.clamp(1, width), h.clamp(1, height));
        let (x, y) = ((width - w) / 2, (height - h) / 2);
        Window { x: x..x + w, y: y..y + h }
    }
}

/// The part of this sample in the size of the network's input.
pub(super) fn random_resized_crop(
    image: &Image,
    crop: &ResizedCrop,
    preprocess: &Preprocess,
    draws: Draws,
) -> Image {
    let window = crop.draw(image.width, image.height, draws);
    let (across, down) = (Axis::whole(preprocess.width), Axis::whole(preprocess.height));
    resample(image, &window, &across, &down, preprocess.interpolation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Use;

    fn draws(sample: u32) -> Draws {
        Draws::new(5, 0, sample, Use::Augment)
    }

    #[test]
    fn areas_and_ratios_are_those_asked_for() {
        let crop = ResizedCrop { scale: [0.25, 0.5], ratio: [0.5, 2.0] };
        let (mut areas, mut wide, mut starts) = ((1.0f64, 0.0f64), 0, std::collections::HashSet::new());
        for sample in 0..4000 {
            let Window { x, y } = crop.draw(400, 400, draws(sample));
            assert!(x.end <= 400 && y.end <= 400);
            let (area, ratio) = ((x.len() * y.len()) as f64 / 160_000.0, x.len() as f64 / y.len() as f64);
            assert!((0.248..=0.502).contains(&area) && (0.495..=2.02).contains(&ratio), "{area} {ratio}");
            areas = (areas.0.min(area), areas.1.max(area));
            wide += usize::from(ratio > 1.0);
            starts.insert((x.start / 40, y.start / 40));
        }
        assert!(areas.0 < 0.252 && areas.1 > 0.498, "{areas:?}");
        assert!((1850..2150).contains(&wide), "{wide} of 4000 are wider than high, expected half");
        assert!(starts.len() > 30, "only {} of the places", starts.len());
    }

    #[test]
    fn a_strip_gives_its_middle() {
        // No part of 100 x 1 has 8 % of the area and a ratio of at most 4 / 3.
        let Window { x, y } =
            ResizedCrop { scale: [0.5, 1.0], ..ResizedCrop::default() }.draw(100, 1, draws(0));
        assert_eq!((x, y), (49..50, 0..1));
        let Window { x, y } =
            ResizedCrop { scale: [0.9, 1.0], ..ResizedCrop::default() }.draw(3, 300, draws(1));
        assert_eq!((x, y), (0..3, 148..152));
    }

    #[test]
    fn photos_are_reduced_to_what_the_smallest_part_needs() {
        assert_eq!(ResizedCrop::default().shorter_px(224), 448);
        assert_eq!(ResizedCrop { scale: [0.64, 1.0], ..ResizedCrop::default() }.shorter_px(224), 280);
        assert_eq!(ResizedCrop { scale: [1.0, 1.0], ..ResizedCrop::default() }.shorter_px(224), 224);
    }
}
