//! Allocation of memory whose size a file determines: the allocation may fail, and is never larger than the file justifies.

#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

use std::io::{self, Read};

use thiserror::Error;

/// The system has no memory left, or the memory limit of this process does not allow the allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "{bytes} bytes of memory are needed but not available; end other programs, or raise the limit (ulimit -v)"
)]
pub struct OutOfMemory {
    /// The number of bytes that were requested.
    pub bytes: u64,
}

impl From<OutOfMemory> for io::Error {
    fn from(error: OutOfMemory) -> Self {
        Self::new(io::ErrorKind::OutOfMemory, error)
    }
}

impl OutOfMemory {
    /// Returns the [`OutOfMemory`] of [`read_exactly`], if that is the cause of this error.
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

/// Allocates a vector with capacity for `count` values.
///
/// # Errors
/// If there is not enough memory.
pub fn reserved<T>(count: usize) -> Result<Vec<T>, OutOfMemory> {
    let mut values = Vec::new();
    let bytes = (count as u64).saturating_mul(size_of::<T>() as u64);
    values.try_reserve_exact(count).map_err(|_| OutOfMemory { bytes })?;
    Ok(values)
}

/// Checks that this many bytes are available at this moment, before calling code that aborts if they are not.
///
/// # Errors
/// If this many bytes are not available.
pub fn room_for(bytes: u64) -> Result<(), OutOfMemory> {
    let count = usize::try_from(bytes).map_err(|_| OutOfMemory { bytes })?;
    reserved::<u8>(count).map(drop)
}

/// Reads the next `bytes` bytes of a stream. The caller must know that the stream holds at least that many.
///
/// # Errors
/// If the stream reports an error, [`io::ErrorKind::UnexpectedEof`] if it ends earlier, and an [`OutOfMemory`] if there is not
/// enough memory.
pub fn read_exactly(from: &mut dyn Read, bytes: u64) -> io::Result<Vec<u8>> {
    let count = usize::try_from(bytes).map_err(|_| OutOfMemory { bytes })?;
    let mut read = reserved(count)?;
    from.take(bytes).read_to_end(&mut read)?;
    if read.len() < count { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(read) }
}

/// Content that takes more than this many times the bytes of its file is rejected as a decompression bomb, unless it is small
/// anyway: deflate reaches a factor of 1032, photographs stay below 100. So no file below 40 kB can take more than 16 MiB.
const MAX_RATIO: u64 = 400;
/// The number of bytes that may be unpacked from any file, however small.
pub const SMALL_BYTES: u64 = 16 * 1024 * 1024;

/// The largest number of bytes that are unpacked from a file of `packed` bytes.
pub fn most_unpacked(packed: u64) -> u64 {
    packed.saturating_mul(MAX_RATIO).max(SMALL_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_had_is_an_error_that_says_how_much() {
        let error = reserved::<u32>(usize::MAX / 8).unwrap_err();
        assert_eq!(error.bytes, usize::MAX as u64 / 8 * 4);
        assert!(error.to_string().starts_with(&format!("{} bytes of memory", error.bytes)), "{error}");
        assert_eq!(reserved::<u32>(usize::MAX), Err(OutOfMemory { bytes: u64::MAX }));
        assert_eq!(room_for(1 << 62), Err(OutOfMemory { bytes: 1 << 62 }));
        assert_eq!(room_for(1 << 20), Ok(()));
    }

    #[test]
    fn a_stream_gives_as_much_as_was_asked_for_or_an_error() {
        let mut stream: &[u8] = &[1, 2, 3, 4, 5];
        assert_eq!(read_exactly(&mut stream, 2).unwrap(), [1, 2]);
        assert_eq!(read_exactly(&mut stream, 0).unwrap(), [0; 0]);
        assert_eq!(read_exactly(&mut stream, 4).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        let error = read_exactly(&mut stream, 1 << 62).unwrap_err();
        assert_eq!(OutOfMemory::of(&error), Some(OutOfMemory { bytes: 1 << 62 }));
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
        assert!(error.to_string().starts_with("4611686018427387904 bytes of memory"), "{error}");
    }
}
