//! The number types of arrays from other programs, and the conversion of their values to f32.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use half::{bf16, f16};

/// A number type that weights of other programs use; always little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dtype {
    F64,
    F32,
    F16,
    Bf16,
    I64,
    I32,
    I16,
    I8,
    U8,
    Bool,
    /// A type that is known by name but not read.
    Unread {
        name: &'static str,
        size: usize,
    },
}

impl Dtype {
    /// Bytes per value.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::Bf16 | Self::I16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
            Self::Unread { size, .. } => size,
        }
    }

    /// The name in safetensors.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::F64 => "F64",
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
            Self::I64 => "I64",
            Self::I32 => "I32",
            Self::I16 => "I16",
            Self::I8 => "I8",
            Self::U8 => "U8",
            Self::Bool => "BOOL",
            Self::Unread { name, .. } => name,
        }
    }

    /// Parameters are floats; integers are counters and tables, which no network here has.
    pub(crate) fn is_float(self) -> bool {
        matches!(self, Self::F64 | Self::F32 | Self::F16 | Self::Bf16)
    }

    /// Appends the values of `bytes` to `values`, each rounded to the nearest f32; trailing bytes that do not make a whole
    /// value are dropped.
    ///
    /// # Panics
    /// If the type is not a float.
    pub(crate) fn append_f32(self, bytes: &[u8], values: &mut Vec<f32>) {
        match self {
            Self::F32 => values.extend(bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b))),
            Self::F64 => values.extend(bytes.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b) as f32)),
            Self::F16 => values.extend(bytes.as_chunks().0.iter().map(|&b| f16::from_le_bytes(b).to_f32())),
            Self::Bf16 => values.extend(bytes.as_chunks().0.iter().map(|&b| bf16::from_le_bytes(b).to_f32())),
            other => panic!("{} values are no parameters: ask is_float first", other.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_of_every_width_become_f32() {
        let read = |dtype: Dtype, bytes: &[u8]| {
            let mut values = Vec::new();
            dtype.append_f32(bytes, &mut values);
            values
        };
        assert_eq!(read(Dtype::F32, &1.5_f32.to_le_bytes()), [1.5]);
        assert_eq!(read(Dtype::F64, &0.1_f64.to_le_bytes()), [0.1_f32]);
        assert_eq!(read(Dtype::F64, &1e300_f64.to_le_bytes()), [f32::INFINITY]);
        // One, the largest f16, the smallest subnormal, minus two, and half a value, which is dropped.
        assert_eq!(
            read(Dtype::F16, &[0x00, 0x3c, 0xff, 0x7b, 0x01, 0x00, 0x00, 0xc0, 0x77]),
            [1.0, 65504.0, 2.0_f32.powi(-24), -2.0]
        );
        assert_eq!(read(Dtype::Bf16, &[0x80, 0x3f, 0x49, 0xc0]), [1.0, -3.140625]);
    }
}
