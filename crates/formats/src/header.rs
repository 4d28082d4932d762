//! The header of safetensors: the arrays of a file with their types, shapes and positions.
//!
//! ```text
//! { "__metadata__": { KEY: TEXT, ... }, NAME: { "dtype": "F32", "shape": [...], "data_offsets": [START, END] }, ... }
//! ```
//! Arrays follow each other without a gap, and each has the length that its type and shape determine; any other header is
//! rejected.
//!
//! # Source
//! The format as the crate `safetensors` reads it; tests compare the two.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// The type of an array's values, by the name that it has in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[allow(non_camel_case_types, clippy::upper_case_acronyms)]
pub(crate) enum Stored {
    BOOL,
    F4,
    F6_E2M3,
    F6_E3M2,
    U8,
    I8,
    F8_E5M2,
    F8_E4M3,
    F8_E8M0,
    F8_E4M3FNUZ,
    F8_E5M2FNUZ,
    I16,
    U16,
    F16,
    BF16,
    I32,
    U32,
    F32,
    C64,
    F64,
    I64,
    U64,
}

impl Stored {
    /// Bits of one value.
    pub(crate) fn bits(self) -> usize {
        match self {
            Self::F4 => 4,
            Self::F6_E2M3 | Self::F6_E3M2 => 6,
            Self::BOOL | Self::U8 | Self::I8 => 8,
            Self::F8_E5M2 | Self::F8_E4M3 | Self::F8_E8M0 | Self::F8_E4M3FNUZ | Self::F8_E5M2FNUZ => 8,
            Self::I16 | Self::U16 | Self::F16 | Self::BF16 => 16,
            Self::I32 | Self::U32 | Self::F32 => 32,
            Self::C64 | Self::F64 | Self::I64 | Self::U64 => 64,
        }
    }
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// One array.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Entry {
    pub(crate) dtype: Stored,
    pub(crate) shape: Vec<usize>,
    /// Its first byte and the one behind its last, counted from the first array on.
    pub(crate) data_offsets: (usize, usize),
}

/// A header whose arrays lie as they should.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Fields")]
pub(crate) struct Header {
    /// The text entries.
    pub(crate) metadata: BTreeMap<String, String>,
    /// The arrays by name, in the order in which they lie.
    pub(crate) arrays: Vec<(String, Entry)>,
}

/// A header as it stands in a file, not yet checked.
#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "__metadata__")]
    metadata: Option<BTreeMap<String, String>>,
    #[serde(flatten)]
    arrays: BTreeMap<String, Entry>,
}

impl TryFrom<Fields> for Header {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        let mut arrays: Vec<(String, Entry)> = fields.arrays.into_iter().collect();
        arrays.sort_by_key(|(_, entry)| entry.data_offsets);
        let mut at = 0;
        for (name, entry) in &arrays {
            let (start, end) = entry.data_offsets;
            if start != at || end < start {
                return Err(format!("invalid offset for tensor `{name}`"));
            }
            at = end;
            let values = entry.shape.iter().try_fold(1_usize, |values, &size| values.checked_mul(size));
            let Some(bits) = values.and_then(|values| values.checked_mul(entry.dtype.bits())) else {
                return Err("overflow computing buffer size from shape and/or element type".into());
            };
            if bits % 8 != 0 || end - start != bits / 8 {
                return Err("invalid shape, data type, or offset for tensor".into());
            }
        }
        Ok(Self { metadata: fields.metadata.unwrap_or_default(), arrays })
    }
}

impl Header {
    /// Bytes of all arrays.
    pub(crate) fn data_bytes(&self) -> u64 {
        self.arrays.last().map_or(0, |(_, entry)| entry.data_offsets.1 as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safetensors::tensor::Metadata;

    const TYPES: [Stored; 22] = [
        Stored::BOOL,
        Stored::F4,
        Stored::F6_E2M3,
        Stored::F6_E3M2,
        Stored::U8,
        Stored::I8,
        Stored::F8_E5M2,
        Stored::F8_E4M3,
        Stored::F8_E8M0,
        Stored::F8_E4M3FNUZ,
        Stored::F8_E5M2FNUZ,
        Stored::I16,
        Stored::U16,
        Stored::F16,
        Stored::BF16,
        Stored::I32,
        Stored::U32,
        Stored::F32,
        Stored::C64,
        Stored::F64,
        Stored::I64,
        Stored::U64,
    ];

    #[test]
    fn types_are_called_and_as_wide_as_in_the_crate() {
        for dtype in TYPES {
            let theirs: safetensors::Dtype = serde_json::from_str(&format!("\"{dtype}\"")).unwrap();
            assert_eq!((theirs.to_string(), theirs.bitsize()), (dtype.to_string(), dtype.bits()));
        }
    }

    /// Both say the same of a header: its arrays, or that it is none.
    fn compare(text: &str) {
        let theirs = serde_json::from_str::<Metadata>(text);
        match (serde_json::from_str::<Header>(text), theirs) {
            (Ok(ours), Ok(theirs)) => {
                let names: Vec<&String> = ours.arrays.iter().map(|(name, _)| name).collect();
                assert_eq!(names.len(), theirs.offset_keys().len(), "{text}");
                for (name, entry) in &ours.arrays {
                    let info = theirs.info(name).unwrap();
                    assert_eq!(
                        (&info.shape, info.data_offsets),
                        (&entry.shape, entry.data_offsets),
                        "{text}"
                    );
                    assert_eq!(info.dtype.to_string(), entry.dtype.to_string());
                }
                assert_eq!(ours.data_bytes(), theirs.data_len() as u64);
                let metadata: BTreeMap<_, _> =
                    theirs.metadata().clone().unwrap_or_default().into_iter().collect();
                assert_eq!(ours.metadata, metadata);
            }
            (Err(_), Err(_)) => {}
            (ours, theirs) => panic!("{text}: {ours:?}, {theirs:?}"),
        }
    }

    #[test]
    fn headers_are_read_and_refused_as_by_the_crate() {
        let a = r#""a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}"#;
        let b = r#""b": {"dtype": "BF16", "shape": [], "data_offsets": [24, 26]}"#;
        let none = r#""c": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}"#;
        let text = r#""__metadata__": {"k": "v"}"#;
        for whole in [
            format!("{{{a}, {b}}}"),
            format!("{{{b}, {text}, {a}}}"),
            format!("{{{none}, {a}}}"),
            format!("{{{text}}}"),
            "{}".into(),
        ] {
            assert!(serde_json::from_str::<Header>(&whole).is_ok(), "{whole}");
            compare(&whole);
            for (old, new) in [
                ("24", "23"),
                ("24", "25"),
                ("[0,", "[1,"),
                ("[0,", "[-1,"),
                ("[2, 3]", "[3, 3]"),
                ("[2, 3]", "[-2, 3]"),
                ("[2, 3]", "[4611686018427387904, 6]"),
                ("F32", "F4"),
                ("F32", "F6_E2M3"),
                ("F32", "f32"),
                ("\"v\"", "1"),
                ("\"dtype\"", "\"type\""),
                ("\"b\"", "\"a\""),
                ("\"a\"", "\"__metadata__\""),
                ("\"k\"", "\"\""),
                ("[]", "[1]"),
                ("}", "} "),
                ("[0, 24]", "[0, 24, 24]"),
                ("[0, 24]", "[24, 0]"),
                ("\"shape\"", "\"x\": 1, \"shape\""),
            ] {
                compare(&whole.replace(old, new));
                compare(&whole.replacen(old, new, 1));
            }
            (0..whole.len()).for_each(|length| compare(&whole[..length]));
        }
    }
}
