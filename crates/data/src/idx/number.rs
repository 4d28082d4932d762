//! The number types of an idx file, which the third byte of its magic number names.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

/// A kind of number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    U8,
    I8,
    I16,
    I32,
    F32,
    F64,
}

impl Number {
    /// The kind that this byte of the magic number names.
    pub(super) fn of(code: u8) -> Option<Self> {
        Some(match code {
            0x08 => Self::U8,
            0x09 => Self::I8,
            0x0b => Self::I16,
            0x0c => Self::I32,
            0x0d => Self::F32,
            0x0e => Self::F64,
            _ => return None,
        })
    }

    /// Size of one value.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::I16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::U8 => "bytes",
            Self::I8 => "8-bit integers",
            Self::I16 => "16-bit integers",
            Self::I32 => "32-bit integers",
            Self::F32 => "32-bit floats",
            Self::F64 => "64-bit floats",
        }
    }

    pub(super) fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }

    /// How many values there are in `payload`.
    pub(super) fn count(self, payload: &[u8]) -> usize {
        payload.chunks_exact(self.bytes()).len()
    }

    /// The values in `payload`, exactly.
    pub(super) fn values(self, payload: &[u8]) -> impl Iterator<Item = f64> + Clone + '_ {
        payload.chunks_exact(self.bytes()).map(move |bytes| match *bytes {
            [a] if self == Self::I8 => f64::from(a as i8),
            [a] => f64::from(a),
            [a, b] => f64::from(i16::from_be_bytes([a, b])),
            [a, b, c, d] if self == Self::I32 => f64::from(i32::from_be_bytes([a, b, c, d])),
            [a, b, c, d] => f64::from(f32::from_be_bytes([a, b, c, d])),
            [a, b, c, d, e, f, g, h] => f64::from_be_bytes([a, b, c, d, e, f, g, h]),
            _ => unreachable!("a value has 1, 2, 4 or 8 bytes"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_with_its_sign() {
        let all = [
            (0x08, vec![0xff, 1], vec![255.0, 1.0]),
            (0x09, vec![0xff, 1], vec![-1.0, 1.0]),
            (0x0b, vec![0xff, 0xfe, 0x01, 0x00], vec![-2.0, 256.0]),
            (0x0c, vec![0xff, 0xff, 0xff, 0xfd, 0, 1, 0, 0], vec![-3.0, 65_536.0]),
            (0x0d, 0.5f32.to_be_bytes().to_vec(), vec![0.5]),
            (0x0e, (-0.1f64).to_be_bytes().to_vec(), vec![-0.1]),
        ];
        for (code, payload, expected) in all {
            let number = Number::of(code).unwrap();
            assert_eq!(number.values(&payload).collect::<Vec<_>>(), expected, "{code:#x}");
            assert_eq!(payload.len(), expected.len() * number.bytes(), "{code:#x}");
        }
        assert_eq!([0x00, 0x07, 0x0a, 0x0f].map(Number::of), [None; 4]);
    }
}
