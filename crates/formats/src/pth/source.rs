//! A file that is read at places, and never further than it is long.

use crate::dtype::Dtype;
use crate::pth::PthError;
use std::io::{BufReader, Read, Seek, SeekFrom};

/// What can be read at any place: a file, or bytes in memory.
pub(crate) trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// An open file and its size.
pub(crate) struct Source<'a> {
    from: &'a mut dyn ReadSeek,
    /// Size of the file.
    pub(crate) file_bytes: u64,
}

/// Where the values of a storage lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// First byte.
    pub(crate) at: u64,
    /// Number of values.
    pub(crate) values: u64,
    /// Their type.
    pub(crate) dtype: Dtype,
    /// CRC-32 of their bytes, where the container has one.
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

    /// The bytes `at..at + length`.
    pub(crate) fn bytes(&mut self, at: u64, length: u64) -> Result<Vec<u8>, PthError> {
        self.check(at, length)?;
        // Not longer than the file, as was just found.
        let mut bytes = vec![0; length as usize];
        self.from
            .seek(SeekFrom::Start(at))
            .and_then(|_| self.from.read_exact(&mut bytes))
            .map_err(|e| read_failed(at, &e))?;
        Ok(bytes)
    }

    /// The values of a storage as f32. Read in blocks, so that no second copy of them is ever in memory.
    pub(crate) fn values(&mut self, name: &str, place: Place) -> Result<Vec<f32>, PthError> {
        let length = place.values.checked_mul(place.dtype.size() as u64);
        let length =
            length.ok_or(PthError::Short { at: place.at, needs: u64::MAX, left: self.file_bytes })?;
        self.check(place.at, length)?;
        let mut values = Vec::with_capacity(place.values as usize);
        let mut hasher = crc32fast::Hasher::new();
        let mut stream = self.stream(place.at)?;
        let (mut left, mut block) = (length as usize, vec![0; (length as usize).min(1 << 16)]);
        while left > 0 {
            let part = &mut block[..left.min(1 << 16)];
            stream.read_exact(part).map_err(|e| read_failed(place.at, &e))?;
            hasher.update(part);
            place.dtype.append_f32(part, &mut values);
            left -= part.len();
        }
        match (place.crc, hasher.finalize()) {
            (Some(expected), got) if expected != got => {
                Err(PthError::Crc { entry: name.to_string(), expected, got })
            }
            _ => Ok(values),
        }
    }

    /// That these bytes are in the file.
    pub(crate) fn check(&self, at: u64, length: u64) -> Result<(), PthError> {
        let left = self.file_bytes.saturating_sub(at);
        if length <= left { Ok(()) } else { Err(PthError::Short { at, needs: length, left }) }
    }
}

fn read_failed(at: u64, error: &std::io::Error) -> PthError {
    PthError::Read { at, reason: error.to_string() }
}
