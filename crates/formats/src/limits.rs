//! What a file may ask for at most. The same limits hold for writing, so whatever was written can be read.
//!
//! Together they bound the memory of loading by a multiple of the file's size: the header and the arrays are as long as
//! the file says only after that was compared with the file's size; the graph's weights must all be in the file; the input
//! image must be in the file (the golden inputs); and the activations are bounded by the input image.

/// Bytes of the JSON header.
pub const HEADER_BYTES: u64 = 8 << 20;
/// Arrays.
pub const TENSORS: usize = 10_000;
/// Sizes of one array.
pub const RANK: usize = 8;
/// Bytes of the pickle that describes the tensors of a `.pth`.
pub const PICKLE_BYTES: u64 = 64 << 20;
/// Operations in a graph.
pub const NODES: usize = 10_000;
/// Inputs of one operation.
pub const INPUTS: usize = 64;
/// Any size in the description of an operation: channels, kernel, padding, ... Products of three fit 64 bits.
pub const SIZE: usize = 1 << 20;
/// Golden images.
pub const GOLDEN_IMAGES: usize = 16;
/// Bytes of all golden images together.
pub const GOLDEN_BYTES: usize = 4 << 20;
/// Class names; a label is a `u8` in the data sets of today, a file may hold more.
pub const CLASSES: usize = 100_000;
/// Values of all activations of one image, for each value of the image ...
pub const VALUES_PER_PIXEL: usize = 1 << 14;
/// ... and in all: 1 GiB of f32.
pub const VALUES: usize = 1 << 28;
/// Multiply-adds of one image: about ten seconds of one core.
pub const MULTIPLY_ADDS: u64 = 1 << 40;
