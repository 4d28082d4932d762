//! The safetensors container: eight bytes with the length of the header, a JSON header, and arrays without gaps.
//!
//! When a file is read, its content is trusted step by step:
//! 1. the header's length, once it is below the file's size and the limit;
//! 2. the number and the sizes of its entries, once a scan has counted brackets and commas (before JSON is parsed, whose
//!    memory they decide);
//! 3. the arrays' lengths, once `header.rs` has found that they follow from the shapes and leave no gap, and
//!    their sum is what the file holds;
//! 4. the content, once its SHA-256 is right (the callers check structure first, since those errors say more).

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use crate::bits;
use crate::error::Problem;
use crate::header::{Header, Stored};
use crate::limits;
use ndarray::{ArrayD, IxDyn};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, Read};
use striate_base::floats::each_block;
use striate_base::memory::OutOfMemory;
use striate_base::memory::{read_exactly, reserved};
use striate_graph::Params;

const HASH: &str = "striate.sha256";

/// The kinds of files that Striate writes; the metadata has the version under the kind's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Model,
    Checkpoint,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Model, Self::Checkpoint];
    pub(crate) const VERSION: &str = "1";

    /// The kind of a file with this metadata; `None` for other programs' files.
    #[cfg(feature = "weights")]
    pub(crate) fn of(header: &Header) -> Option<Self> {
        let metadata = &header.metadata;
        Self::ALL.into_iter().find(|kind| metadata.contains_key(kind.key()))
    }

    fn key(self) -> &'static str {
        match self {
            Self::Model => "striate.format",
            Self::Checkpoint => "striate.checkpoint",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Checkpoint => "checkpoint",
        }
    }
}

/// Text entries and arrays.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Container {
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) tensors: Params,
}

impl Container {
    pub(crate) fn new(kind: Kind) -> Self {
        let metadata = BTreeMap::from([(kind.key().to_string(), Kind::VERSION.to_string())]);
        Self { metadata, tensors: Params::default() }
    }

    /// An entry of the metadata.
    pub(crate) fn entry(&self, key: &'static str) -> Result<&str, Problem> {
        self.metadata.get(key).map(String::as_str).ok_or(Problem::Missing { key })
    }

