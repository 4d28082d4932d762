//! The errors of reading a `.pth`.

use super::pickle::PickleError;
use super::zip::ZipError;
use striate_base::memory::OutOfMemory;

/// A problem of a `.pth` file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PthError {
    /// A pickle is damaged, or contains more than weights.
    #[error("{part}, {error}")]
    Pickle {
        /// The part of the file that the pickle is in.
        part: &'static str,
        /// The problem of the pickle.
        error: PickleError,
    },
    /// The zip is damaged, or was not written by torch.
    #[error(
        "{0}; torch.save does not write such files: copy or download it again, or save the weights again"
    )]
    Zip(#[from] ZipError),
    /// Some bytes have changed since they were written.
    #[error(
        "{entry}: its CRC-32 is {got:08x}, but the zip says {expected:08x}; the file is damaged: copy or download it again"
    )]
    Crc {
        /// The name of the entry in the zip.
        entry: String,
        /// The CRC-32 that is stored in the zip.
        expected: u32,
        /// The CRC-32 of the data.
        got: u32,
    },
    /// The file ends too early.
    #[error(
        "byte {at}: {needs} bytes are needed, but only {left} are left; the file was cut short: copy or download it again"
    )]
    Short {
        /// The position at which the data should start, in bytes.
        at: u64,
        /// The number of bytes that are needed.
        needs: u64,
        /// The number of bytes that are left.
        left: u64,
    },
    /// There is not enough memory for the content of the file.
    #[error(transparent)]
    Memory(#[from] OutOfMemory),
    /// The file system cannot read the file.
    #[error("byte {at}: cannot be read: {reason}")]
    Read {
        /// The position at which reading failed, in bytes.
        at: u64,
        /// The error of the file system.
        reason: String,
    },
    /// A part of the file has a wrong type or value.
    #[error("{part}: expected {expected}, got {got}")]
    Part {
        /// The name of the part.
        part: String,
        /// The expected type or value.
        expected: String,
        /// The actual type or value.
        got: String,
    },
    /// The file is an archive of another kind, with a program or other arrays.
    #[error("this is {what}; striate reads weights, as {how} saves them")]
    Archive {
        /// The kind of archive.
        what: &'static str,
        /// A way to save its weights.
        how: &'static str,
    },
    /// A tensor extends past the end of its storage.
    #[error(
        "{tensor}: shape {shape:?}, strides {strides:?} and offset {offset} reach past the {values} values of its storage"
    )]
    Outside {
        /// The name of the tensor.
        tensor: String,
        /// The shape of the tensor.
        shape: Vec<u64>,
        /// The number of values from one element to the next along each dimension.
        strides: Vec<u64>,
        /// The index of its first value in the storage.
        offset: u64,
        /// The number of values in the storage.
        values: u64,
    },
    /// Tensors have more values than the file contains.
    #[error(
        "{tensor}: {values} values, but only {stored} in the file; save the tensors with .contiguous() or .clone()"
    )]
    Repeats {
        /// The name of the tensor, or a word for all of them.
        tensor: String,
        /// The number of values in the tensors.
        values: u64,
        /// The number of values in the file.
        stored: u64,
    },
    /// There is no dictionary of tensors.
    #[error(
        "the file contains no dictionary of tensors: {got}; no code was run; save the weights with torch.save(model.state_dict(), FILE)"
    )]
    NoStateDict {
        /// The content of the file instead.
        got: String,
    },
    /// A name occurs twice.
    #[error("{tensor} is listed twice")]
    Twice {
        /// The name of the tensor.
        tensor: String,
    },
}

impl PthError {
    pub(crate) fn part(part: impl Into<String>, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self::Part { part: part.into(), expected: expected.into(), got: got.into() }
    }
}
