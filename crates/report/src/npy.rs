//! Arrays as NumPy's `.npy` files.

/// Returns the bytes of a `.npy` file with these values.
///
/// # Shapes
/// Any shape; the values are given and stored row by row (`fortran_order` is false), as little-endian f32.
///
/// # Panics
/// When the number of values does not match the shape.
///
/// # Source
/// NEP 1, "A Simple File Format for NumPy Arrays", version 1.0.
///
/// # PyTorch
/// `torch.from_numpy(numpy.load(path))`.
///
/// # Example
/// ```
/// let file = striate_report::npy(&[2, 1], &[1.0, -0.5]);
/// assert!(file.starts_with(b"\x93NUMPY\x01\x00"));
/// assert_eq!(file.len(), 128 + 8);
/// ```
pub fn npy(shape: &[usize], values: &[f32]) -> Vec<u8> {
    let expected: usize = shape.iter().product();
    assert_eq!(values.len(), expected, "an array of shape {shape:?}");
    // A tuple of one has a comma in Python.
    let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
    let sizes = if shape.len() > 1 { sizes.trim_end_matches(", ") } else { sizes.trim_end() };
    let dictionary = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({sizes}), }}");
    // Magic, version and length take 10 bytes; the values begin at a multiple of 64, after a line break.
    let length = (10 + dictionary.len() + 1).next_multiple_of(64) - 10;
    let short =
        u16::try_from(length).unwrap_or_else(|_| unreachable!("an array of {} dimensions", shape.len()));
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend(short.to_le_bytes());
    file.extend(format!("{dictionary:<width$}\n", width = length - 1).bytes());
    file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    file
}

#[cfg(test)]
mod tests {
    use super::npy;

    /// The file that NumPy 2 writes for `numpy.array([[1.5, -2.0]], dtype="<f4")`.
    #[test]
    fn the_bytes_are_numpys_own() {
        let header = b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
        let mut want = header.to_vec();
        want.resize(127, b' ');
        want.push(b'\n');
        want.extend([0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0]);
        assert_eq!(npy(&[1, 2], &[1.5, -2.0]), want);
    }

    #[test]
    fn values_begin_at_a_multiple_of_64_for_any_shape() {
        for (shape, text) in [
            (&[][..], "()"),
            (&[3], "(3,)"),
            (&[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 1], "(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 1)"),
        ] {
            let values = vec![0.25; shape.iter().product()];
            let file = npy(shape, &values);
            let data = 10 + usize::from(u16::from_le_bytes([file[8], file[9]]));
            assert_eq!((data % 64, file.len()), (0, data + 4 * values.len()), "{shape:?}");
            let header = String::from_utf8_lossy(&file[10..data]).into_owned();
            assert!(header.contains(&format!("'shape': {text}, }}")) && header.ends_with('\n'), "{header}");
        }
    }
}
