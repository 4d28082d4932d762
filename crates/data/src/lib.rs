//! Floor 1 of Striate: data sets, decoding, transforms, loader.
//!
//! It depends on no other floor; `train` and the facade use it. It needs no internet connection: only [`fetch`] can open
//! one, and only when it is called.
//!
//! * Where to start reading: [`find`](mod@find) (a name or a folder becomes a [`Dataset`]), then [`loader`]
//!   (a [`Dataset`] becomes normalized samples), then [`preprocess`] (the one way from pixels to numbers) and
//!   [`augment`] (random changes on that way).
//! * Formats: [`idx`], [`image`], and whole [`folder`]s of images. Any bytes give a result or an error that names place, cause
//!   and remedy, and no more memory is reserved than the size of the input justifies.
//!
//! # Invariants
//! * Pixels are `u8`, planar, `[N, C, H, W]`; they become `f32` in [`Preprocess::normalize`] (or, on the way
//!   through an [`Augment`], by the same factors) and nowhere else.
//! * Order and augmentation are pure functions of (seed, epoch, sample): no generator carries state.
//! * The same input gives the same bits on every machine: no fused multiply-add, no libm.
//!
//! # Example
//! ```
//! use striate_data::{Augment, Loader, Preprocess};
//!
//! let digits = striate_data::load("digits")?;
//! let preprocess = Preprocess::new([1, 28, 28], &[0.1307], &[0.3081])?;
//! let loader = Loader::new(&digits.train, &preprocess, Augment::default(), 64, 0, true)?;
//! let order = loader.order(0);
//! let mut sample = vec![0.0; 28 * 28];
//! let target = loader.write(0, loader.batch_indices(&order, 0)[0], &mut sample)?;
//! assert!(target.a < 10 && target.lambda == 1.0);
//! # Ok::<(), striate_data::DataError>(())
//! ```

mod affine;
pub mod augment;
mod cache;
pub mod check;
mod classes;
pub mod dataset;
#[cfg(feature = "digits")]
pub mod digits;
mod error;
#[cfg(feature = "fetch")]
pub mod fetch;
pub mod find;
pub mod folder;
mod holdout;
pub mod idx;
pub mod image;
mod images;
mod jpeg;
mod layout;
pub mod loader;
mod names;
pub mod nature;
pub mod parts;
pub mod photos;
pub mod preprocess;
pub mod preview;
pub mod registry;
mod regular;
mod resample;
mod resize;
mod rng;
mod sniff;
mod split;
mod tiff;
mod tones;
pub mod verify;
mod walk;
mod webp;

pub use augment::Augment;
pub use dataset::Dataset;
pub use error::DataError;
pub use find::{Found, Places, find, load};
pub use holdout::HoldOut;
pub use idx::IdxError;
pub use image::{Image, ImageError};
pub use images::Images;
pub use layout::{Layout, Part};
pub use loader::Loader;
pub use names::path_text;
pub use nature::Nature;
pub use parts::{Choice, Measured, Parts};
pub use photos::{Photo, Photos};
pub use preprocess::{Preprocess, mean_std};
pub use registry::Known;
pub use regular::open_regular;
pub use resample::Interpolation;
pub use split::Split;
pub use verify::{BadFiles, BadImage};
pub use walk::{Walked, images_below};