    /// An entry of the metadata that is JSON.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, key: &'static str) -> Result<T, Problem> {
        serde_json::from_str(self.entry(key)?).map_err(|e| Problem::Entry { key, reason: e.to_string() })
    }

    pub(crate) fn put_json(&mut self, key: &'static str, value: &impl serde::Serialize) {
        self.metadata.insert(key.to_string(), json_text(value));
    }

    /// The file's bytes, which include the hash of the content.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, Problem> {
        let hash = (HASH.to_string(), self.sha256());
        let mut metadata = self.metadata.clone();
        metadata.extend([hash]);
        let mut header = format!("{{\"__metadata__\":{}", json_text(&metadata));
        let mut end = 0;
        for (name, array) in self.tensors.iter() {
            check_limit("sizes of an array", limits::RANK, array.ndim())?;
            let start = end;
            end += 4 * array.len();
            let shape = json_text(&array.shape());
            header += &format!(
                ",{}:{{\"dtype\":\"F32\",\"shape\":{shape},\"data_offsets\":[{start},{end}]}}",
                json_text(&name)
            );
        }
        header.push('}');
        // Spaces up to a multiple of 8, so that the arrays can be memory-mapped.
        let length = header.len().next_multiple_of(8);
        check_limit("arrays in a file", limits::TENSORS, self.tensors.len())?;
        check_limit("bytes of the header", limits::HEADER_BYTES as usize, length)?;
        let mut bytes = reserved(8 + length + end)?;
        bytes.extend((length as u64).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.resize(8 + length, b' ');
        self.tensors.iter().for_each(|(_, array)| bytes.extend(array.iter().flat_map(|v| v.to_le_bytes())));
        Ok(bytes)
    }

    /// Reads a file of `file_bytes` bytes, which must be of this kind. The hash is not checked yet.
    pub(crate) fn read(from: &mut dyn Read, file_bytes: u64, kind: Kind) -> Result<Self, Problem> {
        let (header, data_at) = read_header(from, file_bytes)?;
        let failed = |error| failed(&error, file_bytes);
        let damaged = |reason: String| Problem::Header { reason };
        check_kind(&header, kind)?;
        check_data_length(&header, file_bytes, data_at)?;
        let mut tensors = Params::default();
        for (name, info) in header.arrays {
            check_limit("sizes of an array", limits::RANK, info.shape.len())?;
            // The lengths are known to follow from the shapes and to be within the file.
            let bytes = info.data_offsets.1.saturating_sub(info.data_offsets.0);
            match info.dtype {
                Stored::F32 => {
                    let values = bits::read_f32(from, bytes / 4).map_err(failed)?;
                    let array = ArrayD::from_shape_vec(IxDyn(&info.shape), values);
                    tensors
                        .insert(name.clone(), array.map_err(|e| damaged(format!("the array {name}: {e}")))?);
                }
                // PyTorch's counter of batches, which evaluation does not use.
                Stored::I64 if name.ends_with("num_batches_tracked") => {
                    io::copy(&mut from.take(bytes as u64), &mut io::sink()).map_err(failed)?;
                }
                other => return Err(Problem::Dtype { tensor: name, got: other.to_string() }),
            }
        }
        Ok(Self { metadata: header.metadata, tensors })
    }

    /// Compares the content with the hash that was written with it.
    pub(crate) fn check_hash(&self) -> Result<(), Problem> {
        let (expected, got) = (self.entry(HASH)?.to_string(), self.sha256());
        if expected == got { Ok(()) } else { Err(Problem::Hash { expected, got }) }
    }

    /// The SHA-256 of everything except itself: each text preceded by its length, then the arrays with their shapes.
    fn sha256(&self) -> String {
        let mut hasher = bits::Hasher::default();
        let mut text = |text: &str| {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text);
        };
        for (key, value) in self.metadata.iter().filter(|(key, _)| *key != HASH) {
            text(key);
            text(value);
        }
        for (name, array) in self.tensors.iter() {
            hasher.update((name.len() as u64).to_le_bytes());
            hasher.update(name);
            array.shape().iter().for_each(|&size| hasher.update((size as u64).to_le_bytes()));
            each_block(array, |block| hasher.update(block));
        }
        hasher.hex()
    }
}

/// Reads the header of a file of `file_bytes` bytes; gives it and the place of the first array. How much follows is not
/// yet checked.
pub(crate) fn read_header(from: &mut dyn Read, file_bytes: u64) -> Result<(Header, u64), Problem> {
    let failed = |error| failed(&error, file_bytes);
    let mut length = [0; 8];
    from.read_exact(&mut length).map_err(failed)?;
    let header_bytes = u64::from_le_bytes(length);
    if header_bytes > limits::HEADER_BYTES || header_bytes > file_bytes.saturating_sub(8) {
        return Err(Problem::HeaderLength { header_bytes, file_bytes });
    }
    let header = read_exactly(from, header_bytes).map_err(failed)?;
    scan(&header)?;
    let read: Header = serde_json::from_slice(&header)
        .map_err(|e| Problem::Header { reason: culprit(&header).unwrap_or_else(|| e.to_string()) })?;
    check_limit("arrays in a file", limits::TENSORS, read.arrays.len())?;
    Ok((read, header_bytes.saturating_add(8)))
}

/// The problem that an I/O error means for a file of this size.
fn failed(error: &io::Error, file_bytes: u64) -> Problem {
    match OutOfMemory::of(error) {
        Some(error) => Problem::Memory(error),
        None => Problem::TooShort { file_bytes },
    }
}

/// That the file holds as many bytes of arrays as its header describes.
pub(crate) fn check_data_length(header: &Header, file_bytes: u64, data_at: u64) -> Result<(), Problem> {
    let (expected, got) = (header.data_bytes(), file_bytes.saturating_sub(data_at));
    if expected == got { Ok(()) } else { Err(Problem::DataLength { expected, got }) }
}

