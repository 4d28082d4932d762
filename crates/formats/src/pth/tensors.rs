//! Converts the tensors that a pickle describes into arrays.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use super::opened::{Opened, Storage, Tensor, key};
use super::pickle::{Global, Id, Pickle, Value};
use super::state_dict::Entries;
use super::{Place, PthError, Source};
use crate::limits;
use crate::weights::{Found, StateDict};
use ndarray::{ArrayD, ArrayView, IxDyn, ShapeBuilder};
use std::collections::BTreeMap;
use striate_base::memory::reserved;

/// Most values of all tensors together, per value in the file: tied weights are stored once and used twice.
const VALUES_PER_STORED: u64 = 2;

/// The meaning of a value of a dictionary.
enum Reached {
    Tensor(Tensor),
    /// Something that is not read, with a description.
    Other(String),
}

/// Every storage that the pickle mentions, each once. References of other kinds are an error only where they are used.
pub(super) fn storages(pickle: &Pickle) -> Result<Vec<Storage>, PthError> {
    let mut found: BTreeMap<String, Storage> = BTreeMap::new();
    for value in &pickle.values {
        let Value::Persistent(id) = value else { continue };
        let Ok((storage, _)) = storage(pickle, *id) else { continue };
        match found.get(&storage.key) {
            Some(other) if *other != storage => {
                let (expected, got) = (format!("{other:?}"), format!("{storage:?}"));
                return Err(PthError::part(format!("storage {}", storage.key), expected, got));
            }
            Some(_) => {}
            None => drop(found.insert(storage.key.clone(), storage)),
        }
    }
    Ok(found.into_values().collect())
}

/// Parses `('storage', type, key, device, number of values[, view])`; also returns the part of the storage that a view is.
fn storage(pickle: &Pickle, id: Id) -> Result<(Storage, Option<(u64, u64)>), PthError> {
    let wrong = |got: &str| {
        let expected = "('storage', type, key, device, number of values)";
        Err(PthError::part("a persistent reference", expected, got))
    };
    let Some(items @ [kind, dtype, key, _, values, rest @ ..]) = pickle.tuple(id) else {
        return wrong(pickle.get(id).kind());
    };
    let (Some("storage"), Value::Global(Global::Storage(dtype))) = (pickle.text(*kind), pickle.get(*dtype))
    else {
        return wrong("something other than a storage");
    };
    let (Some(key), Some(values)) = (pickle.text(*key), pickle.number(*values)) else {
        return wrong("another tuple");
    };
    let view = match rest {
        [] => None,
        [none] if matches!(pickle.get(*none), Value::None) => None,
        // (key of the view, first value, number of values)
        [view] => match pickle.tuple(*view).map(|v| (v.len(), v.get(1), v.get(2))) {
            Some((3, Some(&first), Some(&count))) => {
                let (Some(first), Some(count)) = (pickle.number(first), pickle.number(count)) else {
                    return wrong("a view without numbers");
                };
                Some((first, count))
            }
            _ => return wrong("a view that is not a tuple of three"),
        },
        _ => return wrong(&format!("a tuple of {}", items.len())),
    };
    Ok((Storage { key: key.to_string(), dtype: *dtype, values }, view))
}

/// The meaning of this value.
fn reach(opened: &Opened, name: &str, id: Id) -> Result<Reached, PthError> {
    let pickle = &opened.pickle;
    let other = || Ok(Reached::Other(pickle.describe(id)));
    let (callee, arguments) = match (pickle.get(id), &opened.tensors) {
        (Value::Object(object), _) => (object.callee, object.arguments),
        // In a tar, the reference is the tensor.
        (Value::Persistent(reference), Some(tensors)) => {
            let key = key(pickle, *reference)?;
            let found = tensors.get(&key).cloned().map(Reached::Tensor);
            return found.ok_or_else(|| PthError::part(name, "a tensor of the file", "none"));
        }
        _ => return other(),
    };
    let Some(callee) = callee else { return other() };
    let is_call = |id: Id, of: Global| matches!(pickle.get(id), Value::Object(o) if o.callee == Some(of));
    match (callee, pickle.tuple(arguments).unwrap_or_default()) {
        // A parameter is its tensor.
        (Global::RebuildParameter, &[inner, ..])
            if is_call(inner, Global::RebuildTensor) || is_call(inner, Global::RebuildTypedTensor) =>
        {
            reach(opened, name, inner)
        }
        // So is a tensor with attributes: the function that makes it, its class, and the function's arguments.
        (Global::RebuildFromType, &[function, _, arguments, ..])
            if matches!(pickle.get(function), Value::Global(Global::RebuildTensor)) =>
        {
            tensor(pickle, name, pickle.tuple(arguments).unwrap_or_default()).map(Reached::Tensor)
        }
        (Global::RebuildTensor, items) => tensor(pickle, name, items).map(Reached::Tensor),
        // Types without a storage type of their own: 8-bit floats, unsigned integers.
        (Global::RebuildTypedTensor, &[_, _, _, _, _, _, dtype, ..]) => Ok(Reached::Other(
            match pickle.get(dtype) {
                Value::Global(global) => pickle.name(*global),
                _ => None,
            }
            .unwrap_or_else(|| "a type without a name".into()),
        )),
        (Global::RebuildParameter, _) => {
            Err(PthError::part(name, "a tensor of storage, offset, shape and strides", "other arguments"))
        }
        _ => other(),
    }
}

