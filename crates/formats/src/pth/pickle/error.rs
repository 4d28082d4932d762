//! The reasons for rejecting a pickle, with the position in bytes.

use striate_base::memory::OutOfMemory;

/// A problem of a pickle. `at` is the position of the opcode in bytes, counted from the start of the file, or of `data.pkl` in
/// a zip.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PickleError {
    /// The opcode is not needed for weights, and not supported.
    #[error("byte {at}: the operation {name} (0x{opcode:02x}) is not one that torch.save writes for weights")]
    Opcode {
        /// The opcode.
        opcode: u8,
        /// The name of the opcode in Python's pickletools.
        name: &'static str,
        /// The position of the opcode.
        at: u64,
    },
    /// An operand of an operation has the wrong type.
    #[error("byte {at}: {operation} expects {expected}, got {got}")]
    Operand {
        /// The name of the operation.
        operation: &'static str,
        /// The expected type of the operand.
        expected: &'static str,
        /// The actual type of the operand.
        got: &'static str,
        /// The position of the opcode.
        at: u64,
    },
    /// An operation takes more values than are on the stack.
    #[error("byte {at}: {operation} needs more values than there are before it; the file is damaged")]
    Empty {
        /// The name of the operation.
        operation: &'static str,
        /// The position of the opcode.
        at: u64,
    },
    /// An operation reads a memo cell that was never filled.
    #[error("byte {at}: memo {key} is read before it is written; the file is damaged")]
    Memo {
        /// The number of the cell.
        key: u32,
        /// The position of the opcode.
        at: u64,
    },
    /// A limit is exceeded.
    #[error("byte {at}: there are more than {limit} {what}, which no weights need")]
    Limit {
        /// The name of the limited quantity.
        what: &'static str,
        /// The largest allowed number.
        limit: u64,
        /// The position of the opcode.
        at: u64,
    },
    /// A text is not UTF-8.
    #[error("byte {at}: the text is not UTF-8; the file is damaged")]
    Text {
        /// The position of the opcode.
        at: u64,
    },
    /// The protocol version is not supported.
    #[error("byte {at}: this is pickle protocol {got}, expected 2 to 5")]
    Protocol {
        /// The version of the pickle.
        got: u8,
        /// The position of the opcode.
        at: u64,
    },
    /// The file ends too early.
    #[error(
        "byte {at}: {needs} bytes are needed, but only {left} are left; the file was cut short: copy or download it again"
    )]
    Short {
        /// The number of bytes that are needed.
        needs: u64,
        /// The number of bytes that are left.
        left: u64,
        /// The position of the opcode.
        at: u64,
    },
    /// There is not enough memory for the values.
    #[error(transparent)]
    Memory(#[from] OutOfMemory),
    /// The file system cannot read the file.
    #[error("byte {at}: cannot be read: {reason}")]
    Read {
        /// The error of the file system.
        reason: String,
        /// The position at which reading failed.
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
