//! Floats as bytes, exactly, for files and hashes.

/// Values of a block.
const BLOCK: usize = 1 << 12;

/// Calls `each` with the values in order as little-endian f32, one small block at a time. This is faster to hash than one value
/// at a time, and needs no second copy of all values.
///
/// # Example
/// ```
/// let mut bytes = Vec::new();
/// striate_base::floats::each_block(&[1.0, -2.0], |block| bytes.extend_from_slice(block));
/// assert_eq!(bytes, [0, 0, 128, 63, 0, 0, 0, 192]);
/// ```
pub fn each_block<'a>(values: impl IntoIterator<Item = &'a f32>, mut each: impl FnMut(&[u8])) {
    let mut block = [[0; 4]; BLOCK];
    let mut values = values.into_iter();
    loop {
        let count =
            block.iter_mut().zip(values.by_ref()).map(|(to, value)| *to = value.to_le_bytes()).count();
        each(block.get(..count).unwrap_or_default().as_flattened());
        if count < BLOCK {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_once_and_in_order() {
        for len in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 7] {
            let values: Vec<f32> = (0..len).map(|i| i as f32 - 0.3).collect();
            let mut bytes = Vec::new();
            each_block(&values, |block| bytes.extend_from_slice(block));
            assert_eq!(
                bytes,
                values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>(),
                "{len}"
            );
        }
    }
}
