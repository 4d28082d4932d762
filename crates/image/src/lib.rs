//! Floor 1 of Striate: images, and their preprocessing into the input of a network.
//!
//! Below it: `striate-base`. Above it: `striate-data`, whose data sets consist of images, and `striate-formats`, which
//! stores a [`Preprocess`] in each model file.
//!
//! Where to start reading: [`Preprocess`], the only conversion from an image to the input of a network, in training and in
//! inference; then `resample.rs`, which equals Pillow's resizing to the bit. `decode/mod.rs` reads files, and is compiled with
//! the feature `decode` (PNG and JPEG) or `decode-all` (BMP, GIF, PNM, TIFF and WebP as well). Without either, an [`Image`] is
//! created from pixels.
//!
//! # Invariants
//! * Any bytes give an image or an error that names the place, the cause and a remedy, and no memory is reserved that the size
//!   of the input does not justify.
//! * The same input gives the same bits on every machine: no fused multiply-add, no libm.
//!
//! # Example
//! ```
//! use striate_image::{Image, Preprocess};
//!
//! let page = Image { width: 2, height: 1, channels: 1, pixels: vec![0, 255] };
//! let preprocess = Preprocess::new([1, 1, 2], &[0.5], &[0.5])?;
//! let mut input = [0.0; 2];
//! preprocess.prepare(&page, &mut input);
//! assert_eq!(input, [-1.0, 1.0]);
//! # Ok::<(), striate_image::InputError>(())
//! ```

#[cfg(feature = "decode")]
mod decode;
mod error;
mod limits;
mod pixels;
mod preprocess;
mod regular;
pub mod resample;
pub mod resize;
pub mod tones;

#[cfg(feature = "decode")]
pub use decode::{Wholeness, decode_as, is_image, misnamed, read_file};
pub use error::{ImageError, InputError};
pub use limits::{MAX_BYTES, MAX_PIXELS, MAX_SIDE_PX};
pub use pixels::{Image, WHITE, luma};
pub use preprocess::Preprocess;
pub use regular::open_regular;
pub use resample::Interpolation;
