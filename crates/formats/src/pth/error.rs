//! What can be wrong with a `.pth`.

use super::pickle::PickleError;
use super::zip::ZipError;
use striate_base::memory::OutOfMemory;

/// What is wrong with a `.pth`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PthError {
    /// A pickle that is not just weights, or is damaged.
    #[error("{part}, {error}")]
    Pickle {
        /// Which of the file's pickles.
        part: &'static str,
        /// What is wrong with it.
        error: PickleError,
    },
    /// A zip that torch did not write.
    #[error(
        "{0}; torch.save does not write such files: copy or download it again, or save the weights again"
    )]
    Zip(#[from] ZipError),
    /// Bytes that have changed since they were written.
    #[error(
        "{entry}: its CRC-32 is {got:08x}, but the zip says {expected:08x}; the file is damaged: copy or download it again"
    )]
    Crc {
        /// Name of the entry in the zip.
        entry: String,
        /// The CRC-32 that the zip gives.
        expected: u32,
        /// The CRC-32 of the data.
        got: u32,
    },
    /// The file ends too early.
    #[error(
        "byte {at}: {needs} bytes are needed, but only {left} are left; the file was cut short: copy or download it again"
    )]
    Short {
        /// Byte at which the data should start.
        at: u64,
        /// Number of bytes that are needed.
        needs: u64,
        /// Number of bytes that are left.
        left: u64,
    },
    /// There is not enough memory for what the file holds.
    #[error(transparent)]
    Memory(#[from] OutOfMemory),
    /// The file system cannot read the file.
    #[error("byte {at}: cannot be read: {reason}")]
    Read {
        /// Byte at which reading failed.
        at: u64,
        /// The error of the file system.
        reason: String,
    },
    /// A part of the file is not what it has to be.
    #[error("{part}: expected {expected}, got {got}")]
    Part {
        /// Name of the part.
        part: String,
        /// What it has to be.
        expected: String,
        /// What it is.
        got: String,
    },
    /// An archive of another kind, which holds a program or other arrays.
    #[error("{what}; striate reads weights, as {how} saves them")]
    Archive {
        /// The kind of archive.
        what: &'static str,
        /// How its weights can be saved.
        how: &'static str,
    },
    /// A tensor that reaches past the end of its storage.
    #[error(
        "{tensor}: shape {shape:?}, strides {strides:?} and offset {offset} reach past the {values} values of its storage"
    )]
    Outside {
        /// Name of the tensor.
        tensor: String,
        /// Its shape.
        shape: Vec<u64>,
        /// Number of values from one element to the next along each dimension.
        strides: Vec<u64>,
        /// Index of its first value in the storage.
        offset: u64,
        /// Number of values in the storage.
        values: u64,
    },
    /// Tensors with more values than the file has.
    #[error(
        "{tensor}: {values} values, but only {stored} in the file; save the tensors with .contiguous() or .clone()"
    )]
    Repeats {
        /// Name of the tensor, or a word for all of them.
        tensor: String,
        /// Number of values in the tensors.
        values: u64,
        /// Number of values in the file.
        stored: u64,
    },
    /// There is no dictionary of tensors.
    #[error(
        "no dictionary of tensors in it: {got}; nothing was run; save the weights with torch.save(model.state_dict(), FILE)"
    )]
    NoStateDict {
        /// What the file holds instead.
        got: String,
    },
    /// A name that occurs twice.
    #[error("{tensor}: listed twice")]
    Twice {
        /// Name of the tensor.
        tensor: String,
    },
}

impl PthError {
    pub(crate) fn part(part: impl Into<String>, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self::Part { part: part.into(), expected: expected.into(), got: got.into() }
    }
}
