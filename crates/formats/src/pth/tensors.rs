//! From what a pickle says about tensors to arrays.

use super::pickle::{Global, Id, Pickle, Value};
use super::state_dict::StateDict;
use super::{Opened, PthError, Source, Storage};
use crate::limits;
use crate::weights::Found;
use ndarray::{ArrayD, ArrayView, IxDyn, ShapeBuilder};
use std::collections::BTreeMap;

/// Values of all tensors together, for each value in the file: tied weights are stored once and used twice.
const VALUES_PER_STORED: u64 = 2;

/// A tensor: which values of which storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tensor {
    pub(super) storage: String,
    pub(super) offset: u64,
    pub(super) shape: Vec<u64>,
    pub(super) strides: Vec<u64>,
}

/// Every storage that the pickle mentions, each once.
pub(super) fn storages(pickle: &Pickle) -> Result<Vec<Storage>, PthError> {
    let mut found: BTreeMap<String, Storage> = BTreeMap::new();
    for value in &pickle.values {
        let Value::Persistent(id) = value else { continue };
        let (storage, _) = storage(pickle, *id)?;
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

/// `('storage', type, key, device, number of values[, view])`, and which part of it a view is.
fn storage(pickle: &Pickle, id: Id) -> Result<(Storage, Option<(u64, u64)>), PthError> {
    let wrong = |got: &str| {
        let expected = "('storage', type, key, device, number of values)";
        Err(PthError::part("a reference out of the pickle", expected, got))
    };
    let Some(items @ [kind, dtype, key, _, values, rest @ ..]) = pickle.tuple(id) else {
        return wrong(pickle.get(id).kind());
    };
    let (Some("storage"), Value::Global(Global::Storage(dtype))) = (pickle.text(*kind), pickle.get(*dtype))
    else {
        return wrong("something else than a storage");
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
            _ => return wrong("a view that is no tuple of three"),
        },
        _ => return wrong(&format!("a tuple of {}", items.len())),
    };
    Ok((Storage { key: key.to_string(), dtype: *dtype, values }, view))
}

/// The tensor that this value is, or `None` when it is something else.
pub(super) fn tensor(opened: &Opened, name: &str, id: Id) -> Result<Option<Tensor>, PthError> {
    let pickle = &opened.pickle;
    let (callee, arguments) = match (pickle.get(id), &opened.tensors) {
        (Value::Call { callee, arguments }, _) => (callee, *arguments),
        // In a tar, the reference is the tensor.
        (Value::Persistent(key), Some(tensors)) => {
            let key = super::tar::key(pickle, *key)?;
            let found = tensors.get(&key).cloned();
            return found.map(Some).ok_or_else(|| PthError::part(name, "a tensor of the file", "none"));
        }
        _ => return Ok(None),
    };
    let items = pickle.tuple(arguments).unwrap_or_default();
    match (callee, items) {
        // A parameter is its tensor.
        (Global::RebuildParameter, [inner, ..])
            if matches!(pickle.get(*inner), Value::Call { callee: Global::RebuildTensor, .. }) =>
        {
            tensor(opened, name, *inner)
        }
        (Global::RebuildTensor, [storage_id, offset, shape, strides, ..]) => {
            let wrong = |what: &'static str, got: Id| PthError::part(name, what, pickle.get(got).kind());
            let Value::Persistent(reference) = pickle.get(*storage_id) else {
                return Err(wrong("a tensor of a storage", *storage_id));
            };
            let (storage, view) = storage(pickle, *reference)?;
            let sizes = |id: Id| -> Option<Vec<u64>> {
                pickle.tuple(id)?.iter().map(|&size| pickle.number(size)).collect()
            };
            let offset = pickle.number(*offset).ok_or_else(|| wrong("an offset", *offset))?;
            let shape = sizes(*shape).ok_or_else(|| wrong("a shape of whole numbers", *shape))?;
            let strides = sizes(*strides).ok_or_else(|| wrong("strides of whole numbers", *strides))?;
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
            Ok(Some(tensor))
        }
        (Global::RebuildTensor | Global::RebuildParameter, _) => {
            Err(PthError::part(name, "a tensor of storage, offset, shape and strides", "other arguments"))
        }
        _ => Ok(None),
    }
}

/// That a tensor lies in its storage and repeats no value; gives its number of values.
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
        // Nothing is in it, but its other sizes are still multiplied by whoever handles it.
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

/// Reads the tensors of a state dict: each storage once, whatever number of tensors shares it.
pub(super) fn load(source: &mut Source<'_>, opened: &Opened, state: &StateDict) -> Result<Found, PthError> {
    let mut found = Found { notes: state.notes.clone(), ..Found::default() };
    let mut wanted: BTreeMap<&str, Vec<(&str, Tensor)>> = BTreeMap::new();
    let mut asked = 0_u64;
    for (name, id) in &state.entries {
        let Some(tensor) = tensor(opened, name, *id)? else {
            found.skipped.push((name.clone(), opened.pickle.get(*id).kind().to_string()));
            continue;
        };
        let Some((key, place)) = opened.places.get_key_value(&tensor.storage) else {
            return Err(PthError::part(name, format!("storage {} in the file", tensor.storage), "none"));
        };
        let count = check(name, &tensor, place.values)?;
        if !place.dtype.is_float() {
            found.skipped.push((name.clone(), place.dtype.name().to_string()));
            continue;
        }
        asked = asked.saturating_add(count);
        wanted.entry(key).or_default().push((name, tensor));
    }
    let stored = wanted.keys().map(|key| opened.places[*key].values).sum::<u64>();
    if asked > stored.saturating_mul(VALUES_PER_STORED) {
        return Err(PthError::Repeats { tensor: "all tensors".into(), values: asked, stored });
    }
    for (key, tensors) in wanted {
        let mut values = source.values(&format!("storage {key}"), opened.places[key])?;
        let last = tensors.len() - 1;
        for (i, (name, tensor)) in tensors.into_iter().enumerate() {
            let array = if i == last {
                owned(std::mem::take(&mut values), &tensor)
            } else {
                copied(&values, &tensor)
            };
            if found.tensors.insert(name.to_string(), array).is_some() {
                return Err(PthError::Twice { tensor: name.to_string() });
            }
        }
    }
    Ok(found)
}

/// The tensor out of a storage that nobody else needs: without a copy when it is all of it.
fn owned(values: Vec<f32>, tensor: &Tensor) -> ArrayD<f32> {
    let shape = sizes(&tensor.shape);
    let count = shape.iter().product::<usize>();
    if tensor.offset == 0 && count == values.len() && is_contiguous(tensor) {
        return ArrayD::from_shape_vec(IxDyn(&shape), values).expect("as many values as the shape asks for");
    }
    copied(&values, tensor)
}

/// The tensor, copied into the order of its shape.
fn copied(values: &[f32], tensor: &Tensor) -> ArrayD<f32> {
    let (shape, mut strides) = (sizes(&tensor.shape), sizes(&tensor.strides));
    // The stride of a single value is never walked, and may be anything.
    strides.iter_mut().zip(&shape).filter(|(_, size)| **size == 1).for_each(|(stride, _)| *stride = 0);
    if shape.contains(&0) {
        return ArrayD::zeros(IxDyn(&shape));
    }
    let view =
        ArrayView::from_shape(IxDyn(&shape).strides(IxDyn(&strides)), &values[tensor.offset as usize..]);
    let view = view.expect("every index was found to lie in the storage");
    ArrayD::from_shape_vec(IxDyn(&shape), view.iter().copied().collect()).expect("one value an element")
}

/// Sizes of something that lies in memory.
fn sizes(of: &[u64]) -> Vec<usize> {
    of.iter().map(|&size| size as usize).collect()
}

fn is_contiguous(tensor: &Tensor) -> bool {
    let mut expected = 1;
    tensor.shape.iter().zip(&tensor.strides).rev().all(|(&size, &stride)| {
        let fits = size == 1 || stride == expected;
        expected *= size;
        fits
    })
}
