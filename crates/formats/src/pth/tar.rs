//! The container of torch 0.1: a tar of `sys_info`, `pickle`, `storages` and `tensors`.
//!
//! ```text
//! storages   count; for each: (key, device, type) as a pickle, number of values (i64), values; then a pickle of views
//! tensors    count; for each: (key, storage, type) as a pickle, rank (i32, padded to 8), sizes, strides, offset (i64)
//! pickle     the object, in which tensors stand as their keys
//! ```
//! Counts and keys are pickles or text of integers.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use super::opened::{Opened, Tensor, key};
use super::pickle::{self, Global, Id, Input, Pickle, Value};
use super::{Place, PthError, Source};
use crate::limits;
use std::collections::BTreeMap;

const BLOCK: u64 = 512;
const NAMES: [&str; 4] = ["sys_info", "pickle", "storages", "tensors"];

/// Position of a member: its first byte and the one after its last.
type Member = (u64, u64);

pub(super) fn open(source: &mut Source<'_>) -> Result<Opened, PthError> {
    let members = members(source)?;
    let member = |name: &'static str| {
        members
            .get(name)
            .copied()
            .ok_or_else(|| PthError::part("the tar", format!("a member `{name}`"), "none"))
    };
    let system = at_pickle(source, member("sys_info")?, "sys_info")?;
    let little = system.entry(system.root, "little_endian").map(|id| system.get(id));
    if !matches!(little, Some(Value::Bool(true))) {
        return Err(PthError::part("sys_info", "little-endian numbers", "others"));
    }
    let (places, views) = storages(source, member("storages")?)?;
    let tensors = tensors(source, member("tensors")?, &views)?;
    let pickle = at_pickle(source, member("pickle")?, "pickle")?;
    let places = places.into_iter().map(|(key, place)| (key, Ok(place))).collect();
    Ok(Opened { pickle, places, tensors: Some(tensors) })
}

