//! What an idx file has to begin with, and what can be wrong with it.

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
    /// The first four bytes are not those of the kind that was asked for.
    #[error("expected magic {expected:#010x} ({}), got {got:#010x}{}", kind(*.expected), magic_hint(*.expected, *.got))]
    Magic {
        /// The magic of the kind that was asked for.
        expected: u32,
        /// The first four bytes of the file.
        got: u32,
    },
    /// The file ends inside its header.
    #[error(
        "the header needs {expected} bytes, the file ends after {got}; is it an idx file? Copy or fetch it again"
    )]
    HeaderTruncated {
        /// Size of the header in bytes.
        expected: u64,
        /// Bytes there are.
        got: u64,
    },
    /// A dimension is zero.
    #[error("the header declares dimensions {dimensions:?}; each must be at least 1")]
    Empty {
        /// The dimensions of the header.
        dimensions: Vec<u32>,
    },
    /// The dimensions multiply to more than can be addressed.
    #[error("the header declares dimensions {dimensions:?}, whose product overflows; the header is damaged")]
    Overflow {
        /// The dimensions of the header.
        dimensions: Vec<u32>,
    },
    /// The file is too small to hold what its header declares.
    #[error(
        "the header declares dimensions {dimensions:?} = {expected} bytes, the file holds {got}; it is cut short or its header is damaged: copy or fetch it again"
    )]
    Truncated {
        /// The dimensions of the header.
        dimensions: Vec<u32>,
        /// Payload bytes that the header declares.
        expected: u64,
        /// Payload bytes there are.
        got: u64,
    },
    /// A gzip file declares far more than anybody's images pack into it.
    #[error(
        "the header declares dimensions {dimensions:?} = {expected} bytes, but of {compressed} bytes of gzip at most {limit} are unpacked; the header is damaged or made to harm, else unpack the file first"
    )]
    Implausible {
        /// The dimensions of the header.
        dimensions: Vec<u32>,
        /// Payload bytes that the header declares.
        expected: u64,
        /// Size of the gzip file.
        compressed: u64,
        /// What a gzip file of that size is unpacked to at most.
        limit: u64,
    },
    /// Bytes follow the payload.
    #[error(
        "the header declares dimensions {dimensions:?} = {expected} bytes, and more bytes follow; the header is damaged, or two files were joined"
    )]
    Trailing {
        /// The dimensions of the header.
        dimensions: Vec<u32>,
        /// Payload bytes that the header declares.
        expected: u64,
    },
    /// The gzip stream is damaged.
    #[error("the gzip stream is damaged: {why}; copy or fetch it again")]
    Gzip {
        /// The error of the decoder.
        why: String,
    },
    /// Labels of several columns, of which none is known to be the class.
    #[error(
        "labels of shape [N, {columns}]; expected [N], or [N, {QMNIST_COLUMNS}] as QMNIST has them; store the class alone"
    )]
    Columns {
        /// The number of columns.
        columns: u32,
    },
    /// Brightness whose black and white are not known.
    #[error(
        "contains {kind} from {least} to {most}, so the values of black and white are unknown; scale them to 0..255, or to \
         0..1 as floats"
    )]
    Tones {
        /// The kind of the numbers.
        kind: &'static str,
        /// The smallest.
        least: String,
        /// The largest.
        most: String,
    },
    /// A label that cannot be one.
    #[error("label {value} at index {index}: expected a whole number from 0 to 255")]
    Label {
        /// Which label it is.
        index: usize,
        /// Its value.
        value: String,
    },
    /// A label that no image to learn from has.
    #[error("label {label} at index {index} is not among those of the training images: {known}")]
    UnknownLabel {
        /// Which label it is.
        index: usize,
        /// Its value.
        label: u8,
        /// Those of the training images.
        known: String,
    },
    /// A label names no class.
    #[error("label {label} at index {index} is past the {classes} classes (0 to {})", .classes.saturating_sub(1))]
    LabelPastClasses {
        /// Which label it is.
        index: usize,
        /// Its value.
        label: u8,
        /// Number of classes.
        classes: usize,
    },
    /// There is no memory for it.
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
