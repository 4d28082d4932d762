//! What single units of a network answer to, found on real images.
//!
//! [`Index::open_or_build`] goes through a training set once and notes, for every unit of every layer, the images it answers to
//! most and how its values are spread. [`Card::new`] puts together what is known of one unit, and [`Card::page`] draws it;
//! [`table`] has all units of a layer. [`lesions`] says what the network loses without a unit, [`dream()`] makes up an image
//! for it: people guess a unit's answers better from real images than from such images (Borowski 2021), so those come first.
//!
//! Where to start reading: `layers.rs` for what a unit is, `record.rs` for what is noted of it, then `index.rs`.
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
mod store;
#[cfg(test)]
mod tests;

/// Who is told how far a piece of work is: what it is, how much of it is done, and of how much.
pub type Tell<'a> = &'a mut dyn FnMut(&'static str, usize, usize);

pub use badges::{Badge, CONSTANT, DUPLICATE, badges};
pub use card::{Card, LESION_IMAGES, LESION_IMAGES_OF_A_LAYER, Row, table};
pub use dream::{Dream, DreamConfig, dream, usual_norm};
pub(crate) use examples::shown;
pub use examples::{EXAMPLES, Example, Examples};
pub use histogram::{BINS, Histogram};
pub use index::{Index, SAMPLE};
pub use layers::{Layer, find, layers};
pub use lesion::{ClassCost, Confused, Lesion, lesions};
pub use record::{Entry, Record, TOP};
pub use store::{INDICES, Origin};
