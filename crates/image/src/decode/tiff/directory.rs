//! Inspects the first directory of a TIFF before the decoder does, since the decoder trusts its counts.
//!
//! # Source
//! TIFF 6.0, section 2: a directory is a count, and then entries of 12 bytes: tag, type, count, and the values or their place.

#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

use std::ops::Range;

use tiff::tags::Tag;

/// Values that an entry may hold, of which most are places of strips and tiles, and colors.
const MAX_VALUES: u32 = 1 << 18;
/// The last tag that decides pixels; behind it are notes of cameras, maps and printers, which are not read.
const LAST_TAG: u16 = 532;
const TEXT: u16 = 2;

/// The first directory of a TIFF with 32-bit places.
pub(super) struct Directory<'a> {
    bytes: &'a [u8],
    is_little: bool,
    entries: &'a [[u8; 12]],
    /// Where the entries start.
    at: usize,
}

impl<'a> Directory<'a> {
    /// The directory, or `None` when it does not lie in the file.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let is_little = bytes.first() == Some(&b'I');
        let place = word(is_little, *bytes.get(4..)?.first_chunk()?) as usize;
        let (count, rest) = bytes.get(place..)?.split_first_chunk()?;
        let length = 12_usize.checked_mul(half(is_little, *count).into())?;
        let (entries, _) = rest.get(..length)?.as_chunks();
        Some(Self { bytes, is_little, entries, at: place.checked_add(2)? })
    }

    /// Says which entry that is read holds more values than the file, or than an image has use for.
    ///
    /// # Errors
    /// The reason, for people.
    pub(super) fn check(&self) -> Result<(), String> {
        for entry in self.entries.iter().filter(|entry| self.tag(entry) <= LAST_TAG) {
            let (tag, count) = (self.tag(entry), self.count(entry));
            if self.values(entry).is_none() {
                return Err(format!("the {count} values of its tag {tag} are not inside the file"));
            }
            if count > MAX_VALUES && self.kind(entry) != TEXT {
                return Err(format!(
                    "its tag {tag} has {count} values, but at most {MAX_VALUES} are allowed"
                ));
            }
        }
        Ok(())
    }

    /// The whole numbers under a tag; none where it is not there.
    pub(super) fn numbers(&self, tag: Tag) -> Vec<usize> {
        let Some(entry) = self.entries.iter().find(|entry| self.tag(entry) == tag.to_u16()) else {
            return Vec::new();
        };
        let values = self.values(entry).and_then(|range| self.bytes.get(range)).unwrap_or_default();
        match self.kind(entry) {
            3 => values.as_chunks().0.iter().map(|&value| half(self.is_little, value).into()).collect(),
            4 => values.as_chunks().0.iter().map(|&value| word(self.is_little, value) as usize).collect(),
            _ => values.iter().map(|&value| value.into()).collect(),
        }
    }

    /// Where the value of a tag stands that is short enough to stand in its entry.
    pub(super) fn place(&self, tag: Tag) -> Option<usize> {
        let i = self.entries.iter().position(|entry| self.tag(entry) == tag.to_u16())?;
        self.at.checked_add(12_usize.checked_mul(i)?)?.checked_add(8)
    }

    /// A 16-bit number as the file writes it.
    pub(super) fn written(&self, value: u16) -> [u8; 2] {
        if self.is_little { value.to_le_bytes() } else { value.to_be_bytes() }
    }

    fn tag(&self, &[a, b, ..]: &[u8; 12]) -> u16 {
        half(self.is_little, [a, b])
    }

    fn kind(&self, &[_, _, a, b, ..]: &[u8; 12]) -> u16 {
        half(self.is_little, [a, b])
    }

    fn count(&self, &[_, _, _, _, a, b, c, d, ..]: &[u8; 12]) -> u32 {
        word(self.is_little, [a, b, c, d])
    }

    /// Where the values of an entry lie, if that is in the file.
    fn values(&self, entry: &[u8; 12]) -> Option<Range<usize>> {
        let &[.., a, b, c, d] = entry;
        let length = (self.count(entry) as usize).checked_mul(bytes_of(self.kind(entry)))?;
        let start = match length {
            0..=4 => (entry.as_ptr() as usize).checked_sub(self.bytes.as_ptr() as usize)?.checked_add(8)?,
            _ => word(self.is_little, [a, b, c, d]) as usize,
        };
        let end = start.checked_add(length)?;
        (end <= self.bytes.len()).then_some(start..end)
    }
}

/// Bytes of a value; types that nobody knows are passed over by the decoder.
fn bytes_of(kind: u16) -> usize {
    match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16 | 17 | 18 => 8,
        _ => 0,
    }
}

fn half(is_little: bool, bytes: [u8; 2]) -> u16 {
    if is_little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) }
}

fn word(is_little: bool, bytes: [u8; 4]) -> u32 {
    if is_little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) }
}
