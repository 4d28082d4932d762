//! Why a pickle was refused, and at which byte.

use striate_base::memory::OutOfMemory;

/// What is wrong with a pickle. `at` is the byte of the opcode, counted from the start of the file, or of `data.pkl`
/// in a zip.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PickleError {
    /// An operation that no weights need.
    #[error("byte {at}: the operation {name} (0x{opcode:02x}) is none that torch.save writes for weights")]
    Opcode {
        /// Its byte.
        opcode: u8,
        /// Its name in Python's pickletools.
        name: &'static str,
        /// Where.
        at: u64,
    },
    /// An operation on something else than it is for.
    #[error("byte {at}: {operation} expects {expected}, got {got}")]
    Operand {
        /// The operation.
        operation: &'static str,
        /// What it is for.
        expected: &'static str,
        /// What it was given.
        got: &'static str,
        /// Where.
        at: u64,
    },
    /// An operation that takes more than there is.
    #[error("byte {at}: {operation} finds too few values before it; the file is damaged")]
    Empty {
        /// The operation.
        operation: &'static str,
        /// Where.
        at: u64,
    },
    /// A memory cell that nothing was put into.
    #[error("byte {at}: it takes memo {key}, into which nothing was put; the file is damaged")]
    Memo {
        /// Its number.
        key: u32,
        /// Where.
        at: u64,
    },
    /// More than a limit allows.
    #[error("byte {at}: more than {limit} {what}; no weights need that")]
    Limit {
        /// Of what.
        what: &'static str,
        /// How much is allowed.
        limit: u64,
        /// Where.
        at: u64,
    },
    /// Text that is none.
    #[error("byte {at}: text that is not UTF-8; the file is damaged")]
    Text {
        /// Where.
        at: u64,
    },
    /// A protocol from the future.
    #[error("byte {at}: pickle protocol {got}, expected 2 to 5")]
    Protocol {
        /// Its number.
        got: u8,
        /// Where.
        at: u64,
    },
    /// The file ends too early.
    #[error(
        "byte {at}: {needs} bytes are needed, {left} are left; the file was cut short: copy or download it again"
    )]
    Short {
        /// Asked for.
        needs: u64,
        /// There.
        left: u64,
        /// Where.
        at: u64,
    },
    /// There is no memory for it.
    #[error(transparent)]
    Memory(#[from] OutOfMemory),
    /// The file system says no.
    #[error("byte {at}: cannot be read: {reason}")]
    Read {
        /// Its words.
        reason: String,
        /// Where.
        at: u64,
    },
}

/// The name in Python's pickletools of an operation that is refused.
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
