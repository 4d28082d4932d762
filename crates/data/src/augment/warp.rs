//! Affine transforms of an image with bilinear sampling: rotation, translation, scale and shear.
//!
//! ```text
//! out(x, y) = in(M (x + 1/2, y + 1/2))        M the inverse of T(t) C R(angle) Shear(x) S(scale) C^-1
//! ```
//! A sample outside the image has the fill color; a sample inside is never mixed with it.
//!
//! # PyTorch
//! `RandomAffine` and `functional.affine` of a PIL image, with `InterpolationMode.BILINEAR`.

use crate::affine::sin_cos;
use striate_image::Image;

/// Where the value of an output pixel comes from: `source = [a b c; d e f] (x, y, 1)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Inverse(pub(super) [f64; 6]);

impl Inverse {
    pub(super) const IDENTITY: Self = Self([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);

    /// The inverse of: shear along x, scale and rotate about the center, then translate by pixels.
    ///
    /// Positive degrees turn clockwise, as in torchvision's `affine` (its `rotate` turns the other way).
    pub(super) fn new(
        [width, height]: [usize; 2],
        degrees: f64,
        [to_x, to_y]: [f64; 2],
        scale: f64,
        shear_deg: f64,
    ) -> Self {
        let (sin, cos) = sin_cos(degrees);
        let (shear_sin, shear_cos) = sin_cos(shear_deg);
        let tan = shear_sin / shear_cos;
        // [a b; c d] = R(angle) Shear; its determinant is 1.
        let (a, b) = (cos, -cos * tan - sin);
        let (c, d) = (sin, cos - sin * tan);
        let [a, b, c, d] = [d, -b, -c, a].map(|value| value / scale);
        let (center_x, center_y) = (width as f64 / 2.0, height as f64 / 2.0);
        let (x, y) = (-center_x - to_x, -center_y - to_y);
        Self([a, b, a * x + b * y + center_x, c, d, c * x + d * y + center_y])
    }

    /// Sheared about the upper left corner: the source of (x, y) is (x + m y, y).
    pub(super) fn shear_x(m: f64) -> Self {
        Self([1.0, m, 0.0, 0.0, 1.0, 0.0])
    }

    /// Sheared about the upper left corner: the source of (x, y) is (x, y + m x).
    pub(super) fn shear_y(m: f64) -> Self {
        Self([1.0, 0.0, 0.0, m, 1.0, 0.0])
    }
}

/// The moved image, of the same size.
pub(super) fn warp(image: &Image, inverse: &Inverse, fill: &[u8]) -> Image {
    match image.channels {
        1 => warp_as::<1>(image, inverse, fill),
        _ => warp_as::<3>(image, inverse, fill),
    }
}

fn warp_as<const C: usize>(image: &Image, Inverse([a, b, c, d, e, f]): &Inverse, fill: &[u8]) -> Image {
    let (width, height) = (image.width, image.height);
    let (end_x, end_y) = (width as f64, height as f64);
    let (pixels, _) = image.pixels.as_chunks::<C>();
    let mut out = Vec::with_capacity(image.pixels.len());
    for y in 0..height {
        for x in 0..width {
            let (x, y) = (x as f64 + 0.5, y as f64 + 0.5);
            let (source_x, source_y) = (a * x + b * y + c, d * x + e * y + f);
            if !(source_x >= 0.0 && source_x < end_x && source_y >= 0.0 && source_y < end_y) {
                out.extend_from_slice(fill);
                continue;
            }
            // Between the centers of four pixels, of which those past the edge are the edge's.
            let (left, top) = ((source_x - 0.5).floor(), (source_y - 0.5).floor());
            let (right_part, lower_part) = (source_x - 0.5 - left, source_y - 0.5 - top);
            let (x0, x1) = (left.max(0.0) as usize, ((left + 1.0) as usize).min(width - 1));
            let (y0, y1) = (top.max(0.0) as usize, ((top + 1.0) as usize).min(height - 1));
            let [upper_left, upper_right, lower_left, lower_right] =
                [(x0, y0), (x1, y0), (x0, y1), (x1, y1)].map(|(x, y)| pixels[y * width + x]);
            for channel in 0..C {
                let between = |left: [u8; C], right: [u8; C]| {
                    let (left, right) = (f64::from(left[channel]), f64::from(right[channel]));
                    left + (right - left) * right_part
                };
                let (above, below) = (between(upper_left, upper_right), between(lower_left, lower_right));
                out.push((above + (below - above) * lower_part) as u8);
            }
        }
    }
    Image { pixels: out, ..*image }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gray(pixels: [u8; 9]) -> Image {
        Image { width: 3, height: 3, channels: 1, pixels: pixels.to_vec() }
    }

    const PLANE: [u8; 9] = [1, 2, 3, 4, 5, 6, 7, 8, 9];

    fn moved(degrees: f64, to: [f64; 2], scale: f64, shear_deg: f64) -> Vec<u8> {
        warp(&gray(PLANE), &Inverse::new([3, 3], degrees, to, scale, shear_deg), &[0]).pixels
    }

    #[test]
    fn nothing_is_the_identity() {
        assert_eq!(Inverse::new([224, 224], 0.0, [0.0; 2], 1.0, 0.0), Inverse::IDENTITY);
        assert_eq!(Inverse::new([33, 7], 0.0, [0.0; 2], 1.0, 0.0), Inverse::IDENTITY);
    }

    #[test]
    fn quarter_turns_and_shifts_by_hand() {
        assert_eq!(moved(90.0, [0.0; 2], 1.0, 0.0), [7, 4, 1, 8, 5, 2, 9, 6, 3], "clockwise");
        assert_eq!(moved(180.0, [0.0; 2], 1.0, 0.0), [9, 8, 7, 6, 5, 4, 3, 2, 1]);
        assert_eq!(moved(0.0, [1.0, 0.0], 1.0, 0.0), [0, 1, 2, 0, 4, 5, 0, 7, 8]);
        assert_eq!(moved(0.0, [0.0, -1.0], 1.0, 0.0), [4, 5, 6, 7, 8, 9, 0, 0, 0]);
        // 45 degrees move the upper row by one pixel to the right, and the lower one to the left.
        assert_eq!(moved(0.0, [0.0; 2], 1.0, 45.0), [0, 1, 2, 4, 5, 6, 8, 9, 0]);
    }

    #[test]
    fn shears_about_the_corner_by_hand() {
        // Source x is x + 2 (y + 1/2): of the first row one pixel to the right, of the second three.
        assert_eq!(warp(&gray(PLANE), &Inverse::shear_x(2.0), &[0]).pixels, [2, 3, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(warp(&gray(PLANE), &Inverse::shear_y(2.0), &[0]).pixels, [4, 0, 0, 7, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn samples_inside_do_not_mix_with_the_outside() {
        let white = gray([255; 9]);
        let turned = warp(&white, &Inverse::new([3, 3], 30.0, [0.3, 0.2], 1.0, 0.0), &[0]).pixels;
        assert!(turned.iter().all(|&value| value == 0 || value == 255), "{turned:?}");
        assert!(turned.contains(&0) && turned.contains(&255));
    }
}
