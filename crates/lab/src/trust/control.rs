//! Control maps that do not depend on the network, which a method must outperform.

use striate_base::random::signed_unit;

/// A random map `[H, W]`, each value uniform in -1 to 1 and a function of (seed, place).
pub(super) fn random(seed: u64, len: usize) -> Vec<f32> {
    (0..len).map(|place| signed_unit(seed, place as u64) as f32).collect()
}

/// The edges of an image `[C, H, W]`: the magnitude of Sobel's two derivatives, added up over the channels, `[H, W]`. Beyond
/// its border the image goes on as it ends.
///
/// # Source
/// Sobel 1968.
pub(super) fn sobel(pixels: &[f32], [channels, height, width]: [usize; 3]) -> Vec<f32> {
    let plane = height * width;
    let mut edges = vec![0.0; plane];
    for c in 0..channels {
        let at = |y: usize, x: usize, dy: isize, dx: isize| {
            let y = y.saturating_add_signed(dy).min(height - 1);
            let x = x.saturating_add_signed(dx).min(width - 1);
            f64::from(pixels[c * plane + y * width + x])
        };
        for y in 0..height {
            for x in 0..width {
                let side = |dx| at(y, x, -1, dx) + 2.0 * at(y, x, 0, dx) + at(y, x, 1, dx);
                let row = |dy| at(y, x, dy, -1) + 2.0 * at(y, x, dy, 0) + at(y, x, dy, 1);
                let (right, down): (f64, f64) = (side(1) - side(-1), row(1) - row(-1));
                edges[y * width + x] += right.hypot(down);
            }
        }
    }
    edges.into_iter().map(|edge| edge as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_by_hand() {
        // A step of 3 between two columns: 4 · 3 on both sides of it, nothing elsewhere.
        let step: Vec<f32> = (0..16).map(|i| if i % 4 < 2 { 0.0 } else { 3.0 }).collect();
        let want: Vec<f32> = (0..16).map(|i| if (1..3).contains(&(i % 4)) { 12.0 } else { 0.0 }).collect();
        assert_eq!(sobel(&step, [1, 4, 4]), want);
        assert_eq!(sobel(&[5.0; 12], [3, 2, 2]), [0.0; 4]);
        // One bright pixel in the middle: 2 beside it, √2 at the corners.
        let mut dot = vec![0.0; 9];
        dot[4] = 1.0;
        let (corner, side) = (2.0_f32.sqrt(), 2.0);
        assert_eq!(sobel(&dot, [1, 3, 3]), [corner, side, corner, side, 0.0, side, corner, side, corner]);
    }

    #[test]
    fn random_maps_differ_by_seed() {
        let (a, b) = (random(1, 500), random(2, 500));
        assert_eq!(a, random(1, 500));
        assert!(super::super::spearman(&a, &b).unwrap().abs() < 0.2);
    }
}
