//! The responses of single units of a network, measured on real images.
//!
//! [`Index::open_or_build`] goes through a training set once and records, for every unit of every layer, the images that
//! activate it most and the distribution of its values. [`Card::new`] collects the results on one unit, and [`Card::page`]
//! draws them; [`table`] lists all units of a layer. [`lesions`] measures the accuracy of the network without a unit, and
//! [`dream()`] synthesizes an image for it. People predict a unit's responses better from real images than from synthesized
//! ones (Borowski 2021), so the real ones come first.
//!
//! Where to start reading: `layers.rs` for the definition of a unit, `record.rs` for the recorded statistics, then `index.rs`.
//!
//! # Example
//! See [`Index`].

mod badges;
mod card;
mod charts;
mod dream;
mod examples;
mod histogram;
mod index;
mod layers;
mod lesion;
mod page;
mod record;
mod report;
mod store;
#[cfg(test)]
mod tests;
mod text;

/// A function that is called with the progress of a piece of work: its name, how much of it is done, and how much there is.
pub type ProgressFn<'a> = &'a mut dyn FnMut(&'static str, usize, usize);

pub use badges::{Badge, CONSTANT, DUPLICATE, badges};
pub use card::{Card, LESION_IMAGES, LESION_IMAGES_OF_A_LAYER, UnitRow, table};
pub use dream::{Dream, DreamConfig, dream, usual_norm};
pub(crate) use examples::shown;
pub use examples::{EXAMPLES, Example, Examples};
pub use histogram::{BINS, Histogram};
pub use index::{Index, SAMPLE};
pub use layers::{Layer, find, layers};
pub use lesion::{ClassCost, Confused, Lesion, lesions};
pub use record::{Entry, Record, TOP};
pub use report::{
    CardReport, ClassResponse, DreamReport, HistogramReport, LayerReport, LesionClass, LesionConfusion,
    LesionReport,
};
pub use store::{INDICES, Origin};
