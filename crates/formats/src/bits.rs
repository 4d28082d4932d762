//! Exact conversions between bytes or floats and text.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::{self, Read};
use striate_base::memory::reserved;

/// Base64 with padding.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes that the base64 text stands for, or `None`.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Little-endian f32.
pub(crate) fn to_bytes<'a>(values: impl IntoIterator<Item = &'a f32>) -> Vec<u8> {
    values.into_iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// The next `count` values of a stream of little-endian f32, read through a small buffer so that they are in memory only once.
pub(crate) fn read_f32(from: &mut dyn Read, count: usize) -> io::Result<Vec<f32>> {
    let mut values = reserved(count)?;
    let mut block = [0; 1 << 16];
    while values.len() < count {
        let wanted = count.saturating_sub(values.len()).saturating_mul(4);
        let part = match block.get_mut(..wanted) {
            Some(part) => part,
            None => &mut block,
        };
        from.read_exact(part)?;
        values.extend(part.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)));
    }
    Ok(values)
}

/// The values of little-endian f32; trailing bytes that do not make a whole value are dropped.
pub(crate) fn from_bytes(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect()
}
