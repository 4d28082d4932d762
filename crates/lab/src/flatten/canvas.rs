//! Images of 28x28 in the middle of a canvas of 48x48, and their shifts and rotations.
//!
//! A shift is `moved[y][x] = canvas[y − dy][x − dx]`. A rotation takes the bilinear value at the position rotated back
//! about the center of the canvas. The canvas has 10 empty pixels on every side, and a 28x28 square rotated about its center
//! stays at least 4 pixels away from the edge, so nothing is ever cut off.

use super::shuffle::{Stream, shuffled};
use serde::{Deserialize, Serialize};
use striate_data::Images;

/// The height and width of the images in pixels.
pub const IMAGE: usize = 28;
/// The number of empty pixels on every side of an image.
pub const MARGIN: usize = 10;
/// The height and width of the canvas in pixels.
pub const CANVAS: usize = IMAGE + 2 * MARGIN;

/// A change of a canvas before the network sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Move {
    /// A shift by this many pixels along one axis or along both, in one of 8 directions.
    ShiftPx(u32),
    /// A rotation by this many degrees, in either direction.
    RotateDeg(u32),
}

impl Move {
    /// The distance in pixels, or the angle in degrees.
    pub fn amount(self) -> u32 {
        match self {
            Self::ShiftPx(amount) | Self::RotateDeg(amount) => amount,
        }
    }

    /// Returns the canvas after the move. `lot` selects one of 8 directions for shifts, or of 2 for rotations.
    ///
    /// # Panics
    /// When a shift is larger than the margin, or the canvas has another size.
    pub fn apply(self, canvas: &[u8], lot: u32) -> Vec<u8> {
        match self {
            Self::ShiftPx(px) => {
                assert!(px as usize <= MARGIN, "a shift of {px} pixels would cut something off");
                let (dx, dy) = DIRECTIONS[lot as usize % 8];
                shifted(canvas, dx * px as isize, dy * px as isize)
            }
            Self::RotateDeg(degrees) => {
                rotated(canvas, if lot.is_multiple_of(2) { f64::from(degrees) } else { -f64::from(degrees) })
            }
        }
    }
}

/// East, then on clockwise.
const DIRECTIONS: [(isize, isize); 8] =
    [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)];

/// Copies `[28, 28]` pixels into the middle of an empty canvas, `[48, 48]`.
///
/// # Panics
/// When the image has another size.
pub fn place(image: &[u8], canvas: &mut [u8]) {
    assert_eq!((image.len(), canvas.len()), (IMAGE * IMAGE, CANVAS * CANVAS), "an image and a canvas");
    canvas.fill(0);
    for (y, row) in image.chunks_exact(IMAGE).enumerate() {
        let start = (y + MARGIN) * CANVAS + MARGIN;
        canvas[start..start + IMAGE].copy_from_slice(row);
    }
}

/// A canvas moved right by `dx` and down by `dy`.
fn shifted(canvas: &[u8], dx: isize, dy: isize) -> Vec<u8> {
    let side = CANVAS as isize;
    let at = |x: isize, y: isize| {
        let inside = (0..side).contains(&x) && (0..side).contains(&y);
        if inside { canvas[(y * side + x) as usize] } else { 0 }
    };
    (0..side).flat_map(|y| (0..side).map(move |x| at(x - dx, y - dy))).collect()
}

/// A canvas turned counter-clockwise, bilinear, rounded to whole gray levels.
fn rotated(canvas: &[u8], degrees: f64) -> Vec<u8> {
    // Libraries differ in the last bit of sines; 30 bits are the same everywhere.
    let same = |value: f64| (value * f64::from(1 << 30)).round() / f64::from(1 << 30);
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (sin, cos) = (same(sin), same(cos));
    let middle = (CANVAS - 1) as f64 / 2.0;
    let at = |x: f64, y: f64| {
        let inside = (0.0..CANVAS as f64).contains(&x) && (0.0..CANVAS as f64).contains(&y);
        if inside { f64::from(canvas[y as usize * CANVAS + x as usize]) } else { 0.0 }
    };
    let mut out = Vec::with_capacity(canvas.len());
    for y in 0..CANVAS {
        for x in 0..CANVAS {
            let (right, down) = (x as f64 - middle, y as f64 - middle);
            let (from_x, from_y) = (cos * right - sin * down + middle, sin * right + cos * down + middle);
            let (left, top) = (from_x.floor(), from_y.floor());
            let (a, b) = (from_x - left, from_y - top);
            let above = at(left, top) * (1.0 - a) + at(left + 1.0, top) * a;
            let below = at(left, top + 1.0) * (1.0 - a) + at(left + 1.0, top + 1.0) * a;
            out.push((above * (1.0 - b) + below * b).round() as u8);
        }
    }
    out
}

/// Returns a fixed permutation of the 784 pixels of an image, drawn by the seed: pixel `i` of a scrambled image is pixel
/// `order[i]` of the image. The empty margin is not permuted.
pub fn scrambling(seed: u64) -> Vec<u32> {
    shuffled(IMAGE * IMAGE, seed, Stream::Scrambling)
}

