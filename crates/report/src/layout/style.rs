//! Colors, sizes of text and distances that all pages share.

use crate::color::Rgb;

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
