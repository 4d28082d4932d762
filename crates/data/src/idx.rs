//! Reads idx files, the format of MNIST and its kin.
//!
//! An idx file is a big-endian header, `00 00 TYPE DIMENSIONS` and one `u32` a dimension, and then the raw
//! values. Read here are the two kinds that image sets use: `u8` images `[N, H, W]` (`00 00 08 03`) and `u8`
//! labels `[N]` (`00 00 08 01`), plain or inside gzip, told apart by their first bytes and not by the name.
//!
//! # Hostile files
//! The header is read before anything is reserved. A plain file has to have exactly the size that the header
//! declares. A gzip file is decompressed no further than one byte past that size, and a header that declares
//! more than gzip could have packed into so few bytes is refused at once.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use thiserror::Error;

use crate::error::DataError;

/// The magic number of an idx file of `u8` images, `[N, H, W]`.
pub const IMAGES_MAGIC: u32 = 0x0000_0803;
/// The magic number of an idx file of `u8` labels, `[N]`.
pub const LABELS_MAGIC: u32 = 0x0000_0801;

/// Deflate packs at most 258 bytes into 2 bits, so no gzip file can grow by more than this factor.
const DEFLATE_MAX_RATIO: u64 = 1032;
/// An honest image file grows a few fold; up to this factor (and this many bytes besides) memory is reserved
/// in one piece, past it the buffer grows only as bytes really arrive.
const TRUSTED_RATIO: u64 = 16;
const TRUSTED_EXTRA_BYTES: u64 = 1 << 20;

/// What is wrong with an idx file.
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
    /// A gzip file declares more than gzip could have packed into it.
    #[error(
        "the header declares dimensions {dimensions:?} = {expected} bytes, but {compressed} bytes of gzip can hold at most {limit}; the header is damaged or made to harm"
    )]
    Implausible {
        /// The dimensions of the header.
        dimensions: Vec<u32>,
        /// Payload bytes that the header declares.
        expected: u64,
        /// Size of the gzip file.
        compressed: u64,
        /// What a gzip file of that size can hold.
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
        /// What the decoder said.
        why: String,
    },
    /// A label names no class.
    #[error("label {label} at index {index} is past the {classes} classes (0 to {})", .classes - 1)]
    LabelPastClasses {
        /// Which label it is.
        index: usize,
        /// Its value.
        label: u8,
        /// Number of classes.
        classes: usize,
    },
    /// The file could not be read.
    #[error("cannot be read: {why}")]
    Io {
        /// What the operating system said.
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
        (_, 0x0000_0d00..=0x0000_0eff) => ", which is an idx file of floats: store the values as u8",
        (_, 0x0000_0800..=0x0000_08ff) => ", which is an idx file with other dimensions",
        _ => ", which is not an idx file",
    }
}

/// The images of an idx file.
///
/// # Shapes
/// `pixels` is `[count, height, width]`, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdxImages {
    /// Number of images.
    pub count: usize,
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// The values, 0 to 255.
    pub pixels: Vec<u8>,
}

/// Reads images from the bytes of an idx file, plain or gzip.
///
/// # Errors
/// Any defect of the file, see [`IdxError`].
///
/// # Example
/// ```
/// let file = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 7, 9]; // one image of 1x2
/// let images = striate_data::idx::read_images(&file)?;
/// assert_eq!((images.count, images.height, images.width), (1, 1, 2));
/// assert_eq!(images.pixels, [7, 9]);
/// # Ok::<(), striate_data::IdxError>(())
/// ```
pub fn read_images(bytes: &[u8]) -> Result<IdxImages, IdxError> {
    images_of(decode(bytes, bytes.len() as u64, IMAGES_MAGIC)?)
}

/// Reads labels from the bytes of an idx file, plain or gzip; each must be below `classes`.
///
/// # Errors
/// Any defect of the file, see [`IdxError`].
pub fn read_labels(bytes: &[u8], classes: usize) -> Result<Vec<u8>, IdxError> {
    labels_of(decode(bytes, bytes.len() as u64, LABELS_MAGIC)?, classes)
}

/// [`read_images`] from a file.
///
/// # Errors
/// Any defect of the file, with its path.
pub fn open_images(path: &Path) -> Result<IdxImages, DataError> {
    open(path, IMAGES_MAGIC).and_then(images_of).map_err(|problem| DataError::idx(path, problem))
}

/// [`read_labels`] from a file.
///
/// # Errors
/// Any defect of the file, with its path.
pub fn open_labels(path: &Path, classes: usize) -> Result<Vec<u8>, DataError> {
    open(path, LABELS_MAGIC)
        .and_then(|array| labels_of(array, classes))
        .map_err(|problem| DataError::idx(path, problem))
}

/// Reads one idx array from a stream that may hold more behind it (the embedded digits do).
#[cfg(feature = "digits")]
pub(crate) fn read_next(stream: &mut impl Read, magic: u32) -> Result<(Vec<u32>, Vec<u8>), IdxError> {
    let (dimensions, expected) = header(stream, magic)?;
    let payload = payload(stream, &dimensions, expected, expected)?;
    Ok((dimensions, payload))
}

