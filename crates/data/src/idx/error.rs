//! The magic numbers of idx files, and the defects that a file can have.

use thiserror::Error;

use striate_base::memory::OutOfMemory;

/// The magic number of an idx file of `u8` images, `[N, H, W]`.
pub const IMAGES_MAGIC: u32 = 0x0000_0803;
/// The magic number of an idx file of `u8` labels, `[N]`.
pub const LABELS_MAGIC: u32 = 0x0000_0801;

/// Columns of QMNIST's labels: the class, then who wrote the digit, where and when.
pub(super) const QMNIST_COLUMNS: u32 = 8;

/// A defect of an idx file.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdxError {
    /// The first four bytes are not the magic number of the expected kind of file.
    #[error("expected magic {expected:#010x} ({}), got {got:#010x}{}", kind(*.expected), magic_hint(*.expected, *.got))]
    Magic {
        /// The magic number of the expected kind of file.
        expected: u32,
        /// The first four bytes of the file.
        got: u32,
    },
    /// The file ends inside its header.
    #[error(
        "the header needs {expected} bytes, but the file ends after {got}; is it an idx file? Copy or fetch it again"
    )]
    HeaderTruncated {
        /// The size of the header in bytes.
        expected: u64,
        /// The number of bytes in the file.
        got: u64,
    },
    /// A dimension is zero.
    #[error("the header declares dimensions {dimensions:?}; each must be at least 1")]
    Empty {
        /// The dimensions of the header.
        dimensions: Vec<u32>,
    },
    /// The product of the dimensions is too large to be addressed.
    #[error("the header declares dimensions {dimensions:?}, whose product overflows; the header is damaged")]
    Overflow {
        /// The dimensions of the header.
        dimensions: Vec<u32>,
    },
    /// The file is smaller than its header declares.
    #[error(
        "the header declares dimensions {dimensions:?} = {expected} bytes, but the file holds {got}; it is cut short or its header is damaged: copy or fetch it again"
    )]
    Truncated {
        /// The dimensions of the header.
        dimensions: Vec<u32>,
        /// The number of payload bytes that the header declares.
        expected: u64,
        /// The number of payload bytes in the file.
        got: u64,
    },
    /// A gzip file declares far more data than can be compressed into its size.
    #[error(
        "the header declares dimensions {dimensions:?} = {expected} bytes, but at most {limit} are unpacked from {compressed} bytes of gzip; the header is damaged or malicious, or else unpack the file first"
    )]
    Implausible {
        /// The dimensions of the header.
        dimensions: Vec<u32>,
        /// The number of payload bytes that the header declares.
        expected: u64,
        /// The size of the gzip file in bytes.
        compressed: u64,
        /// The most bytes that are unpacked from a gzip file of this size.
        limit: u64,
    },
    /// Bytes follow the payload.
    #[error(
        "the header declares dimensions {dimensions:?} = {expected} bytes, and more bytes follow; the header is damaged, or two files were joined"
    )]
    Trailing {
        /// The dimensions of the header.
        dimensions: Vec<u32>,
        /// The number of payload bytes that the header declares.
        expected: u64,
    },
    /// The gzip stream is damaged.
    #[error("the gzip stream is damaged: {why}; copy or fetch it again")]
    Gzip {
        /// The error of the decoder.
        why: String,
    },
    /// The labels have several columns, and it is not known which of them is the class.
    #[error(
        "the labels have the shape [N, {columns}], expected [N], or [N, {QMNIST_COLUMNS}] as in QMNIST; store only the class"
    )]
    Columns {
        /// The number of columns.
        columns: u32,
    },
    /// The values of the images have an unknown range, so black and white are not defined.
    #[error(
        "contains {kind} from {least} to {most}, so the values of black and white are unknown; scale them to 0..255, or to \
         0..1 as floats"
    )]
    Tones {
        /// The type of the numbers.
        kind: &'static str,
        /// The smallest value.
        least: String,
        /// The largest value.
        most: String,
    },
    /// A value cannot be a label.
    #[error("label {value} at index {index}: expected a whole number from 0 to 255")]
    Label {
        /// The index of the label.
        index: usize,
        /// The value.
        value: String,
    },
    /// A label does not occur among the training images.
    #[error("label {label} at index {index} is not among those of the training images: {known}")]
    UnknownLabel {
        /// The index of the label.
        index: usize,
        /// The value of the label.
        label: u8,
        /// The labels of the training images.
        known: String,
    },
    /// A label is not below the number of classes.
    #[error("label {label} at index {index} is too large for {classes} classes (0 to {})", .classes.saturating_sub(1))]
    LabelPastClasses {
        /// The index of the label.
        index: usize,
        /// The value of the label.
        label: u8,
        /// The number of classes.
        classes: usize,
    },
    /// There is not enough memory.
    #[error(transparent)]
    Memory(#[from] OutOfMemory),
    /// The file could not be read.
    #[error("cannot be read: {why}")]
    Io {
        /// The error of the operating system.
        why: String,
    },
}

fn kind(magic: u32) -> &'static str {
    match magic {
        IMAGES_MAGIC => "u8 images, [N, H, W]",
        LABELS_MAGIC => "u8 labels, [N]",
        _ => "not of this kind",
    }
}

fn magic_hint(expected: u32, got: u32) -> &'static str {
    match (expected, got) {
        (IMAGES_MAGIC, LABELS_MAGIC) => ", which is a label file: are images and labels swapped?",
        (LABELS_MAGIC, IMAGES_MAGIC) => ", which is an image file: are images and labels swapped?",
        (IMAGES_MAGIC, 0x0000_0800..=0x0000_0eff) => {
            ", which is an idx file with other dimensions: store gray images as [N, H, W]"
        }
        (_, 0x0000_0800..=0x0000_0eff) => ", which is an idx file with other dimensions: store labels as [N]",
        _ => ", which is not an idx file",
    }
}
