//! The container of torch 0.1.10 to 1.5: several pickles, then the values.
//!
//! ```text
//! magic  version  system  object  [keys]   then for each key: count (i64), values
//! ```
//! All numbers are little-endian; the type of the values is given with the storage inside `object`.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use super::opened::Opened;
use super::pickle::{self, Input, Pickle, Value};
use super::{Place, PthError, Source, state_dict, tensors};
use std::collections::BTreeMap;

/// The number in the first pickle, which identifies these files.
const MAGIC: i128 = 0x1950_a86a_20f9_469c_fc6c;
const VERSION: i128 = 1001;

pub(super) fn open(source: &mut Source<'_>) -> Result<Opened, PthError> {
    let file_bytes = source.file_bytes;
    let mut stream = source.stream(0)?;
    let mut input = Input::new(&mut stream, 0, file_bytes);
    let mut read = |part| pickle::read(&mut input).map_err(|error| PthError::Pickle { part, error });
    let magic = read("the first pickle")?;
    if magic.whole_number() != Some(MAGIC) {
        let got = format!("a pickle of {}", state_dict::summary(&magic));
        let expected = "torch's magic number 0x1950a86a20f9469cfc6c, as torch.save writes it";
        return Err(PthError::part("the first pickle", expected, got));
    }
    let version = read("the version's pickle")?;
    if version.whole_number() != Some(VERSION) {
        let got = match version.whole_number() {
            Some(number) => number.to_string(),
            None => version.get(version.root).kind().to_string(),
        };
        return Err(PthError::part("the version", VERSION.to_string(), got));
    }
    let system = read("the system's pickle")?;
    let little = system.entry(system.root, "little_endian").map(|id| system.get(id));
    if !matches!(little, Some(Value::Bool(true))) {
        return Err(PthError::part("the system", "little-endian numbers", "others"));
    }
    let object = read("the object's pickle")?;
    let keys = read("the keys' pickle")?;
    let at = input.at;
    drop(stream);
    let places =
        places(source, &object, &keys, at)?.into_iter().map(|(key, place)| (key, Ok(place))).collect();
    Ok(Opened { pickle: object, places, tensors: None })
}

/// The position of each storage: they follow each other in the order of `keys`, and fill the file.
fn places(
    source: &mut Source<'_>,
    object: &Pickle,
    keys: &Pickle,
    mut at: u64,
) -> Result<BTreeMap<String, Place>, PthError> {
    let mut storages: BTreeMap<String, _> =
        tensors::storages(object)?.into_iter().map(|storage| (storage.key.clone(), storage)).collect();
    let Value::List(listed) = keys.get(keys.root) else {
        return Err(PthError::part("the keys", "a list", keys.get(keys.root).kind()));
    };
    let mut places = BTreeMap::new();
    for &id in listed {
        let key = keys.text(id).ok_or_else(|| PthError::part("a key", "a string", keys.get(id).kind()))?;
        let storage = storages.remove(key).ok_or_else(|| {
            PthError::part(format!("storage {key}"), "one of the object's, once", "another")
        })?;
        let count = source.number(at)?;
        if i128::from(count) != i128::from(storage.values) {
            let expected = format!("{} values", storage.values);
            return Err(PthError::part(format!("storage {key}"), expected, count.to_string()));
        }
        let place = Place { at: at + 8, values: storage.values, dtype: storage.dtype, crc: None };
        let length = storage.values.saturating_mul(storage.dtype.size() as u64);
        source.check(place.at, length)?;
        at = place.at + length;
        places.insert(key.to_string(), place);
    }
    if let Some((key, _)) = storages.first_key_value() {
        return Err(PthError::part(format!("storage {key}"), "its values in the file", "none"));
    }
    match source.file_bytes - at {
        0 => Ok(places),
        left => Err(PthError::part("the end of the file", "nothing more", format!("{left} bytes"))),
    }
}
