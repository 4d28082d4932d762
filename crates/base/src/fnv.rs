//! A 64-bit hash of a name.

/// Computes the 64-bit FNV-1a hash: small, the same on every machine, and without protection against deliberate collisions.
///
/// # Source
/// Fowler 2012.
///
/// # Example
/// ```
/// assert_eq!(striate_base::fnv1a64(b"foobar"), 0x8594_4171_f739_67e8);
/// ```
pub fn fnv1a64(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::fnv1a64;

    #[test]
    fn the_authors_vectors() {
        assert_eq!(fnv1a64(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a64(b"a"), 0xaf63_dc4c_8601_ec8c);
    }
}
