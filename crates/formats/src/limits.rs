//! The limits of what a file may require. The same limits hold for writing, so that every written file can be read.
//!
//! Together they bound the memory of loading by a multiple of the file's size. The lengths of header and arrays are believed
//! only after they were compared with the file's size; the weights of the graph must all be in the file; the input image must
//! be in the file (as a golden input); and the activations are bounded by the input image.

/// The maximum number of bytes of the JSON header.
pub const HEADER_BYTES: u64 = 8 << 20;
/// The maximum number of arrays in a file.
pub const TENSORS: usize = 10_000;
/// The maximum number of dimensions of an array.
pub const RANK: usize = 8;
/// The maximum number of bytes of the pickle that describes the tensors of a `.pth`.
pub const PICKLE_BYTES: u64 = 64 << 20;
/// The maximum number of operations in a graph.
pub const NODES: usize = 10_000;
/// The maximum number of inputs of one operation.
pub const INPUTS: usize = 64;
/// The largest size in the description of an operation: channels, kernel, padding, … Products of three fit into 64 bits.
pub const SIZE: usize = 1 << 20;
/// The maximum number of golden images.
pub const GOLDEN_IMAGES: usize = 16;
/// The maximum number of bytes of all golden images together.
pub const GOLDEN_BYTES: usize = 4 << 20;
/// The maximum number of class names. A label is a `u8` in current data sets, but a file may have more classes.
pub const CLASSES: usize = 100_000;
/// The maximum number of values of the activations of one image in memory, per value of the image. It holds both for the
/// activations that are alive at the same time, and for all of them. A VGG or a ResNet needs some 200.
pub const VALUES_PER_PIXEL: u64 = 1 << 14;
/// The maximum number of values that are alive at the same time, however large the image: 1 GiB of f32.
pub const LIVING_VALUES: u64 = 1 << 28;
/// The maximum number of all values, however large the image: 4 GiB of f32.
pub const VALUES: u64 = 1 << 30;
/// The maximum number of values in memory per value of a parameter: a row of 16 for the only output of a layer.
pub const PACKED: u64 = 16;
/// The maximum number of values that the kernels combine for one image, per value of the image and of each parameter. VGG-19
/// needs 130,000.
pub const STEPS_PER_PIXEL: u64 = 1 << 22;
/// The maximum number of values that the kernels combine for one image, however large: about ten seconds on one core.
pub const STEPS: u64 = 1 << 40;
