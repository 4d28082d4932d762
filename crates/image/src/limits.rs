//! The maximum sizes of images.

/// The longest side that is decoded, in pixels.
pub const MAX_SIDE_PX: u32 = 8192;
/// The maximum number of pixels that are decoded; 64 megapixels are more than any camera phone writes in its usual mode.
pub const MAX_PIXELS: u64 = 64 * 1024 * 1024;
/// The maximum memory for one decoded image, and the maximum size of a file that is read, in bytes.
pub const MAX_BYTES: u64 = 256 * 1024 * 1024;
