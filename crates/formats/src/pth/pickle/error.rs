//! Why a pickle was rejected, and at which byte.

use striate_base::memory::OutOfMemory;

/// What is wrong with a pickle. `at` is the byte of the opcode, counted from the start of the file, or of `data.pkl` in a zip.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PickleError {
    /// An operation that no weights need.
    #[error("byte {at}: the operation {name} (0x{opcode:02x}) is not one that torch.save writes for weights")]
    Opcode {
        /// The byte of the opcode.
        opcode: u8,
        /// Its name in Python's pickletools.
        name: &'static str,
        /// Position of the opcode.
        at: u64,
    },
    /// An operation on a value of the wrong kind.
    #[error("byte {at}: {operation} expects {expected}, got {got}")]
    Operand {
        /// Name of the operation.
        operation: &'static str,
        /// The kind of value that it takes.
        expected: &'static str,
        /// The kind of value that it was given.
        got: &'static str,
        /// Position of the opcode.
        at: u64,
    },
    /// An operation that takes more values than there are.
    #[error("byte {at}: {operation} needs more values than there are before it; the file is damaged")]
    Empty {
        /// Name of the operation.
        operation: &'static str,
        /// Position of the opcode.
        at: u64,
    },
    /// A memo cell that was never filled.
    #[error("byte {at}: memo {key} is read before it is written; the file is damaged")]
    Memo {
        /// Number of the cell.
        key: u32,
        /// Position of the opcode.
        at: u64,
    },
    /// A limit is exceeded.
    #[error("byte {at}: more than {limit} {what}; no weights need that")]
    Limit {
        /// What is limited.
        what: &'static str,
        /// The largest number that is allowed.
        limit: u64,
        /// Position of the opcode.
        at: u64,
    },
    /// Text that is not UTF-8.
    #[error("byte {at}: text that is not UTF-8; the file is damaged")]
    Text {
        /// Position of the opcode.
        at: u64,
    },
    /// A protocol version that is not supported.
    #[error("byte {at}: pickle protocol {got}, expected 2 to 5")]
    Protocol {
        /// The version of the pickle.
        got: u8,
        /// Position of the opcode.
        at: u64,
    },
    /// The file ends too early.
    #[error(
        "byte {at}: {needs} bytes are needed, but only {left} are left; the file was cut short: copy or download it again"
    )]
    Short {
        /// Number of bytes that are needed.
        needs: u64,
        /// Number of bytes that are left.
        left: u64,
        /// Position of the opcode.
        at: u64,
    },
    /// There is not enough memory for it.
    #[error(transparent)]
    Memory(#[from] OutOfMemory),
    /// The file system cannot read the file.
    #[error("byte {at}: cannot be read: {reason}")]
    Read {
        /// The error of the file system.
        reason: String,
        /// Position at which reading failed.
        at: u64,
    },
}

/// The name in Python's pickletools of an operation that is rejected.
pub(super) fn name_of(opcode: u8) -> &'static str {
    match opcode {
        b'1' => "POP_MARK",
        b'F' => "FLOAT",
        b'I' => "INT",
        b'L' => "LONG",
        b'S' => "STRING",
        b'V' => "UNICODE",
        b'P' => "PERSID",
        b'd' => "DICT",
        b'g' => "GET",
        b'i' => "INST",
        b'l' => "LIST",
        b'o' => "OBJ",
        b'p' => "PUT",
        0x82 => "EXT1",
        0x83 => "EXT2",
        0x84 => "EXT4",
        0x97 => "NEXT_BUFFER",
        0x98 => "READONLY_BUFFER",
        _ => "of an unknown kind",
    }
}
