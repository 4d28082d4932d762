//! `.pth` files, which `torch.save` writes: a pickle and raw values, in one of three containers.
//!
//! | container | since | pickles | values |
//! | --- | --- | --- | --- |
//! | [`zip`] | 1.6, 2020 | `ROOT/data.pkl` | an entry `ROOT/data/KEY` per storage |
//! | [`legacy`] | 0.1.10, 2017 | five in a row: magic, version, system, object, keys | after them: count and values for each key |
//! | [`tar`] | before | `pickle`, and more inside the other two | in `storages`; shapes in `tensors` |
//!
//! They are distinguished by content. A container provides the pickle that describes the object and, for each storage, the
//! position of its values ([`Opened`]); `tensors.rs` turns that into arrays. No code in a file is run: see [`pickle`].
//!
//! # Source
//! Paszke et al. 2019; the formats are those that `torch/serialization.py` reads.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod error;
mod legacy;
mod opened;
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

use crate::limits;
use crate::weights::{Container, Found, StateDict};
use opened::{Opened, Storage};
use pickle::{Input, Pickle};

/// A `.pth` of which everything except the values has been read.
pub(crate) struct Pth {
    opened: Opened,
    dicts: Vec<state_dict::Entries>,
}

impl Pth {
    /// Opens a `.pth` in any of the containers.
    pub(crate) fn open(source: &mut Source<'_>, container: Container) -> Result<Self, PthError> {
        let opened = match container {
            Container::PthZip => open_zip(source)?,
            Container::PthLegacy => legacy::open(source)?,
            _ => tar::open(source)?,
        };
        let dicts = state_dict::find(&opened.pickle)?;
        Ok(Self { opened, dicts })
    }

    /// The dictionaries of tensors in it, at least one.
    pub(crate) fn dicts(&self) -> Vec<StateDict> {
        self.dicts.iter().map(|dict| tensors::describe(&self.opened, dict)).collect()
    }

    /// Reads the tensors of a dictionary.
    pub(crate) fn read(&self, source: &mut Source<'_>, dict: usize) -> Result<Found, PthError> {
        let none =
            || PthError::part("the dictionary", format!("one of {}", self.dicts.len()), dict.to_string());
        tensors::load(source, &self.opened, self.dicts.get(dict).ok_or_else(none)?)
    }
}

fn open_zip(source: &mut Source<'_>) -> Result<Opened, PthError> {
    let entries = zip::directory(source)?;
    if let Some(other) = other_archive(entries.keys()) {
        return Err(other);
    }
    let mut roots = entries.keys().filter_map(|name| name.strip_suffix("/data.pkl"));
    let (Some(root), None) = (roots.next(), roots.next()) else {
        return Err(PthError::part(
            "the zip",
            "one entry NAME/data.pkl",
            format!("{} others", entries.len()),
        ));
    };
    if let Some(entry) = entries.get(&format!("{root}/byteorder")) {
        let order = whole(source, "byteorder", entry, 16)?;
        if order != b"little" {
            return Err(PthError::part("byteorder", "little", String::from_utf8_lossy(&order)));
        }
    }
    let name = format!("{root}/data.pkl");
    let entry = entries.get(&name).ok_or_else(|| PthError::part(&name, "an entry of the zip", "none"))?;
    let bytes = whole(source, &name, entry, limits::PICKLE_BYTES)?;
    let pickle = one_pickle(&bytes)?;
    let place = |storage: &Storage| {
        let name = format!("{root}/data/{}", storage.key);
        let entry = entries
            .get(&name)
            .ok_or_else(|| PthError::part(&name, "an entry of the zip", "none of that name"))?;
        entry.check_stored(&name)?;
        // CVE-2026-24747: a storage that claims to be longer than its entry.
        if storage.values.checked_mul(storage.dtype.size() as u64) != Some(entry.bytes) {
            let expected = format!("{} values of {}", storage.values, storage.dtype.name());
            return Err(PthError::part(&name, expected, format!("{} bytes", entry.bytes)));
        }
        Ok(Place { at: entry.at, values: storage.values, dtype: storage.dtype, crc: Some(entry.crc) })
    };
    let storages = tensors::storages(&pickle)?;
    let places = storages.into_iter().map(|storage| (storage.key.clone(), place(&storage))).collect();
    Ok(Opened { pickle, places, tensors: None })
}

/// What a zip with these entries is, if it was not written by torch.save but is of another known kind.
fn other_archive<'a>(mut names: impl Iterator<Item = &'a String> + Clone) -> Option<PthError> {
    let any = |end: &str| names.clone().any(|name| name.ends_with(end));
    let (what, how) = if any("/constants.pkl") {
        (
            "a TorchScript archive, which holds a program",
            "torch.save(torch.jit.load(FILE).state_dict(), OTHER)",
        )
    } else if any("/archive_format") || any("serialized_exported_program.json") {
        (
            "an archive of torch.export, which holds a program",
            "torch.save(torch.export.load(FILE).state_dict, OTHER)",
        )
    } else if any("model.weights.h5") {
        ("a model of Keras", "safetensors.numpy.save_file(ARRAYS_BY_NAME, OTHER)")
    } else if names.all(|name| name.ends_with(".npy")) {
        ("an archive of NumPy", "safetensors.numpy.save_file(dict(numpy.load(FILE)), OTHER)")
    } else {
        return None;
    };
    Some(PthError::Archive { what, how })
}

/// The content of a small entry, after its CRC-32 was checked.
fn whole(source: &mut Source<'_>, name: &str, entry: &zip::Entry, limit: u64) -> Result<Vec<u8>, PthError> {
    if entry.bytes > limit {
        return Err(PthError::part(name, format!("at most {limit} bytes"), entry.bytes.to_string()));
    }
    entry.check_stored(name)?;
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
