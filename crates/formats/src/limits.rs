//! The limits of what a file may require. The same limits hold for writing, so whatever was written can be read.
//!
//! Together they bound the memory of loading by a multiple of the file's size. The lengths of header and arrays are believed
//! only after they were compared with the file's size; the weights of the graph must all be in the file; the input image must
//! be in the file (as a golden input); and the activations are bounded by the input image.

/// Most bytes of the JSON header.
pub const HEADER_BYTES: u64 = 8 << 20;
/// Most arrays in a file.
pub const TENSORS: usize = 10_000;
/// Most dimensions of one array.
pub const RANK: usize = 8;
/// Most bytes of the pickle that describes the tensors of a `.pth`.
pub const PICKLE_BYTES: u64 = 64 << 20;
/// Most operations in a graph.
pub const NODES: usize = 10_000;
/// Most inputs of one operation.
pub const INPUTS: usize = 64;
/// The largest size in the description of an operation: channels, kernel, padding, … Products of three fit into 64 bits.
pub const SIZE: usize = 1 << 20;
/// Most golden images.
pub const GOLDEN_IMAGES: usize = 16;
/// Most bytes of all golden images together.
pub const GOLDEN_BYTES: usize = 4 << 20;
/// Most class names. A label is a `u8` in the data sets of today, but a file may have more classes.
pub const CLASSES: usize = 100_000;
/// Most values that the activations of one image take in memory, per value of the image: both for those that live at the same
/// time, and for all of them. A VGG or a ResNet takes some 200.
pub const VALUES_PER_PIXEL: u64 = 1 << 14;
/// Most values that live at the same time, however large the image: 1 GiB of f32.
pub const LIVING_VALUES: u64 = 1 << 28;
/// Most values in all, however large the image: 4 GiB of f32.
pub const VALUES: u64 = 1 << 30;
/// Most values in memory per value of a parameter: a row of 16 for the only output of a layer.
pub const PACKED: u64 = 16;
/// Most values that the kernels combine for one image, per value of the image and of each parameter. VGG-19 takes 130,000.
pub const STEPS_PER_PIXEL: u64 = 1 << 22;
/// Most values that the kernels combine for one image, however large: about ten seconds on one core.
pub const STEPS: u64 = 1 << 40;
