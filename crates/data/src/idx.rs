//! Reads idx files, the format of MNIST and similar data sets.
//!
//! An idx file consists of a big-endian header, `00 00 TYPE DIMENSIONS` and one `u32` per dimension, and the raw values.
//! This module reads images `[N, H, W]` (`00 00 08 03` for bytes) and labels `[N]` (`00 00 08 01`), plain or compressed
//! with gzip, which is recognized by the first bytes and not by the name. Numbers other than bytes are accepted when their
//! meaning is clear: labels that are whole numbers from 0 to 255, and brightness from 0 to 255 or from 0 to 1. Of the eight
//! columns of QMNIST's labels, `[N, 8]`, the first is the class.
//!
//! # Hostile files
//! The header is read before any memory is reserved. A plain file must have exactly the size that the header declares. A gzip
//! file is decompressed no further than one byte past that size, and a header that declares both more than 16 MiB and more than
//! 400 times the size of the file is rejected immediately.

#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod error;
mod number;

pub use error::{IMAGES_MAGIC, IdxError, LABELS_MAGIC};

use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::error::DataError;
use error::QMNIST_COLUMNS;
use number::Number;
use striate_base::memory::{OutOfMemory, most_unpacked, reserved, room_for};
use striate_image::tones::{self, Outside};

/// An honest image file grows a few fold; up to this factor (and this many bytes besides) memory is reserved
/// in one piece, past it the buffer grows only as bytes really arrive.
const TRUSTED_RATIO: u64 = 16;
const TRUSTED_EXTRA_BYTES: u64 = 1 << 20;

/// The images of an idx file.
///
/// # Shapes
/// `pixels` is `[count, height, width]`, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdxImages {
    /// The number of images.
    pub count: usize,
    /// The number of rows of an image.
    pub height: usize,
    /// The number of columns of an image.
    pub width: usize,
    /// The values, 0 to 255, `[count, height, width]`.
    pub pixels: Vec<u8>,
}

/// Reads images from the bytes of an idx file, plain or compressed with gzip.
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

/// Reads labels from the bytes of an idx file, plain or compressed with gzip. Every label must be below `classes`.
///
/// # Errors
/// Any defect of the file, see [`IdxError`].
pub fn read_labels(bytes: &[u8], classes: usize) -> Result<Vec<u8>, IdxError> {
    labels_of(decode(bytes, bytes.len() as u64, LABELS_MAGIC)?, classes)
}

/// Reads images like [`read_images`], from a file.
///
/// # Errors
/// Any defect of the file, with its path.
pub fn open_images(path: &Path) -> Result<IdxImages, DataError> {
    open(path, IMAGES_MAGIC).and_then(images_of).map_err(|problem| DataError::idx(path, problem))
}

/// Reads labels like [`read_labels`], from a file.
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
    let header = header(stream, magic)?;
    let payload = payload(stream, &header, header.payload_bytes)?;
    Ok((header.dimensions, payload))
}

/// What the first bytes of a file declare.
struct Header {
    number: Number,
    dimensions: Vec<u32>,
    payload_bytes: u64,
}

struct IdxArray {
    number: Number,
    dimensions: Vec<u32>,
    payload: Vec<u8>,
}

fn images_of(array: IdxArray) -> Result<IdxImages, IdxError> {
    let &[count, height, width] = &array.dimensions[..] else {
        unreachable!("the magic number of images says that there are three dimensions");
    };
    let [count, height, width] = [count, height, width].map(|size| size as usize);
    let number = array.number;
    let pixels = match number {
        Number::U8 => array.payload,
        _ => {
            room_for(number.count(&array.payload) as u64)?;
            tones::to_bytes(number.values(&array.payload), number.is_float()).map_err(
                |Outside { least, most }| {
                    let [least, most] = [least, most].map(|v| v.to_string());
                    IdxError::Tones { kind: number.name(), least, most }
                },
            )?
        }
    };
    Ok(IdxImages { count, height, width, pixels })
}

fn labels_of(array: IdxArray, classes: usize) -> Result<Vec<u8>, IdxError> {
    let columns = array.dimensions.get(1).copied().unwrap_or(1);
    if columns != 1 && columns != QMNIST_COLUMNS {
        return Err(IdxError::Columns { columns });
    }
    let class = |(index, value): (usize, f64)| {
        let is_label = value.fract() == 0.0 && (0.0..=255.0).contains(&value);
        if is_label { Ok(value as u8) } else { Err(IdxError::Label { index, value: value.to_string() }) }
    };
    let labels = match (array.number, columns) {
        (Number::U8, 1) => array.payload,
        (number, _) => {
            let first = number.values(&array.payload).step_by(columns as usize);
            first.enumerate().map(class).collect::<Result<_, _>>()?
        }
    };
    match labels.iter().enumerate().find(|&(_, &label)| usize::from(label) >= classes) {
        Some((index, &label)) => Err(IdxError::LabelPastClasses { index, label, classes }),
        None => Ok(labels),
    }
}