#[expect(
    clippy::expect_used,
    reason = "what is written is plain data with text as keys, which JSON has a form for"
)]
fn json_text(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("plain data has a JSON form")
}

pub(crate) fn check_limit(what: &'static str, limit: usize, got: usize) -> Result<(), Problem> {
    if got <= limit { Ok(()) } else { Err(Problem::Limit { what, limit: limit as u64, got: got as u64 }) }
}

fn check_kind(header: &Header, expected: Kind) -> Result<(), Problem> {
    let (metadata, arrays) = (&header.metadata, &header.arrays);
    let Some(kind) = Kind::ALL.into_iter().find(|kind| metadata.contains_key(kind.key())) else {
        return Err(Problem::Foreign {
            tensors: arrays.len(),
            names: arrays.iter().take(4).map(|(name, _)| name.clone()).collect(),
        });
    };
    if kind != expected {
        return Err(Problem::Kind { expected: expected.name(), got: kind.name() });
    }
    match metadata.get(kind.key()).map(String::as_str).unwrap_or_default() {
        Kind::VERSION => Ok(()),
        got => Err(Problem::Version { expected: Kind::VERSION, got: got.to_string() }),
    }
}

/// The first array whose place is not as long as its shape asks for.
fn culprit(header: &[u8]) -> Option<String> {
    let entries: BTreeMap<String, Value> = serde_json::from_slice(header).ok()?;
    entries.iter().find_map(|(name, entry)| {
        let numbers =
            |key: &str| -> Option<Vec<u64>> { serde_json::from_value(entry.get(key)?.clone()).ok() };
        let (shape, offsets) = (numbers("shape")?, numbers("data_offsets")?);
        let dtype: Stored = serde_json::from_value(entry.get("dtype")?.clone()).ok()?;
        let bits = shape.iter().try_fold(dtype.bits() as u64, |bits, &size| bits.checked_mul(size));
        let got = offsets.get(1)?.checked_sub(*offsets.first()?);
        let fits = bits.is_some_and(|bits| Some(bits / 8) == got);
        (!fits)
            .then(|| format!("the array {name}, {dtype} of shape {shape:?}, occupies the bytes {offsets:?}"))
    })
}

/// Counts brackets and commas outside of strings, which determine how much memory parsing takes.
fn scan(header: &[u8]) -> Result<(), Problem> {
    let (mut depth, mut objects, mut commas) = (0_usize, 0, 0);
    let (mut in_string, mut escaped) = (false, false);
    for &byte in header {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = byte == b'\\' && !escaped;
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                objects += usize::from(byte == b'{');
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => commas += 1,
            _ => {}
        }
        check_limit("nested brackets in the header", 4, depth)?;
    }
    check_limit("entries in the header", limits::TENSORS + 2, objects)?;
    check_limit("commas in the header", (limits::RANK + 6) * limits::TENSORS, commas)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_do_not_count_and_nested_ones_do() {
        assert!(scan(br#"{"a": "[[[[[[[[\"[[[", "b": {"shape": [1, 2]}}"#).is_ok());
        assert!(scan(b"[[[[[").is_err());
        assert!(scan(&b"{}".repeat(limits::TENSORS + 3)).is_err());
        assert!(scan(&b",".repeat(20 * limits::TENSORS)).is_err());
    }

    #[test]
    fn the_hash_covers_names_shapes_values_and_texts() {
        let array = |shape: &[usize], v: f32| ArrayD::from_elem(IxDyn(shape), v);
        let make = |name: &str, shape: &[usize], v: f32, text: &str| {
            let mut container = Container::new(Kind::Model);
            container.tensors.insert(name, array(shape, v));
            container.metadata.insert("k".into(), text.into());
            container.sha256()
        };
        let base = make("a", &[2, 3], 1.0, "t");
        assert_eq!(base, make("a", &[2, 3], 1.0, "t"));
        for other in [
            make("b", &[2, 3], 1.0, "t"),
            make("a", &[3, 2], 1.0, "t"),
            make("a", &[2, 3], 2.0, "t"),
            make("a", &[2, 3], 1.0, "u"),
        ] {
            assert_ne!(base, other);
        }
    }
}
