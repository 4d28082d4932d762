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
/// Values that the activations of one image take in memory, for each value of the image: of those that live at the same
/// time, and of all of them. A VGG or a ResNet takes some 200.
pub const VALUES_PER_PIXEL: u64 = 1 << 14;
/// Values that live at the same time, however large the image: 1 GiB of f32.
pub const LIVING_VALUES: u64 = 1 << 28;
/// Values in all, however large the image: 4 GiB of f32.
pub const VALUES: u64 = 1 << 30;
/// Most values in memory for one value of a parameter: a row of 16 for the only output of a layer.
pub const PACKED: u64 = 16;
/// Values that the kernels combine for one image, for each value of the image, and of each parameter. VGG-19 takes
/// 130,000.
pub const STEPS_PER_PIXEL: u64 = 1 << 22;
/// Values that the kernels combine for one image, however large: about ten seconds of one core.
pub const STEPS: u64 = 1 << 40;
