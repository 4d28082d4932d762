//! Bytes and floats as text, exactly.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ndarray::ArrayD;
use sha2::{Digest, Sha256};
use std::io::{self, Read};
use striate_base::memory::reserved;

/// Base64 with padding.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes behind base64, or `None`.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// The values of an array in order, as little-endian f32, a small block at a time.
pub(crate) fn each_block(array: &ArrayD<f32>, mut each: impl FnMut(&[u8])) {
    let mut block = [[0; 4]; 1 << 12];
    let (mut values, mut left) = (array.iter(), array.len());
    while left > 0 {
        let count = left.min(block.len());
        block.iter_mut().zip(values.by_ref()).for_each(|(to, value)| *to = value.to_le_bytes());
        each(block.get(..count).unwrap_or_default().as_flattened());
        left = left.saturating_sub(count);
    }
}

/// Little-endian f32.
pub(crate) fn to_bytes<'a>(values: impl IntoIterator<Item = &'a f32>) -> Vec<u8> {
    values.into_iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// The next `count` values of a stream of little-endian f32, through a small block, so that they are in memory once.
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

/// Values of little-endian f32; bytes that do not fill the last one are dropped.
pub(crate) fn from_bytes(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect()
}

/// The SHA-256 of what was put in, in lower-case hexadecimal.
pub(crate) fn hex(hasher: Sha256) -> String {
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
