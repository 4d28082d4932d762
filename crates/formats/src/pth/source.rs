//! A file that is read at given positions, and never past its end.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use crate::dtype::Dtype;
use crate::pth::PthError;
use std::io::{BufReader, Read, Seek, SeekFrom};
use striate_base::memory::OutOfMemory;
use striate_base::memory::{read_exactly, reserved};

/// Anything that can be read at any position: a file, or bytes in memory.
pub(crate) trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// An open file and its size.
pub(crate) struct Source<'a> {
    from: &'a mut dyn ReadSeek,
    /// Size of the file.
    pub(crate) file_bytes: u64,
}

/// Where the values of a storage are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Position of the first byte.
    pub(crate) at: u64,
    /// Number of values.
    pub(crate) values: u64,
    /// Their type.
    pub(crate) dtype: Dtype,
    /// CRC-32 of their bytes, if the container has one.
    pub(crate) crc: Option<u32>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(from: &'a mut dyn ReadSeek, file_bytes: u64) -> Self {
        Self { from, file_bytes }
    }

    /// A stream from byte `at` on.
    pub(crate) fn stream(&mut self, at: u64) -> Result<BufReader<&mut dyn ReadSeek>, PthError> {
        self.from.seek(SeekFrom::Start(at)).map_err(|e| read_failed(at, &e))?;
        Ok(BufReader::with_capacity(1 << 16, &mut *self.from))
    }

    /// The integer at byte `at`, eight bytes with a sign.
    pub(crate) fn number(&mut self, at: u64) -> Result<i64, PthError> {
        let bytes = self.bytes(at, 8)?;
        let bytes = bytes.first_chunk().ok_or(PthError::Short { at, needs: 8, left: 0 })?;
        Ok(i64::from_le_bytes(*bytes))
    }

    /// The bytes `at..at + length`.
    pub(crate) fn bytes(&mut self, at: u64, length: u64) -> Result<Vec<u8>, PthError> {
        self.check(at, length)?;
        // No longer than the file, as was just checked.
        self.from
            .seek(SeekFrom::Start(at))
            .and_then(|_| read_exactly(&mut *self.from, length))
            .map_err(|e| read_failed(at, &e))
    }

    /// The values of a storage as f32, read in blocks so that there is never a second copy in memory.
    pub(crate) fn values(&mut self, name: &str, place: Place) -> Result<Vec<f32>, PthError> {
        let length = place.values.checked_mul(place.dtype.size() as u64);
        let length =
            length.ok_or(PthError::Short { at: place.at, needs: u64::MAX, left: self.file_bytes })?;
        self.check(place.at, length)?;
        let count = usize::try_from(place.values).map_err(|_| OutOfMemory { bytes: length })?;
        let mut values = reserved(count)?;
        let mut hasher = crc32fast::Hasher::new();
        let mut stream = self.stream(place.at)?;
        let (mut left, mut block) = (length, [0; 1 << 16]);
        while left > 0 {
            let part = match usize::try_from(left).ok().and_then(|left| block.get_mut(..left)) {
                Some(part) => part,
                None => &mut block[..],
            };
            stream.read_exact(part).map_err(|e| read_failed(place.at, &e))?;
            hasher.update(part);
            place.dtype.append_f32(part, &mut values);
            left = left.saturating_sub(part.len() as u64);
        }
        match (place.crc, hasher.finalize()) {
            (Some(expected), got) if expected != got => {
                Err(PthError::Crc { entry: name.to_string(), expected, got })
            }
            _ => Ok(values),
        }
    }

    /// Checks that these bytes are in the file.
    pub(crate) fn check(&self, at: u64, length: u64) -> Result<(), PthError> {
        let left = self.file_bytes.saturating_sub(at);
        if length <= left { Ok(()) } else { Err(PthError::Short { at, needs: length, left }) }
    }
}

fn read_failed(at: u64, error: &std::io::Error) -> PthError {
    match OutOfMemory::of(error) {
        Some(error) => PthError::Memory(error),
        None => PthError::Read { at, reason: error.to_string() },
    }
}