/// The tensor that `_rebuild_tensor_v2` makes from these arguments.
fn tensor(pickle: &Pickle, name: &str, arguments: &[Id]) -> Result<Tensor, PthError> {
    match arguments {
        [storage_id, offset, shape, strides, ..] => {
            let wrong = |what: &'static str, got: Id| PthError::part(name, what, pickle.get(got).kind());
            let Value::Persistent(reference) = pickle.get(*storage_id) else {
                return Err(wrong("a tensor of a storage", *storage_id));
            };
            let (storage, view) = storage(pickle, *reference)?;
            let sizes = |id: Id| -> Option<Vec<u64>> {
                pickle.tuple(id)?.iter().map(|&size| pickle.number(size)).collect()
            };
            let offset = pickle.number(*offset).ok_or_else(|| wrong("an offset", *offset))?;
            let shape = sizes(*shape).ok_or_else(|| wrong("a shape of integers", *shape))?;
            let strides = sizes(*strides).ok_or_else(|| wrong("strides of integers", *strides))?;
            let mut tensor = Tensor { storage: storage.key, offset, shape, strides };
            if let Some((first, count)) = view {
                check(name, &tensor, count)?;
                let whole = first.checked_add(count).is_some_and(|end| end <= storage.values);
                if !whole {
                    let got = format!("{count} values from {first} on");
                    return Err(PthError::part(name, format!("a view of {} values", storage.values), got));
                }
                tensor.offset += first;
            }
            Ok(tensor)
        }
        _ => Err(PthError::part(name, "a tensor of storage, offset, shape and strides", "other arguments")),
    }
}

/// Checks that a tensor lies within its storage and repeats no value; returns its number of values.
pub(super) fn check(name: &str, tensor: &Tensor, values: u64) -> Result<u64, PthError> {
    let Tensor { offset, shape, strides, .. } = tensor;
    if shape.len() > limits::RANK || shape.len() != strides.len() {
        let got = format!("{} sizes and {} strides", shape.len(), strides.len());
        return Err(PthError::part(name, format!("at most {} sizes, each with a stride", limits::RANK), got));
    }
    let outside = || {
        let (shape, strides) = (shape.clone(), strides.clone());
        PthError::Outside { tensor: name.to_string(), shape, strides, offset: *offset, values }
    };
    if shape.contains(&0) {
        // It is empty, but its other dimensions are still multiplied later.
        let others = shape.iter().filter(|&&size| size > 0).try_fold(1_u64, |n, &size| n.checked_mul(size));
        return if *offset <= values && others.is_some_and(|n| n < 1 << 32) { Ok(0) } else { Err(outside()) };
    }
    let mut steps = shape.iter().zip(strides).map(|(&size, &stride)| (size - 1).checked_mul(stride));
    let last = steps.try_fold(*offset, |sum, step| sum.checked_add(step?));
    if last.is_none_or(|last| last >= values) {
        return Err(outside());
    }
    let count = shape.iter().try_fold(1_u64, |count, &size| count.checked_mul(size)).unwrap_or(u64::MAX);
    if count > values {
        return Err(PthError::Repeats { tensor: name.to_string(), values: count, stored: values });
    }
    Ok(count)
}

/// Names and shapes of a dictionary. Damaged tensors are listed as they are described; reading them reports the error.
pub(super) fn describe(opened: &Opened, dict: &Entries) -> StateDict {
    let mut described = StateDict { key: dict.key.clone(), ..StateDict::default() };
    for (name, id) in &dict.entries {
        let (storage, shape) = match reach(opened, name, *id) {
            Ok(Reached::Tensor(tensor)) => (tensor.storage, tensor.shape),
            Ok(Reached::Other(what)) => {
                described.others.insert(name.clone(), what);
                continue;
            }
            Err(_) => (String::new(), Vec::new()),
        };
        match opened.places.get(&storage) {
            Some(Ok(place)) if !place.dtype.is_float() => {
                described.others.insert(name.clone(), place.dtype.name().to_string());
            }
            _ => drop(described.shapes.insert(name.clone(), sizes(&shape))),
        }
    }
    described
}

