//! The building blocks of drawn pages: blocks that know their size, and rows, columns and grids that arrange them.
//!
//! A page is one [`Block`]: texts, images and drawings, joined by [`row`], [`column()`] and [`grid`]. Blocks have no
//! coordinates of their own, so a longer text or a larger image moves everything below it, and the page grows. Lengths are
//! units of the [`Scene`](crate::chart::Scene): pixels of the SVG, two pixels of the PNG.

mod block;
mod head;
mod image;
mod legend;
mod style;
mod text;
mod wrap;

pub use block::{Block, column, grid, row};
pub use head::{About, Head, LEAST_WIDTH};
pub use image::{enlargement, framed, outline, size_in};
pub use legend::{Legend, color_bar, gray, labeled_bar};
pub use style::{BAR, CAPTION, HAIRLINE, HEADING, INK, MARGIN, SOFT_INK, TEXT, TITLE};
pub use text::{fitted, line, paragraph};
pub use wrap::wrap_text;