/// Name and position of each member; only the four that torch wrote may be there, each once.
fn members(source: &mut Source<'_>) -> Result<BTreeMap<&'static str, Member>, PthError> {
    let (mut members, mut at) = (BTreeMap::new(), 0);
    loop {
        let header = source.bytes(at, BLOCK)?;
        if header.iter().all(|&byte| byte == 0) {
            return Ok(members);
        }
        let text = |range: std::ops::Range<usize>| {
            let field: &[u8] = header.get(range).unwrap_or_default();
            let text = field.split(|&byte| byte == 0).next().unwrap_or_default();
            String::from_utf8_lossy(text).trim().to_string()
        };
        let name = text(0..100);
        let octal = |range| u64::from_str_radix(&text(range), 8).ok();
        // The checksum counts its own field as spaces.
        let sum = header
            .iter()
            .enumerate()
            .map(|(i, &b)| u64::from(if (148..156).contains(&i) { b' ' } else { b }));
        if octal(148..156) != Some(sum.sum()) {
            return Err(PthError::part(
                format!("byte {at} of the tar"),
                "a header with its checksum",
                "another",
            ));
        }
        let size = octal(124..136).ok_or_else(|| {
            PthError::part(format!("`{name}` in the tar"), "a size in octal", text(124..136))
        })?;
        let known = NAMES.into_iter().find(|known| *known == name);
        let (Some(known), Some(b'0' | 0)) = (known, header.get(156)) else {
            let expected = format!("the files {}", NAMES.join(", "));
            return Err(PthError::part("the tar", expected, format!("`{}`", name.escape_debug())));
        };
        source.check(at + BLOCK, size)?;
        if members.insert(known, (at + BLOCK, at + BLOCK + size)).is_some() {
            return Err(PthError::part("the tar", format!("`{known}` once"), "twice"));
        }
        at += BLOCK + size.next_multiple_of(BLOCK);
    }
}

/// The pickle at the start of a member.
fn at_pickle(source: &mut Source<'_>, member: Member, part: &'static str) -> Result<Pickle, PthError> {
    next_pickle(source, member, part).map(|(pickle, _)| pickle)
}

/// The pickle at the start of these bytes, and where it ends.
fn next_pickle(
    source: &mut Source<'_>,
    (at, end): Member,
    part: &'static str,
) -> Result<(Pickle, u64), PthError> {
    let mut stream = source.stream(at)?;
    let mut input = Input::new(&mut stream, at, end);
    let pickle = pickle::read(&mut input).map_err(|error| PthError::Pickle { part, error })?;
    Ok((pickle, input.at))
}

/// The number of items that follow.
fn count(source: &mut Source<'_>, member: Member, part: &'static str) -> Result<(u64, u64), PthError> {
    let (pickle, at) = next_pickle(source, member, part)?;
    match pickle.whole_number().and_then(|count| u64::try_from(count).ok()) {
        Some(count) if count <= limits::TENSORS as u64 => Ok((count, at)),
        _ => {
            let expected = format!("a count of at most {}", limits::TENSORS);
            Err(PthError::part(part, expected, pickle.get(pickle.root).kind()))
        }
    }
}

/// A view of a storage: its key, first value, number of values.
type View = (String, u64, u64);
type Views = BTreeMap<String, View>;
type Places = BTreeMap<String, Place>;

/// The positions of the storages, and the parts of them that have keys of their own.
fn storages(source: &mut Source<'_>, (start, end): Member) -> Result<(Places, Views), PthError> {
    let (count, mut at) = count(source, (start, end), "storages")?;
    let (mut places, mut views) = (BTreeMap::new(), BTreeMap::new());
    for _ in 0..count {
        let (head, next) = next_pickle(source, (at, end), "storages")?;
        let &[id, _, dtype] = triple(&head)?;
        let Value::Global(Global::Storage(dtype)) = head.get(dtype) else {
            return Err(PthError::part("storages", "a storage type", head.get(dtype).kind()));
        };
        let id = key(&head, id)?;
        let values = source.number(next)?;
        let values = u64::try_from(values)
            .map_err(|_| PthError::part("storages", "a number of values", values.to_string()))?;
        let place = Place { at: next + 8, values, dtype: *dtype, crc: None };
        let length = values.saturating_mul(dtype.size() as u64);
        let left = end.saturating_sub(place.at);
        if length > left {
            return Err(PthError::Short { at: place.at, needs: length, left });
        }
        at = place.at + length;
        views.insert(id.clone(), (id.clone(), 0, values));
        if places.insert(id.clone(), place).is_some() {
            return Err(PthError::Twice { tensor: format!("storage {id}") });
        }
    }
    let (listed, _) = next_pickle(source, (at, end), "storages")?;
    let Value::List(items) = listed.get(listed.root) else {
        return Err(PthError::part("storages", "a list of views", listed.get(listed.root).kind()));
    };
    for &item in items {
        let wrong =
            || PthError::part("storages", "views (key, root, first value, number of values)", "others");
        let &[id, root, first, values] = listed.tuple(item).ok_or_else(wrong)? else { return Err(wrong()) };
        let root = key(&listed, root)?;
        let (Some(first), Some(values)) = (listed.number(first), listed.number(values)) else {
            return Err(wrong());
        };
        let place = places.get(&root).ok_or_else(wrong)?;
        if first.checked_add(values).is_none_or(|last| last > place.values) {
            return Err(wrong());
        }
        views.insert(key(&listed, id)?, (root, first, values));
    }
    Ok((places, views))
}

fn tensors(
    source: &mut Source<'_>,
    (start, end): Member,
    views: &Views,
) -> Result<BTreeMap<String, Tensor>, PthError> {
    let (count, mut at) = count(source, (start, end), "tensors")?;
    let mut tensors = BTreeMap::new();
    for _ in 0..count {
        let (head, next) = next_pickle(source, (at, end), "tensors")?;
        let &[id, storage, _] = triple(&head)?;
        let (id, storage) = (key(&head, id)?, key(&head, storage)?);
        let (root, first, values) = views
            .get(&storage)
            .ok_or_else(|| PthError::part(format!("tensor {id}"), "a storage of the file", storage))?;
        // Only the lower half of the padded number counts.
        let rank = source.number(next)? as i32;
        let rank = usize::try_from(rank).ok().filter(|rank| *rank <= limits::RANK).ok_or_else(|| {
            PthError::part(
                format!("tensor {id}"),
                format!("at most {} sizes", limits::RANK),
                rank.to_string(),
            )
        })?;
        let bytes = source.bytes(next + 8, 8 * (2 * rank as u64 + 1))?;
        let mut numbers = Vec::new();
        for &number in bytes.as_chunks().0 {
            let number = i64::from_le_bytes(number);
            numbers.push(u64::try_from(number).map_err(|_| {
                PthError::part(format!("tensor {id}"), "sizes, strides and offset from 0", number.to_string())
            })?);
        }
        at = next + 8 + bytes.len() as u64;
        let (shape, rest) = numbers.split_at(rank.min(numbers.len()));
        let (strides, rest) = rest.split_at(rank.min(rest.len()));
        let offset = rest.first().copied().unwrap_or(0);
        let tensor =
            Tensor { storage: root.clone(), offset, shape: shape.to_vec(), strides: strides.to_vec() };
        super::tensors::check(&format!("tensor {id}"), &tensor, *values)?;
        let tensor = Tensor { offset: first + offset, ..tensor };
        if tensors.insert(id.clone(), tensor).is_some() {
            return Err(PthError::Twice { tensor: format!("tensor {id}") });
        }
    }
    Ok(tensors)
}

fn triple(pickle: &Pickle) -> Result<&[Id; 3], PthError> {
    let items = pickle.tuple(pickle.root).and_then(|items| items.try_into().ok());
    items.ok_or_else(|| PthError::part("the tar", "a tuple of three", pickle.get(pickle.root).kind()))
}