/// These images, of those indices, each in the middle of a canvas; scrambled first where an order is given.
///
/// # Panics
/// When an index is past the images.
pub(crate) fn canvases(images: &Images, indices: &[u32], order: Option<&[u32]>) -> (Vec<u8>, Vec<u8>) {
    let mut pixels = vec![0; indices.len() * CANVAS * CANVAS];
    let mut scrambled = vec![0; IMAGE * IMAGE];
    for (canvas, &index) in pixels.chunks_exact_mut(CANVAS * CANVAS).zip(indices) {
        let image = images.sample(index as usize);
        match order {
            None => place(image, canvas),
            Some(order) => {
                scrambled.iter_mut().zip(order).for_each(|(to, &from)| *to = image[from as usize]);
                place(&scrambled, canvas);
            }
        }
    }
    (pixels, indices.iter().map(|&index| images.labels[index as usize]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ink in every pixel that can have some, so that any that is cut off is missed.
    fn full() -> Vec<u8> {
        let image: Vec<u8> = (0..IMAGE * IMAGE).map(|i| (1 + i * 7 % 255) as u8).collect();
        let mut canvas = vec![9; CANVAS * CANVAS];
        place(&image, &mut canvas);
        canvas
    }

    fn ink(canvas: &[u8]) -> u64 {
        canvas.iter().map(|&v| u64::from(v)).sum()
    }

    #[test]
    fn no_shift_loses_ink_and_each_comes_back() {
        let canvas = full();
        let mut seen = Vec::new();
        for px in 0..=MARGIN as u32 {
            for lot in 0..8 {
                let moved = Move::ShiftPx(px).apply(&canvas, lot);
                let mut both = [canvas.clone(), moved.clone()];
                both.iter_mut().for_each(|values| values.sort_unstable());
                assert_eq!(both[0], both[1], "{px} px, direction {lot}");
                assert_eq!(Move::ShiftPx(px).apply(&moved, lot + 4), canvas, "{px} px, direction {lot}");
                if px == 10 {
                    seen.push(moved);
                }
            }
        }
        let first = |canvas: &[u8]| canvas.iter().position(|&v| v > 0).unwrap();
        // By hand: the first ink lies at (10, 10); 10 px east it is at row 10, column 20.
        assert_eq!(first(&seen[0]), 10 * CANVAS + 20);
        assert_eq!(first(&seen[2]), 20 * CANVAS + 10, "south");
        assert_eq!(first(&seen[5]), 0, "north-west");
    }

    #[test]
    #[should_panic(expected = "a shift of 11 pixels would cut something off")]
    fn a_shift_past_the_margin_is_refused() {
        Move::ShiftPx(11).apply(&full(), 0);
    }

    #[test]
    fn quarter_turns_are_exact_and_others_keep_the_ink() {
        let canvas = full();
        assert_eq!(Move::RotateDeg(0).apply(&canvas, 1), canvas);
        let quarter = Move::RotateDeg(90).apply(&canvas, 0);
        // Counter-clockwise: the upper right corner of the image goes to the upper left.
        assert_eq!(quarter[10 * CANVAS + 10], canvas[10 * CANVAS + 37]);
        assert_eq!(Move::RotateDeg(90).apply(&quarter, 1), canvas, "and back");
        let half = Move::RotateDeg(180).apply(&canvas, 0);
        assert!(half.iter().eq(canvas.iter().rev()));
        for degrees in (15..180).step_by(15) {
            for sense in 0..2 {
                let turned = Move::RotateDeg(degrees).apply(&canvas, sense);
                let kept = ink(&turned) as f64 / ink(&canvas) as f64;
                assert!((kept - 1.0).abs() < 0.01, "{degrees} degrees keep {kept}");
                let edge = |i: usize| [i / CANVAS, i % CANVAS].iter().any(|p| !(3..CANVAS - 3).contains(p));
                assert!((0..turned.len()).all(|i| !edge(i) || turned[i] == 0), "{degrees} degrees");
            }
        }
    }

    #[test]
    fn scrambling_is_a_permutation_inside_the_border() {
        let order = scrambling(3);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..784));
        let kept = order.iter().enumerate().filter(|&(i, &from)| i as u32 == from).count();
        assert!(kept < 10, "{kept} pixels stayed: a random order keeps one on average");
        assert_eq!(order, scrambling(3));
        assert_ne!(order, scrambling(4));

        let image: Vec<u8> = (0..784).map(|i| (1 + i % 255) as u8).collect();
        let images = Images::new([1, 28, 28], image.clone(), vec![2]).unwrap();
        let (plain, labels) = canvases(&images, &[0], None);
        let (mixed, _) = canvases(&images, &[0], Some(&order));
        assert_eq!(labels, [2]);
        let inside = |canvas: &[u8], i: usize| canvas[(10 + i / 28) * CANVAS + 10 + i % 28];
        assert!((0..784).all(|i| inside(&plain, i) == image[i]));
        assert!((0..784).all(|i| inside(&mixed, i) == image[order[i] as usize]));
        assert_eq!((ink(&plain), ink(&mixed)), (ink(&image), ink(&image)), "the border is empty");
    }
}
