//! Images in squares.

use super::block::Block;
use super::style::HAIRLINE;
use crate::chart::{Scene, Shape};
use crate::color::Rgb;
use crate::thumbnail::Thumbnail;

/// Returns the factor by which an image of `width_px` x `height_px` pixels is drawn so that it fits into a square of this side.
///
/// The PNG has two pixels per unit, so factors of at least 0.5 are multiples of 0.5, and all pixels of an enlarged image have the
/// same size.
pub fn enlargement(width_px: f64, height_px: f64, side: f64) -> f64 {
    let fitting = side / width_px.max(height_px);
    if fitting >= 0.5 { (2.0 * fitting).floor() / 2.0 } else { fitting }
}

/// Returns the width and height of an image that is drawn in a square of this side, see [`enlargement`].
pub fn size_in(image: &Thumbnail, side: f64) -> (f64, f64) {
    let (w, h) = (f64::from(image.width_px()), f64::from(image.height_px()));
    let scale = enlargement(w, h, side);
    (w * scale, h * scale)
}

/// Draws an image as large as a square of this side allows, see [`enlargement`], with a hairline around it, since zero may be
/// nearly as white as the page. The hairline is outside the image.
pub fn framed(image: &Thumbnail, side: f64) -> Block {
    let (width, height) = size_in(image, side);
    Block::drawn(width, height, |scene| {
        scene.rect(-0.5, -0.5, width + 1.0, height + 1.0, HAIRLINE);
        scene.shapes.push(Shape::Image { x: 0.0, y: 0.0, width, height, image: image.clone() });
    })
}

/// Adds the outline of the rectangle `(left, top, width, height)`, `stroke_px` wide.
pub fn outline(scene: &mut Scene, (x, y, w, h): (f64, f64, f64, f64), stroke_px: f64, stroke: Rgb) {
    let points = vec![(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)];
    scene.shapes.push(Shape::Polyline { points, width: stroke_px, stroke, dash: None });
}
