//! Reports: classification metrics, charts as SVG and PNG, terminal tables, HTML pages.
//!
//! **Floor 1**, beside `graph`. It depends on no other crate of the workspace: everything here works on plain numbers.
//!
//! Where to start reading:
//! * [`Confusion`] counts (label, prediction) pairs; [`Report`] has all metrics computed from them. `striate val --json`
//!   prints an [`EvaluationReport`], and `striate predict --json` prints a [`PredictionReport`] for each image.
//! * [`Calibration`] measures whether probabilities match the accuracy; [`worst`] finds the worst mistakes, and [`contact_sheet`]
//!   lays them out.
//! * [`chart`] has the charts: [`chart::curves`] and [`chart::confusion`] return a [`chart::Scene`], which can be written as
//!   SVG or PNG.
//! * [`layout`] builds pages of [`layout::Block`]s that know their size. [`scale`] maps values to the two color tables of
//!   [`color`].
//! * [`page`] writes the results of a training run as one self-contained HTML page.
//! * [`half_blocks`] draws images in a terminal, and [`npy`](npy()) writes arrays.
//! * [`text`] aligns columns and formats numbers.
//!
//! Everything that draws is behind the feature `draw`, which is on by default; without it the crate has metrics, tables and
//! colors, and depends on no rasterizer and no font.
//!
//! Invariants:
//! * The same numbers give the same bytes of SVG and PNG: one scene, one embedded font, no system fonts.
//! * Names come from users: in SVG they are escaped, in tables control characters are replaced.
//! * No text of a page overlaps another or leaves the page, however long: [`chart::Scene::collisions`] finds those that do.
//! * An undefined value is `None`, `null` in JSON and "–" in text, never 0 or NaN.
//!
//! # Example
//!
//! ```
//! use striate_report::{Confusion, chart};
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
//! # Ok::<(), striate_report::ReportError>(())
//! ```

mod answer;
mod calibration;
#[cfg(feature = "draw")]
pub mod chart;
mod class_table;
pub mod color;
mod comparison;
#[cfg(feature = "draw")]
mod contact_sheet;
mod error;
mod evaluation;
#[cfg(feature = "draw")]
mod half_blocks;
#[cfg(feature = "draw")]
mod hatch;
#[cfg(feature = "draw")]
pub mod layout;
mod metrics;
mod npy;
#[cfg(feature = "draw")]
pub mod page;
mod prediction;
pub mod scale;
pub mod text;
#[cfg(feature = "draw")]
mod thumbnail;
mod wrap;

pub use answer::{Answer, worst};
pub use calibration::{BINS, Bin, Calibration};
pub use comparison::Comparison;
#[cfg(feature = "draw")]
pub use contact_sheet::{Tile, contact_sheet};
pub use error::{ReportError, Role};
pub use evaluation::EvaluationReport;
#[cfg(feature = "draw")]
pub use half_blocks::{Depth, half_blocks};
#[cfg(feature = "draw")]
pub use hatch::{Area, hatched};
pub use metrics::{ClassMetrics, Confusion, NamedMetrics, Report, Z_95, in_top_k, wilson_interval};
pub use npy::npy;
pub use prediction::{ClassProbability, PredictionFailure, PredictionReport};
#[cfg(feature = "draw")]
pub use thumbnail::Thumbnail;
pub use wrap::wrap_columns;
