//! Brightness in numbers that are not bytes, and which values are black and white.
//!
//! Floats from 0 to 1 are brightness, as in scikit-image, OpenCV and PyTorch, and are converted to `round(255 v)`. Other
//! numbers from 0 to 255 are bytes, truncated. Values outside this range have an unknown meaning (meters, counts, degrees), and
//! are rejected: Pillow would clip them, and with them most of the image.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

/// The range of numbers that cannot be brightness.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outside {
    /// The smallest of the numbers; if one is not finite, the first such number.
    pub least: f64,
    /// The largest of the numbers; if one is not finite, the first such number.
    pub most: f64,
}

/// Converts numbers to bytes of brightness. Integers from 0 to 1 are bytes like any others.
///
/// # Errors
/// [`Outside`] when one of them is below 0, above 255, or not finite.
///
/// # PyTorch
/// For 0 to 255, Pillow's `convert("L")` of its modes `F` and `I`.
pub fn to_bytes(values: impl Iterator<Item = f64> + Clone, is_float: bool) -> Result<Vec<u8>, Outside> {
    let range = |(least, most): (f64, f64), v: f64| match () {
        () if !least.is_finite() => (least, most),
        () if !v.is_finite() => (v, v),
        () => (least.min(v), most.max(v)),
    };
    let first = values.clone().next().unwrap_or(0.0);
    let (least, most) = values.clone().fold((first, first), range);
    match () {
        () if !(least >= 0.0 && most <= 255.0) => Err(Outside { least, most }),
        () if is_float && most <= 1.0 => Ok(values.map(|v| (255.0 * v).round() as u8).collect()),
        () => Ok(values.map(|v| v as u8).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_bytes_and_what_is_neither() {
        let floats = |values: &[f64]| to_bytes(values.iter().copied(), true);
        let integers = |values: &[f64]| to_bytes(values.iter().copied(), false);
        assert_eq!(floats(&[0.0, 0.5, 1.0, 3.0 / 255.0]), Ok(vec![0, 128, 255, 3]));
        assert_eq!(floats(&[0.0, 1.0]), Ok(vec![0, 255]), "a mask");
        assert_eq!(floats(&[0.0, 1.5, 254.9, 255.0]), Ok(vec![0, 1, 254, 255]), "as Pillow");
        assert_eq!(integers(&[0.0, 1.0]), Ok(vec![0, 1]));
        assert_eq!(integers(&[0.0, 25_500.0]), Err(Outside { least: 0.0, most: 25_500.0 }));
        assert_eq!(floats(&[-0.5, 0.5]), Err(Outside { least: -0.5, most: 0.5 }));
        for none in [[f64::NAN, 0.5, 0.1], [0.5, f64::NAN, 0.1], [0.1, 0.5, f64::NAN]] {
            let outside = floats(&none).unwrap_err();
            assert!(outside.least.is_nan() && outside.most.is_nan(), "{outside:?}");
        }
        assert!(floats(&[f64::INFINITY]).is_err() && integers(&[]).is_ok_and(|bytes| bytes.is_empty()));
        for byte in 0..=255u8 {
            let share = f64::from(f32::from(byte) / 255.0);
            assert_eq!(floats(&[0.0, share, 1.0]), Ok(vec![0, byte, 255]));
        }
    }
}