/// The tensors of a storage, with their names.
type Wanted<'a> = (Place, Vec<(&'a str, Tensor)>);

/// Reads the tensors of a dictionary: each storage once, however many tensors share it.
pub(super) fn load(source: &mut Source<'_>, opened: &Opened, dict: &Entries) -> Result<Found, PthError> {
    let mut found = Found::default();
    let mut wanted: BTreeMap<&str, Wanted<'_>> = BTreeMap::new();
    let mut asked = 0_u64;
    for (name, id) in &dict.entries {
        let tensor = match reach(opened, name, *id)? {
            Reached::Tensor(tensor) => tensor,
            Reached::Other(what) => {
                found.skipped.push((name.clone(), what));
                continue;
            }
        };
        let Some((key, place)) = opened.places.get_key_value(&tensor.storage) else {
            return Err(PthError::part(name, format!("storage {} in the file", tensor.storage), "none"));
        };
        let place = place.clone()?;
        let count = check(name, &tensor, place.values)?;
        if !place.dtype.is_float() {
            found.skipped.push((name.clone(), place.dtype.name().to_string()));
            continue;
        }
        asked = asked.saturating_add(count);
        wanted.entry(key).or_insert((place, Vec::new())).1.push((name, tensor));
    }
    let stored = wanted.values().map(|(place, _)| place.values).sum::<u64>();
    if asked > stored.saturating_mul(VALUES_PER_STORED) {
        return Err(PthError::Repeats { tensor: "all tensors".into(), values: asked, stored });
    }
    for (key, (place, tensors)) in wanted {
        let mut values = source.values(&format!("storage {key}"), place)?;
        let mut left = tensors.len();
        for (name, tensor) in tensors {
            left = left.saturating_sub(1);
            let array = match left {
                0 => owned(name, std::mem::take(&mut values), &tensor),
                _ => copied(name, &values, &tensor),
            }?;
            if found.tensors.insert(name.to_string(), array).is_some() {
                return Err(PthError::Twice { tensor: name.to_string() });
            }
        }
    }
    Ok(found)
}

/// The tensor from a storage that nothing else needs, without a copy if it is all of it.
fn owned(name: &str, values: Vec<f32>, tensor: &Tensor) -> Result<ArrayD<f32>, PthError> {
    let shape = sizes(&tensor.shape);
    let count = shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(size));
    if tensor.offset == 0 && count == Some(values.len()) && is_contiguous(tensor) {
        return ArrayD::from_shape_vec(IxDyn(&shape), values).map_err(|e| not_its_shape(name, &e));
    }
    copied(name, &values, tensor)
}

/// The tensor, copied into the order of its shape.
fn copied(name: &str, values: &[f32], tensor: &Tensor) -> Result<ArrayD<f32>, PthError> {
    let (shape, mut strides) = (sizes(&tensor.shape), sizes(&tensor.strides));
    // The stride of a single value is never used, so it may be anything.
    strides.iter_mut().zip(&shape).filter(|(_, size)| **size == 1).for_each(|(stride, _)| *stride = 0);
    if shape.contains(&0) {
        return Ok(ArrayD::zeros(IxDyn(&shape)));
    }
    let from = values.get(tensor.offset as usize..).unwrap_or_default();
    let view = ArrayView::from_shape(IxDyn(&shape).strides(IxDyn(&strides)), from);
    let view = view.map_err(|e| not_its_shape(name, &e))?;
    let mut copy = reserved(view.len())?;
    copy.extend(view.iter().copied());
    ArrayD::from_shape_vec(IxDyn(&shape), copy).map_err(|e| not_its_shape(name, &e))
}

fn not_its_shape(name: &str, error: &ndarray::ShapeError) -> PthError {
    PthError::part(name, "values that fill its shape", error.to_string())
}

/// The dimensions of something that is in memory.
fn sizes(of: &[u64]) -> Vec<usize> {
    of.iter().map(|&size| size as usize).collect()
}

fn is_contiguous(tensor: &Tensor) -> bool {
    let mut expected = 1;
    tensor.shape.iter().zip(&tensor.strides).rev().all(|(&size, &stride)| {
        let fits = size == 1 || stride == expected;
        expected = size.saturating_mul(expected);
        fits
    })
}
