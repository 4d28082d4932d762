//! The bytes of a pickle, with a count of the position.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use super::PickleError;
use std::io::{ErrorKind, Read};
use striate_base::memory::OutOfMemory;
use striate_base::memory::reserved;

/// The longest name of a module or of something in it.
const LINE_BYTES: usize = 256;

/// A stream with a known end.
pub(crate) struct Input<'a> {
    from: &'a mut dyn Read,
    /// Position of the next byte, as counted in error messages.
    pub(crate) at: u64,
    end: u64,
}

impl<'a> Input<'a> {
    /// `from` provides the bytes from `at` to `end`.
    pub(crate) fn new(from: &'a mut dyn Read, at: u64, end: u64) -> Self {
        Self { from, at, end }
    }

    /// The next N bytes.
    pub(crate) fn take<const N: usize>(&mut self) -> Result<[u8; N], PickleError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// The next `length` bytes; nothing is allocated for bytes that do not exist.
    pub(crate) fn bytes(&mut self, length: u64) -> Result<Vec<u8>, PickleError> {
        self.check(length)?;
        let mut bytes = reserved(usize::try_from(length).map_err(|_| OutOfMemory { bytes: length })?)?;
        bytes.resize(length as usize, 0);
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Skips `length` bytes.
    pub(crate) fn skip(&mut self, length: u64) -> Result<(), PickleError> {
        self.check(length)?;
        let (mut left, mut block) = (length, [0; 4096]);
        while left > 0 {
            let part = left.min(4096) as usize;
            self.fill(block.get_mut(..part).unwrap_or_default())?;
            left -= part as u64;
        }
        Ok(())
    }

    /// The text up to the next line feed, which is consumed but not returned.
    pub(crate) fn line(&mut self) -> Result<String, PickleError> {
        let (start, mut bytes) = (self.at, Vec::new());
        loop {
            match self.take::<1>()? {
                [b'\n'] => break,
                [byte] => bytes.push(byte),
            }
            if bytes.len() > LINE_BYTES {
                let limit = LINE_BYTES as u64;
                return Err(PickleError::Limit { what: "bytes of a name", limit, at: start });
            }
        }
        String::from_utf8(bytes).map_err(|_| PickleError::Text { at: start })
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), PickleError> {
        self.check(bytes.len() as u64)?;
        self.from.read_exact(bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => {
                PickleError::Short { needs: bytes.len() as u64, left: 0, at: self.at }
            }
            _ => PickleError::Read { reason: error.to_string(), at: self.at },
        })?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn check(&self, needs: u64) -> Result<(), PickleError> {
        let left = self.end.saturating_sub(self.at);
        if needs <= left { Ok(()) } else { Err(PickleError::Short { needs, left, at: self.at }) }
    }
}
