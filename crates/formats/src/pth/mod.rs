//! `.pth`, what `torch.save` writes: a pickle and raw values, in one of three containers.
//!
//! | container | since | pickles | values |
//! | --- | --- | --- | --- |
//! | [`zip`] | 1.6, 2020 | `ROOT/data.pkl` | an entry `ROOT/data/KEY` a storage |
//! | [`legacy`] | 0.1.10, 2017 | five in a row: magic, version, system, object, keys | behind them: count, values, for each key |
//! | [`tar`] | before | `pickle`, and more inside the two others | in `storages`; shapes in `tensors` |
//!
//! They are told apart by content. A container gives the pickle that describes the object and, for each storage, where
//! its values lie ([`Opened`]); `tensors.rs` turns that into arrays. Nothing in a file is run: see [`pickle`].
//!
//! # Source
//! Paszke et al. 2019; the formats as `torch/serialization.py` reads them.

mod error;
mod legacy;
mod pickle;
mod source;
mod state_dict;
mod tar;
mod tensors;
mod zip;

pub use error::PthError;
pub use pickle::PickleError;
pub(crate) use source::{Place, ReadSeek, Source};
pub use zip::ZipError;

use crate::dtype::Dtype;
use crate::limits;
use crate::weights::{Container, Found};
use pickle::{Input, Pickle, Value};
use std::collections::BTreeMap;
use tensors::Tensor;

/// A container of which the pickle was read.
struct Opened {
    pickle: Pickle,
    /// Where the values of each storage lie.
    places: BTreeMap<String, Place>,
    /// What references out of the pickle mean, where they are tensors rather than storages (tar alone).
    tensors: Option<BTreeMap<String, Tensor>>,
}

/// Reads the weights of a `.pth` in whatever container.
pub(crate) fn read(source: &mut Source<'_>, container: Container) -> Result<Found, PthError> {
    let opened = match container {
        Container::PthZip => open_zip(source)?,
        Container::PthLegacy => legacy::open(source)?,
        _ => tar::open(source)?,
    };
    let state = state_dict::find(&opened.pickle)?;
    tensors::load(source, &opened, &state)
}

fn open_zip(source: &mut Source<'_>) -> Result<Opened, PthError> {
    let entries = zip::directory(source)?;
    let mut roots = entries.keys().filter_map(|name| name.strip_suffix("/data.pkl"));
    let (Some(root), None) = (roots.next(), roots.next()) else {
        return Err(PthError::part(
            "the zip",
            "one entry NAME/data.pkl",
            format!("{} others", entries.len()),
        ));
    };
    if entries.contains_key(&format!("{root}/constants.pkl")) {
        return Err(PthError::TorchScript);
    }
    if let Some(entry) = entries.get(&format!("{root}/byteorder")) {
        let order = whole(source, "byteorder", entry, 16)?;
        if order != b"little" {
            return Err(PthError::part("byteorder", "little", String::from_utf8_lossy(&order)));
        }
    }
    let name = format!("{root}/data.pkl");
    let bytes = whole(source, &name, &entries[&name], limits::PICKLE_BYTES)?;
    let pickle = one_pickle(&bytes)?;
    let mut places = BTreeMap::new();
    for storage in tensors::storages(&pickle)? {
        let name = format!("{root}/data/{}", storage.key);
        let entry = entries
            .get(&name)
            .ok_or_else(|| PthError::part(&name, "an entry of the zip", "none of that name"))?;
        // CVE-2026-24747: a storage that is said to be longer than its entry.
        if storage.values.checked_mul(storage.dtype.size() as u64) != Some(entry.bytes) {
            let expected = format!("{} values of {}", storage.values, storage.dtype.name());
            return Err(PthError::part(&name, expected, format!("{} bytes", entry.bytes)));
        }
        let place =
            Place { at: entry.at, values: storage.values, dtype: storage.dtype, crc: Some(entry.crc) };
        places.insert(storage.key, place);
    }
    Ok(Opened { pickle, places, tensors: None })
}

/// The content of a small entry, whose CRC-32 was checked.
fn whole(source: &mut Source<'_>, name: &str, entry: &zip::Entry, limit: u64) -> Result<Vec<u8>, PthError> {
    if entry.bytes > limit {
        return Err(PthError::part(name, format!("at most {limit} bytes"), entry.bytes.to_string()));
    }
    let bytes = source.bytes(entry.at, entry.bytes)?;
    match crc32fast::hash(&bytes) {
        got if got == entry.crc => Ok(bytes),
        got => Err(PthError::Crc { entry: name.to_string(), expected: entry.crc, got }),
    }
}

fn one_pickle(bytes: &[u8]) -> Result<Pickle, PthError> {
    let mut from = bytes;
    let mut input = Input::new(&mut from, 0, bytes.len() as u64);
    let pickle = pickle::read(&mut input).map_err(|error| PthError::Pickle { part: "data.pkl", error })?;
    match bytes.len() as u64 - input.at {
        0 => Ok(pickle),
        left => Err(PthError::part("data.pkl", "its end after STOP", format!("{left} bytes more"))),
    }
}

/// The whole number that a pickle consists of.
fn whole_number(pickle: &Pickle) -> Option<i128> {
    match pickle.get(pickle.root) {
        Value::Int(number) => Some(*number),
        _ => None,
    }
}

/// A storage as a pickle names it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Storage {
    key: String,
    dtype: Dtype,
    values: u64,
}
