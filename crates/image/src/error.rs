//! What can be wrong with an image, and with the way in which it becomes input.

use thiserror::Error;

use crate::limits::{MAX_BYTES, MAX_PIXELS, MAX_SIDE_PX};
use striate_base::memory::OutOfMemory;

/// An image that cannot become the input of a network.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputError {
    /// An image cannot be read.
    #[error("{place}: {problem}")]
    Image {
        /// The file, or how the caller calls these bytes.
        place: String,
        /// What is wrong with it.
        problem: ImageError,
    },
    /// A preprocessing that cannot be carried out.
    #[error("preprocessing: {what}: expected {expected}, got {got}")]
    Preprocess {
        /// The field.
        what: &'static str,
        /// What it has to be.
        expected: String,
        /// What it is.
        got: String,
    },
}

/// What is wrong with an image.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageError {
    /// There are no bytes.
    #[error("is empty (0 bytes), so it is not an image")]
    Empty,
    /// The path is a folder.
    #[error("is a folder, expected an image")]
    Folder,
    /// The bytes are something else.
    #[error("is not an image: it looks like {looks_like}; expected {expected}")]
    NotAnImage {
        /// What it looks like.
        looks_like: &'static str,
        /// The formats that are decoded.
        expected: &'static str,
    },
    /// An image that is not decoded here.
    #[error("is an image of the kind {kind}, which is not read here; convert it to PNG")]
    Unsupported {
        /// The kind.
        kind: String,
    },
    /// Numbers that are not brightness.
    #[error(
        "is a {kind} from {least} to {most}, so the values of black and white are unknown; scale it to 0..255 and save it \
         as PNG"
    )]
    Tones {
        /// The format, and the kind of the numbers.
        kind: String,
        /// The smallest.
        least: String,
        /// The largest.
        most: String,
    },
    /// Too many pixels to decode.
    #[error(
        "is {width}x{height} pixels, the most are {MAX_SIDE_PX} a side and {} megapixels in all; make it smaller",
        MAX_PIXELS >> 20
    )]
    TooManyPixels {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// Too many bytes, packed or unpacked.
    #[error("needs {bytes} bytes, the most are {MAX_BYTES}; make it smaller")]
    TooManyBytes {
        /// Size of the file or of the decoded image.
        bytes: u64,
    },
    /// The file is far too small for the pixels that it claims to hold.
    #[error("claims to unpack from {packed} to {unpacked} bytes; refused as a decompression bomb")]
    Bomb {
        /// Size of the file.
        packed: u64,
        /// Size of the decoded image.
        unpacked: u64,
    },
    /// The header is valid, but the rest is damaged.
    #[error("is a damaged {kind}: {why}; save or copy it again")]
    Damaged {
        /// The format.
        kind: &'static str,
        /// The error of the decoder.
        why: String,
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