struct IdxArray {
    dimensions: Vec<u32>,
    payload: Vec<u8>,
}

fn images_of(array: IdxArray) -> Result<IdxImages, IdxError> {
    let [count, height, width] = [0, 1, 2].map(|axis| array.dimensions[axis] as usize);
    Ok(IdxImages { count, height, width, pixels: array.payload })
}

fn labels_of(array: IdxArray, classes: usize) -> Result<Vec<u8>, IdxError> {
    match array.payload.iter().position(|&label| usize::from(label) >= classes) {
        Some(index) => Err(IdxError::LabelPastClasses { index, label: array.payload[index], classes }),
        None => Ok(array.payload),
    }
}

fn open(path: &Path, magic: u32) -> Result<IdxArray, IdxError> {
    let file = File::open(path).map_err(io_error)?;
    let metadata = file.metadata().map_err(io_error)?;
    if !metadata.is_file() {
        return Err(IdxError::Io { why: "not a regular file".into() });
    }
    decode(BufReader::with_capacity(1 << 16, file), metadata.len(), magic)
}

/// Decodes a whole input of `input_bytes` bytes.
fn decode(mut input: impl Read, input_bytes: u64, magic: u32) -> Result<IdxArray, IdxError> {
    let mut start = Vec::with_capacity(2);
    input.by_ref().take(2).read_to_end(&mut start).map_err(io_error)?;
    let is_gzip = start == [0x1f, 0x8b];
    let mut input = start.as_slice().chain(input);
    if !is_gzip {
        let (dimensions, expected) = header(&mut input, magic)?;
        let got = input_bytes.saturating_sub(header_bytes(magic));
        if got < expected {
            return Err(IdxError::Truncated { dimensions, expected, got });
        }
        let payload = payload(&mut input, &dimensions, expected, expected)?;
        return nothing_behind(&mut input, dimensions, payload);
    }
    let mut stream = MultiGzDecoder::new(input);
    let (dimensions, expected) = header(&mut stream, magic)?;
    let limit = input_bytes.saturating_mul(DEFLATE_MAX_RATIO);
    if expected > limit {
        return Err(IdxError::Implausible { dimensions, expected, compressed: input_bytes, limit });
    }
    let reserve = expected.min(input_bytes.saturating_mul(TRUSTED_RATIO).saturating_add(TRUSTED_EXTRA_BYTES));
    let payload = payload(&mut stream, &dimensions, expected, reserve)?;
    nothing_behind(&mut stream, dimensions, payload)
}

fn header_bytes(magic: u32) -> u64 {
    4 + 4 * u64::from(magic & 0xff)
}

/// Reads the header; gives the dimensions and the payload size in bytes.
fn header(stream: &mut impl Read, magic: u32) -> Result<(Vec<u32>, u64), IdxError> {
    let expected = header_bytes(magic);
    let mut bytes = Vec::with_capacity(expected as usize);
    stream.by_ref().take(expected).read_to_end(&mut bytes).map_err(io_error)?;
    let mut words =
        bytes.chunks_exact(4).map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]));
    // The magic first: "this is an HTML page" helps more than "16 bytes expected".
    if let Some(got) = words.next()
        && got != magic
    {
        return Err(IdxError::Magic { expected: magic, got });
    }
    if (bytes.len() as u64) < expected {
        return Err(IdxError::HeaderTruncated { expected, got: bytes.len() as u64 });
    }
    let dimensions: Vec<u32> = words.collect();
    if dimensions.contains(&0) {
        return Err(IdxError::Empty { dimensions });
    }
    let product = dimensions.iter().try_fold(1u64, |product, &size| product.checked_mul(u64::from(size)));
    match product.filter(|&bytes| isize::try_from(bytes).is_ok()) {
        Some(bytes) => Ok((dimensions, bytes)),
        None => Err(IdxError::Overflow { dimensions }),
    }
}

fn payload(
    stream: &mut impl Read,
    dimensions: &[u32],
    expected: u64,
    reserve: u64,
) -> Result<Vec<u8>, IdxError> {
    let mut payload = Vec::with_capacity(reserve as usize);
    stream.by_ref().take(expected).read_to_end(&mut payload).map_err(io_error)?;
    let got = payload.len() as u64;
    if got < expected {
        return Err(IdxError::Truncated { dimensions: dimensions.to_vec(), expected, got });
    }
    Ok(payload)
}

/// Makes sure that the input ends here; for gzip this also checks its length and CRC.
fn nothing_behind(
    stream: &mut impl Read,
    dimensions: Vec<u32>,
    payload: Vec<u8>,
) -> Result<IdxArray, IdxError> {
    let mut behind = Vec::new();
    stream.by_ref().take(1).read_to_end(&mut behind).map_err(io_error)?;
    if !behind.is_empty() {
        return Err(IdxError::Trailing { dimensions, expected: payload.len() as u64 });
    }
    Ok(IdxArray { dimensions, payload })
}

/// flate2 reports a damaged stream as an I/O error of these kinds; everything else is the file system's.
fn io_error(error: io::Error) -> IdxError {
    match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            IdxError::Gzip { why: error.to_string() }
        }
        _ => IdxError::Io { why: error.to_string() },
    }
}
