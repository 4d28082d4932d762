//! Charts: training [`curves`], the [`confusion`] matrix and the [`reliability`] diagram, drawn into a [`Scene`] that
//! writes SVG and PNG.
//!
//! A scene is a list of rectangles, lines and texts, so both formats look the same. The PNG is rendered from
//! the scene itself and an embedded font, not from the SVG: a full SVG renderer would add six times as much to the size of the
//! binary, for nothing that is needed here.

mod axis;
mod collisions;
mod confusion;
mod curves;
mod encode;
mod font;
#[cfg(test)]
mod legible;
mod raster;
mod rate_search;
mod reliability;
mod scene;
mod svg;

pub use confusion::confusion;
pub use curves::{Curves, curve_panels, curves};
pub(crate) use encode::png;
pub use font::{fit as fit_text, width_px};
pub use rate_search::{RateChart, rate_search};
pub use reliability::reliability;
pub(crate) use scene::TextBox;
pub use scene::{Anchor, Scene, Shape};
pub use svg::Escaped;

use crate::color::Rgb;

/// Titles and values.
const INK: Rgb = Rgb::hex(0x1a1a1a);
/// Tick labels and axis lines.
const SOFT_INK: Rgb = Rgb::hex(0x555555);
/// Grid lines.
const GRID: Rgb = Rgb::hex(0xe4e4e4);
