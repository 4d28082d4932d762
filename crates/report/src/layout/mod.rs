//! The common elements of drawn pages: colors, margins, text that is shortened to fit, images in squares.
//!
//! Lengths are units of the [`Scene`]: pixels of the SVG, two pixels of the PNG.

mod page;

pub use page::{About, LEAST_WIDTH, Legend, TOP, gray, page, push_scale};

use crate::chart::{Anchor, Scene, Shape, fit_text};
use crate::color::Rgb;
use crate::thumbnail::Thumbnail;

/// Titles and values.
pub const INK: Rgb = Rgb::hex(0x1a1a1a);
/// Captions and notes.
pub const SOFT_INK: Rgb = Rgb::hex(0x555555);
/// Frames and axis lines.
pub const HAIRLINE: Rgb = Rgb::hex(0xbbbbbb);
/// Bars of a histogram.
pub const BAR: Rgb = Rgb::hex(0x1f77b4);
/// Distance between the content of a page and its edges.
pub const MARGIN: f64 = 20.0;
/// Size of the title of a page.
pub const TITLE: f64 = 17.0;
/// Size of the heading of a part of a page.
pub const HEADING: f64 = 13.0;
/// Size of running text.
pub const TEXT: f64 = 12.0;
/// Size of the text below an image.
pub const CAPTION: f64 = 11.0;

/// Adds one line of text, shortened to `room` pixels; a shortened text has the whole text as a tooltip.
pub fn text(scene: &mut Scene, at: (f64, f64), size: f64, fill: Rgb, room: f64, text: &str) {
    let shown = fit_text(text, size, room);
    let tooltip = (shown != text).then(|| text.to_owned());
    let (anchor, rotate) = (Anchor::Start, 0.0);
    scene.shapes.push(Shape::Text { at, size, anchor, rotate, fill, text: shown, tooltip });
}

/// Adds a title at the top left of the page, and lines of running text below it.
pub fn header(scene: &mut Scene, room: f64, title: &str, lines: &[&str]) {
    header_at(scene, MARGIN, room, title, lines);
}

fn header_at(scene: &mut Scene, left: f64, room: f64, title: &str, lines: &[&str]) {
    text(scene, (left, MARGIN + 14.0), TITLE, INK, room, title);
    for (i, line) in lines.iter().enumerate() {
        text(scene, (left, MARGIN + 35.0 + 17.0 * i as f64), TEXT, SOFT_INK, room, line);
    }
}

/// The factor by which an image of `width_px` x `height_px` pixels is drawn so that it fits into a square of this side.
///
/// The PNG has two pixels per unit, so factors of at least 0.5 are multiples of 0.5, and all pixels of an enlarged image have the
/// same size.
pub fn enlargement(width_px: f64, height_px: f64, side: f64) -> f64 {
    let fitting = side / width_px.max(height_px);
    if fitting >= 0.5 { (2.0 * fitting).floor() / 2.0 } else { fitting }
}

/// Width and height of an image that is drawn in a square of this side, see [`enlargement`].
pub fn size_in(image: &Thumbnail, side: f64) -> (f64, f64) {
    let (w, h) = (f64::from(image.width_px()), f64::from(image.height_px()));
    let scale = enlargement(w, h, side);
    (w * scale, h * scale)
}

/// Adds an image in a square whose upper left corner is `at`, with a hairline around it, since zero may be nearly as white as the
/// page.
pub fn tile(scene: &mut Scene, image: &Thumbnail, (x, y): (f64, f64), side: f64) {
    let (width, height) = size_in(image, side);
    scene.rect(x - 0.5, y - 0.5, width + 1.0, height + 1.0, HAIRLINE);
    scene.shapes.push(Shape::Image { x, y, width, height, image: image.clone() });
}

/// Adds the outline of the rectangle `(left, top, width, height)`, `stroke_px` wide.
pub fn outline(scene: &mut Scene, (x, y, w, h): (f64, f64, f64, f64), stroke_px: f64, stroke: Rgb) {
    let points = vec![(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)];
    scene.shapes.push(Shape::Polyline { points, width: stroke_px, stroke, dash: None });
}
