//! Exact conversions between bytes or floats and text.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use std::io::{self, Read};
use striate_base::memory::reserved;

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

/// A SHA-256 in progress: by the crate `sha2`, which uses the instructions that processors have for it, or by plain code.
#[derive(Default)]
pub(crate) struct Hasher {
    #[cfg(feature = "sha2")]
    inner: sha2::Sha256,
    #[cfg(not(feature = "sha2"))]
    inner: striate_base::Sha256,
}

impl Hasher {
    pub(crate) fn update(&mut self, bytes: impl AsRef<[u8]>) {
        #[cfg(feature = "sha2")]
        use sha2::Digest;
        self.inner.update(bytes);
    }

    /// The hash of the bytes so far, in lower-case hexadecimal.
    pub(crate) fn hex(self) -> String {
        #[cfg(feature = "sha2")]
        use sha2::Digest;
        striate_base::hex(&self.inner.finalize())
    }
}