fn open(path: &Path, magic: u32) -> Result<IdxArray, IdxError> {
    let file = striate_image::open_regular(path).map_err(|error| IdxError::Io { why: error.to_string() })?;
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
        let header = header(&mut input, magic)?;
        let got = input_bytes.saturating_sub(header_bytes(header.dimensions.len()));
        if got < header.payload_bytes {
            let (dimensions, expected) = (header.dimensions, header.payload_bytes);
            return Err(IdxError::Truncated { dimensions, expected, got });
        }
        let payload = payload(&mut input, &header, header.payload_bytes)?;
        return nothing_behind(&mut input, header, payload);
    }
    let mut stream = MultiGzDecoder::new(input);
    let header = header(&mut stream, magic)?;
    let (expected, limit) = (header.payload_bytes, most_unpacked(input_bytes));
    if expected > limit {
        let dimensions = header.dimensions;
        return Err(IdxError::Implausible { dimensions, expected, compressed: input_bytes, limit });
    }
    let reserve = expected.min(input_bytes.saturating_mul(TRUSTED_RATIO).saturating_add(TRUSTED_EXTRA_BYTES));
    let payload = payload(&mut stream, &header, reserve)?;
    nothing_behind(&mut stream, header, payload)
}

/// The magic number, and a size a dimension.
fn header_bytes(dimensions: usize) -> u64 {
    (dimensions as u64).saturating_mul(4).saturating_add(4)
}

/// Reads the header of a file of the kind of `magic`, whose numbers may be others.
fn header(stream: &mut impl Read, magic: u32) -> Result<Header, IdxError> {
    let mut start = Vec::with_capacity(4);
    stream.by_ref().take(4).read_to_end(&mut start).map_err(io_error)?;
    let usual = header_bytes(magic as usize & 0xff);
    let [a, b, code, dimensions] = start[..] else {
        return Err(IdxError::HeaderTruncated { expected: usual, got: start.len() as u64 });
    };
    // The magic first: "this is an HTML page" helps more than "16 bytes expected".
    let got = u32::from_be_bytes([a, b, code, dimensions]);
    let may_have_columns = magic == LABELS_MAGIC && dimensions == 2;
    let is_of_kind = (a, b) == (0, 0) && (u32::from(dimensions) == magic & 0xff || may_have_columns);
    let Some(number) = Number::of(code).filter(|_| is_of_kind) else {
        return Err(IdxError::Magic { expected: magic, got });
    };
    let expected = header_bytes(dimensions.into());
    let mut bytes = start.clone();
    stream.by_ref().take(expected.saturating_sub(4)).read_to_end(&mut bytes).map_err(io_error)?;
    if (bytes.len() as u64) < expected {
        return Err(IdxError::HeaderTruncated { expected, got: bytes.len() as u64 });
    }
    let words = bytes.as_chunks().0.iter().skip(1);
    let dimensions: Vec<u32> = words.map(|&word| u32::from_be_bytes(word)).collect();
    if dimensions.contains(&0) {
        return Err(IdxError::Empty { dimensions });
    }
    let size = |product: u64, &size: &u32| product.checked_mul(u64::from(size));
    let payload_bytes = dimensions.iter().try_fold(number.bytes() as u64, size);
    match payload_bytes.filter(|&bytes| isize::try_from(bytes).is_ok()) {
        Some(payload_bytes) => Ok(Header { number, dimensions, payload_bytes }),
        None => Err(IdxError::Overflow { dimensions }),
    }
}

fn payload(stream: &mut impl Read, header: &Header, reserve: u64) -> Result<Vec<u8>, IdxError> {
    let expected = header.payload_bytes;
    let no_memory = || OutOfMemory { bytes: expected };
    let mut payload = reserved(usize::try_from(reserve).map_err(|_| no_memory())?)?;
    stream.by_ref().take(expected).read_to_end(&mut payload).map_err(|error| match error.kind() {
        io::ErrorKind::OutOfMemory => no_memory().into(),
        _ => io_error(error),
    })?;
    let got = payload.len() as u64;
    if got < expected {
        return Err(IdxError::Truncated { dimensions: header.dimensions.clone(), expected, got });
    }
    Ok(payload)
}

/// Makes sure that the input ends here; for gzip this also checks its length and CRC.
fn nothing_behind(stream: &mut impl Read, header: Header, payload: Vec<u8>) -> Result<IdxArray, IdxError> {
    let mut behind = Vec::new();
    stream.by_ref().take(1).read_to_end(&mut behind).map_err(io_error)?;
    let Header { number, dimensions, payload_bytes } = header;
    if !behind.is_empty() {
        return Err(IdxError::Trailing { dimensions, expected: payload_bytes });
    }
    Ok(IdxArray { number, dimensions, payload })
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
