//! The errors of images and of their preprocessing.

use thiserror::Error;

use crate::limits::{MAX_BYTES, MAX_PIXELS, MAX_SIDE_PX};
use striate_base::memory::OutOfMemory;

/// An error of converting an image into the input of a network.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputError {
    /// An image cannot be read.
    #[error("{place}: {problem}")]
    Image {
        /// The path of the file, or the caller's name for the bytes.
        place: String,
        /// The problem of the image.
        problem: ImageError,
    },
    /// The preprocessing is not valid.
    #[error("preprocessing: {what}: expected {expected}, got {got}")]
    Preprocess {
        /// The name of the field.
        what: &'static str,
        /// The valid range.
        expected: String,
        /// The value.
        got: String,
    },
}

/// A problem of an image file.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageError {
    /// The file is empty.
    #[error("is empty (0 bytes), so it is not an image")]
    Empty,
    /// The path is a folder.
    #[error("is a folder, expected an image")]
    Folder,
    /// The bytes are not an image.
    #[error("is not an image: it looks like {looks_like}; expected {expected}")]
    NotAnImage {
        /// The kind of file that the first bytes suggest.
        looks_like: &'static str,
        /// The supported formats.
        expected: &'static str,
    },
    /// The kind of image is not supported.
    #[error("is an image of the kind {kind}, which cannot be read here; convert it to PNG")]
    Unsupported {
        /// The kind of the image.
        kind: String,
    },
    /// The values are not brightness.
    #[error(
        "is a {kind} from {least} to {most}, so the values of black and white are unknown; scale it to 0..255 and save it \
         as PNG"
    )]
    Tones {
        /// The format, and the type of the values.
        kind: String,
        /// The smallest value.
        least: String,
        /// The largest value.
        most: String,
    },
    /// The image has too many pixels to be decoded.
    #[error(
        "is {width}x{height} pixels, but at most {MAX_SIDE_PX} on a side and {} megapixels in all are allowed; make it smaller",
        MAX_PIXELS >> 20
    )]
    TooManyPixels {
        /// The number of columns.
        width: u32,
        /// The number of rows.
        height: u32,
    },
    /// The file or the decoded image has too many bytes.
    #[error("needs {bytes} bytes, but at most {MAX_BYTES} are allowed; make it smaller")]
    TooManyBytes {
        /// The size of the file or of the decoded image, in bytes.
        bytes: u64,
    },
    /// The file is far too small for the number of pixels in its header.
    #[error("claims to unpack from {packed} to {unpacked} bytes; refused as a decompression bomb")]
    Bomb {
        /// The size of the file in bytes.
        packed: u64,
        /// The size of the decoded image in bytes.
        unpacked: u64,
    },
    /// The header is valid, but the rest is damaged.
    #[error("is a damaged {kind}: {why}; save or copy it again")]
    Damaged {
        /// The format of the file.
        kind: &'static str,
        /// The error of the decoder.
        why: String,
    },
    /// There is not enough memory for the image.
    #[error(transparent)]
    Memory(#[from] OutOfMemory),
    /// The file could not be read.
    #[error("cannot be read: {why}")]
    Io {
        /// The error of the operating system.
        why: String,
    },
}
