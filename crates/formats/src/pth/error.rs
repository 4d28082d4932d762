//! What can be wrong with a `.pth`.

use super::pickle::PickleError;
use super::zip::ZipError;
use striate_base::memory::OutOfMemory;

/// What is wrong with a `.pth`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PthError {
    /// A pickle that is more, or less, than weights.
    #[error("{part}, {error}")]
    Pickle {
        /// Which of the file's pickles.
        part: &'static str,
        /// What is wrong with it.
        error: PickleError,
    },
    /// A zip that torch did not write.
    #[error("{0}; torch.save wrote no such file: copy or download it again, or save the weights again")]
    Zip(#[from] ZipError),
    /// Bytes that are not what they were.
    #[error(
        "{entry}: its CRC-32 is {got:08x}, the zip says {expected:08x}; the file is damaged: copy or download it again"
    )]
    Crc {
        /// Which entry of the zip.
        entry: String,
        /// As written.
        expected: u32,
        /// As found.
        got: u32,
    },
    /// The file ends too early.
    #[error(
        "byte {at}: {needs} bytes are needed, {left} are left; the file was cut short: copy or download it again"
    )]
    Short {
        /// Where.
        at: u64,
        /// Asked for.
        needs: u64,
        /// There.
        left: u64,
    },
    /// There is no memory for what the file holds.
    #[error(transparent)]
    Memory(#[from] OutOfMemory),
    /// The file system says no.
    #[error("byte {at}: cannot be read: {reason}")]
    Read {
        /// Where.
        at: u64,
        /// Its words.
        reason: String,
    },
    /// A part of the file is not what it has to be.
    #[error("{part}: expected {expected}, got {got}")]
    Part {
        /// Which part.
        part: String,
        /// What it has to be.
        expected: String,
        /// What it is.
        got: String,
    },
    /// An archive of another kind, which holds a program or other arrays.
    #[error("{what}; striate reads weights, as {how} saves them")]
    Archive {
        /// What it is.
        what: &'static str,
        /// How its weights are saved.
        how: &'static str,
    },
    /// A tensor that does not lie in its storage.
    #[error(
        "{tensor}: shape {shape:?}, strides {strides:?} and offset {offset} reach past the {values} values of its storage"
    )]
    Outside {
        /// Its name.
        tensor: String,
        /// Its shape.
        shape: Vec<u64>,
        /// Values between neighbors along each size.
        strides: Vec<u64>,
        /// Its first value.
        offset: u64,
        /// Values of the storage.
        values: u64,
    },
    /// Tensors with more values than the file has.
    #[error(
        "{tensor}: {values} values made of {stored} in the file; save the tensors with .contiguous() or .clone()"
    )]
    Repeats {
        /// The tensor, or what all of them are called.
        tensor: String,
        /// Values asked for.
        values: u64,
        /// Values there.
        stored: u64,
    },
    /// No dictionary of tensors.
    #[error(
        "no dictionary of tensors in it: {got}; nothing was run; save the weights with torch.save(model.state_dict(), FILE)"
    )]
    NoStateDict {
        /// What is there.
        got: String,
    },
    /// A name that stands twice.
    #[error("{tensor}: listed twice")]
    Twice {
        /// The name.
        tensor: String,
    },
}

impl PthError {
    pub(crate) fn part(part: impl Into<String>, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self::Part { part: part.into(), expected: expected.into(), got: got.into() }
    }
}
