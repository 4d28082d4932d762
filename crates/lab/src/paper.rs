//! What the pages of experiments are drawn with.

use striate_inspect::Thumbnail;
use striate_inspect::chart::{Anchor, Scene, Shape, fit_text};
use striate_inspect::color::Rgb;

pub(crate) const INK: Rgb = Rgb::hex(0x1a1a1a);
pub(crate) const SOFT_INK: Rgb = Rgb::hex(0x555555);
pub(crate) const HAIRLINE: Rgb = Rgb::hex(0xbbbbbb);
pub(crate) const BAR: Rgb = Rgb::hex(0x1f77b4);
pub(crate) const MARGIN: f64 = 20.0;
const TITLE: f64 = 17.0;
pub(crate) const HEADING: f64 = 13.0;
pub(crate) const TEXT: f64 = 12.0;
pub(crate) const CAPTION: f64 = 11.0;

/// A text that is cut to `room` and then has all of it as its tooltip.
pub(crate) fn text(scene: &mut Scene, at: (f64, f64), size: f64, fill: Rgb, room: f64, text: &str) {
    let shown = fit_text(text, size, room);
    let tooltip = (shown != text).then(|| text.to_owned());
    let (anchor, rotate) = (Anchor::Start, 0.0);
    scene.shapes.push(Shape::Text { at, size, anchor, rotate, fill, text: shown, tooltip });
}

/// A title and lines below it.
pub(crate) fn header(scene: &mut Scene, room: f64, title: &str, lines: &[&str]) {
    text(scene, (MARGIN, MARGIN + 14.0), TITLE, INK, room, title);
    for (i, line) in lines.iter().enumerate() {
        text(scene, (MARGIN, MARGIN + 35.0 + 17.0 * i as f64), TEXT, SOFT_INK, room, line);
    }
}

/// How large an image is in a square: whole or half pixels where it is enlarged.
pub(crate) fn size_in(image: &Thumbnail, side: f64) -> (f64, f64) {
    let (w, h) = (f64::from(image.width_px()), f64::from(image.height_px()));
    let fitting = side / w.max(h);
    let scale = if fitting >= 1.0 { (2.0 * fitting).floor() / 2.0 } else { fitting };
    (w * scale, h * scale)
}

/// An image in a square, with a hairline around it.
pub(crate) fn tile(scene: &mut Scene, image: &Thumbnail, (x, y): (f64, f64), side: f64) {
    let (width, height) = size_in(image, side);
    scene.rect(x - 0.5, y - 0.5, width + 1.0, height + 1.0, HAIRLINE);
    scene.shapes.push(Shape::Image { x, y, width, height, image: image.clone() });
}

/// The outline of a rectangle.
pub(crate) fn outline(scene: &mut Scene, (x, y, w, h): (f64, f64, f64, f64), width: f64, stroke: Rgb) {
    let points = vec![(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)];
    scene.shapes.push(Shape::Polyline { points, width, stroke, dash: None });
}
