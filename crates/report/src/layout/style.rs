//! Colors, sizes of text and distances that all pages share.

use crate::color::Rgb;

/// The color of titles and values.
pub const INK: Rgb = Rgb::hex(0x1a1a1a);
/// The color of captions and notes.
pub const SOFT_INK: Rgb = Rgb::hex(0x555555);
/// The color of frames and axis lines.
pub const HAIRLINE: Rgb = Rgb::hex(0xbbbbbb);
/// The color of the bars of a histogram.
pub const BAR: Rgb = Rgb::hex(0x1f77b4);
/// The distance between the content of a page and its edges.
pub const MARGIN: f64 = 20.0;
/// The font size of the title of a page.
pub const TITLE: f64 = 17.0;
/// The font size of the heading of a part of a page.
pub const HEADING: f64 = 13.0;
/// The font size of running text.
pub const TEXT: f64 = 12.0;
/// The font size of the text below an image.
pub const CAPTION: f64 = 11.0;
