//! Floor 1 of Striate: data sets, decoding, transforms, loader.
//!
//! Stands on no other floor; `train` and the facade above use it. It needs no network: the only module that can
//! reach one is [`fetch`], and only when it is called.
//!
//! * Where to start reading: [`find`](mod@find) (a name or a folder becomes a [`Dataset`]), then [`loader`]
//!   (a [`Dataset`] becomes normalised samples), then [`preprocess`] (the one way from pixels to numbers).
//! * Formats: [`idx`] and [`picture`]. Any bytes give a result or an error that names place, cause and remedy,
//!   and nothing is reserved that the size of the input does not justify.
//!
//! # Invariants
//! * Pixels are `u8`, planar, `[N, C, H, W]`; they become `f32` in [`Preprocess::normalise`] (or, on the way
//!   through an [`Augment`], by the same factors) and nowhere else.
//! * Order and augmentation are pure functions of (seed, epoch, sample): no generator carries state.
//! * The same input gives the same bits on every machine: no fused multiply-add, no libm.
//!
//! # Example
//! ```
//! use striate_data::{Augment, Loader, Preprocess};
//!
//! let digits = striate_data::load("digits")?;
//! let preprocess = Preprocess::new(digits.train.shape(), &[0.1307], &[0.3081])?;
//! let loader = Loader::new(&digits.train, &preprocess, Augment::default(), 64, 0, true)?;
//! let order = loader.order(0);
//! let mut sample = vec![0.0; 28 * 28];
//! let label = loader.write(0, loader.batch_indices(&order, 0)[0], &mut sample);
//! assert!(label < 10);
//! # Ok::<(), striate_data::DataError>(())
//! ```

mod affine;
pub mod augment;
pub mod dataset;
#[cfg(feature = "digits")]
pub mod digits;
mod error;
#[cfg(feature = "fetch")]
pub mod fetch;
pub mod find;
pub mod idx;
pub mod loader;
pub mod picture;
pub mod preprocess;
pub mod registry;
mod resize;
mod rng;
mod sniff;

pub use augment::Augment;
pub use dataset::{Dataset, Images};
pub use error::DataError;
pub use find::{Found, Places, find, load};
pub use idx::IdxError;
pub use loader::Loader;
pub use picture::{Picture, PictureError};
pub use preprocess::{Preprocess, mean_std};
pub use registry::Known;
