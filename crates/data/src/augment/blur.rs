//! Gaussian blur, like torchvision's GaussianBlur.
//!
//! ```text
//! out(x, y) = sum over |i|, |j| <= 6 of g(i) g(j) in(x + i, y + j),   g(i) = exp(-i^2 / (2 sigma^2)) / sum
//! ```
//! with the image mirrored at its edges, and sigma drawn from 0.1 to 2.
//!
//! # PyTorch
//! `GaussianBlur(13, sigma=(0.1, 2.0))`. An image that is smaller than the mirrored margin is extended by repeating its
//! border instead.

use striate_base::math::exp;
use striate_image::Image;

/// Pixels to each side; three deviations of the largest sigma.
const RADIUS: usize = 6;

/// Sigma for a uniform draw.
pub(super) fn deviation(u: f32) -> f64 {
    0.1 + 1.9 * f64::from(u)
}

pub(super) fn gaussian(image: &mut Image, sigma: f64) {
    let weights = weights(sigma);
    let (width, height, channels) = (image.width, image.height, image.channels);
    let columns: Vec<[usize; 2 * RADIUS + 1]> = (0..width).map(|x| neighbors(x, width)).collect();
    let mut across = vec![0f32; image.pixels.len()];
    let row_len = width * channels;
    for (row, out) in image.pixels.chunks_exact(row_len).zip(across.chunks_exact_mut(row_len)) {
        for (columns, out) in columns.iter().zip(out.chunks_exact_mut(channels)) {
            for (&x, &weight) in columns.iter().zip(&weights) {
                let pixel = &row[x * channels..(x + 1) * channels];
                out.iter_mut().zip(pixel).for_each(|(sum, &value)| *sum += weight * f32::from(value));
            }
        }
    }
    let mut sums = vec![0f32; row_len];
    for (y, out) in image.pixels.chunks_exact_mut(row_len).enumerate() {
        sums.fill(0.0);
        for (&y, &weight) in neighbors(y, height).iter().zip(&weights) {
            let row = &across[y * row_len..(y + 1) * row_len];
            sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += weight * value);
        }
        out.iter_mut().zip(&sums).for_each(|(out, sum)| *out = sum.round_ties_even() as u8);
    }
}

fn weights(sigma: f64) -> [f32; 2 * RADIUS + 1] {
    let density: [f64; 2 * RADIUS + 1] = std::array::from_fn(|i| {
        let distance = (i as f64 - RADIUS as f64) / sigma;
        exp(-0.5 * distance * distance)
    });
    let sum: f64 = density.iter().sum();
    density.map(|value| (value / sum) as f32)
}

/// The places around `at`, mirrored at the edges without repeating them.
fn neighbors(at: usize, size: usize) -> [usize; 2 * RADIUS + 1] {
    let (at, last) = (at as isize, size as isize - 1);
    std::array::from_fn(|i| {
        let place = at + i as isize - RADIUS as isize;
        let mirrored = if place < 0 { -place } else { place.min(2 * last - place) };
        if size > RADIUS { mirrored as usize } else { place.clamp(0, last) as usize }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_becomes_the_product_of_two_gaussians() {
        let mut dot = Image { width: 15, height: 15, channels: 1, pixels: vec![0; 225] };
        dot.pixels[7 * 15 + 7] = 255;
        gaussian(&mut dot, 1.0);
        // g(0) = 0.39894, g(1) = 0.24197, g(2) = 0.05399: the density of the normal distribution, whose sum here is 1.
        let at = |x: usize, y: usize| dot.pixels[y * 15 + x];
        assert_eq!((at(7, 7), at(8, 7), at(7, 6), at(8, 8), at(9, 7)), (41, 25, 25, 15, 5));
        assert_eq!((at(0, 0), at(14, 14)), (0, 0));
    }

    #[test]
    fn sigma_is_drawn_from_a_tenth_to_two() {
        assert_eq!([0.0, 0.5, 1.0].map(deviation), [0.1, 1.05, 2.0]);
    }

    #[test]
    fn one_color_stays_and_edges_are_mirrored() {
        for side in [1, 2, 6, 7, 20] {
            let mut flat =
                Image { width: side, height: side, channels: 3, pixels: vec![77; side * side * 3] };
            gaussian(&mut flat, 2.0);
            assert!(flat.pixels.iter().all(|&value| value == 77), "{side}");
        }
        assert_eq!(neighbors(1, 9), [5, 4, 3, 2, 1, 0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(neighbors(8, 9), [2, 3, 4, 5, 6, 7, 8, 7, 6, 5, 4, 3, 2]);
        assert_eq!(neighbors(0, 2), [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
    }
}
