//! Striate's instruments on paper: classification metrics, charts as SVG and PNG, terminal tables.
//!
//! **Floor 3**, beside `models` and `train`. Of the floors below it knows `striate-graph` alone, for [`summary()`] and for
//! what runs a network, [`evidence`]; everything else is handed plain numbers.
//!
//! Where to start reading:
//! * [`Confusion`] counts (label, prediction) pairs; [`Report`] is what `striate val --json` prints.
//! * [`chart`] draws: [`chart::curves`] and [`chart::confusion`] return a [`chart::Scene`], which writes itself
//!   as SVG or PNG.
//! * [`Calibration`] says whether probabilities mean what they say; [`worst`] finds the mistakes to look at, and
//!   [`contact_sheet`] lays them out.
//! * [`report`] puts all of it on one page of HTML that loads nothing.
//! * [`color`] holds the two color tables of every image of the project.
//! * [`summary`](summary()) lists the layers of a network with what each costs and sees; [`shades`] draws feature maps
//!   as text.
//! * [`maps`] shows what each layer makes of an image, [`filters`] the kernels it does it with; [`half_blocks`] draws
//!   images in a terminal, [`npy`](npy()) writes their numbers.
//! * [`evidence`] says which part of an image a class is due to.
//! * [`receptive_field`] says which pixels a value sees.
//! * [`xray`] takes one value apart, down to each product, and proves the sum.
//! * [`text`] aligns columns and formats numbers for people.
//!
//! Invariants:
//! * The same numbers give the same bytes of SVG and PNG: one scene, one embedded font, no system fonts.
//! * Names come from users: in SVG they are escaped, in tables control characters are replaced.
//! * A value that is not defined is `None`, `null` in JSON and "–" for people, never 0 or NaN.
//!
//! # Example
//!
//! ```
//! use striate_inspect::{Confusion, chart};
//!
//! let mut confusion = Confusion::new(2);
//! for (label, predicted) in [(0, 0), (0, 1), (1, 1), (1, 1)] {
//!     confusion.add(label, predicted)?;
//! }
//! assert_eq!(confusion.accuracy(), Some(0.75));
//!
//! let scene = chart::confusion("pets", &confusion, &["cat", "dog"])?;
//! assert!(scene.to_svg().starts_with("<svg"));
//! assert!(scene.to_png(2.0)?.starts_with(b"\x89PNG"));
//! # Ok::<(), striate_inspect::InspectError>(())
//! ```

mod answer;
mod calibration;
pub mod chart;
pub mod color;
mod contact_sheet;
mod error;
pub mod evidence;
pub mod filters;
mod half_blocks;
mod hatch;
pub mod maps;
mod metrics;
mod npy;
pub mod receptive_field;
pub mod report;
mod shades;
pub mod summary;
#[cfg(test)]
mod testing;
pub mod text;
mod thumbnail;
mod wrap;
pub mod xray;

pub use answer::{Answer, check_logits, softmax, worst};
pub use calibration::{BINS, Bin, Calibration};
pub use contact_sheet::{Tile, contact_sheet};
pub use error::{InspectError, Role};
pub use half_blocks::{Depth, half_blocks};
pub use hatch::{Area, hatched};
pub use metrics::{ClassMetrics, Confusion, NamedMetrics, Report, in_top_k, wilson_interval};
pub use npy::npy;
pub use shades::shades;
pub use summary::{Summary, summary};
pub use thumbnail::Thumbnail;
pub use wrap::{wrap_columns, wrap_text};
