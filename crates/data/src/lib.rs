//! Floor 1 of Striate: data sets, augmentation and the loader.
//!
//! Below it: `striate-image`, with images, their decoding and [`Preprocess`]; above it: `train` and the facade. It needs no
//! network access: only the module [`fetch`] uses the internet, and only when it is called.
//!
//! * Where to start reading: [`find`](mod@find) (from a name or a folder to a [`Dataset`]), then [`loader`] (from a [`Dataset`]
//!   to normalized samples), then [`augment`] (random changes in between).
//! * Formats: [`idx`] files and [`folder`]s of images. Any bytes give a result or an error that names the place, the cause and
//!   a remedy, and no memory is reserved that the size of the input does not justify.
//!
//! # Invariants
//! * Pixels are `u8`, planar, `[N, C, H, W]`; they become `f32` only in [`Preprocess::normalize`] (or, while an [`Augment`]
//!   is applied, by the same factors).
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
mod images;
mod layout;
pub mod loader;
mod matched;
mod mean_std;
mod names;
pub mod nature;
pub mod photos;
pub mod preview;
pub mod registry;
mod rng;
mod split;
pub mod splits;
pub mod verify;
mod walk;

pub use augment::Augment;
pub use dataset::Dataset;
pub use error::DataError;
pub use find::{Found, Places, find, load};
pub use holdout::HoldOut;
pub use idx::IdxError;
pub use images::Images;
pub use layout::{Layout, SplitName};
pub use loader::Loader;
pub use mean_std::mean_std;
pub use names::path_text;
pub use nature::Nature;
pub use photos::{Photo, Photos};
pub use registry::Known;
pub use split::Split;
pub use splits::{Measured, SplitChoice, Splits};
pub use verify::{BadFiles, BadImage};
pub use walk::{Walked, images_below};

// What a data set is made of and fed by: whoever uses data sets needs these too.
pub use striate_image::{Image, ImageError, InputError, Interpolation, Preprocess, open_regular};
