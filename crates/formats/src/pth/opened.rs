//! What a container gives: a pickle, and where the values lie that it speaks of.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use super::pickle::{Id, Pickle, Value};
use super::{Place, PthError};
use crate::dtype::Dtype;
use std::collections::BTreeMap;

/// A container of which the pickle was read.
pub(super) struct Opened {
    pub(super) pickle: Pickle,
    /// Where the values of each storage lie, or why that is not known: an error only where one is needed.
    pub(super) places: BTreeMap<String, Result<Place, PthError>>,
    /// What references out of the pickle mean, where they are tensors rather than storages (tar alone).
    pub(super) tensors: Option<BTreeMap<String, Tensor>>,
}

/// A storage as a pickle names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Storage {
    pub(super) key: String,
    pub(super) dtype: Dtype,
    pub(super) values: u64,
}

/// A tensor: which values of which storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tensor {
    pub(super) storage: String,
    pub(super) offset: u64,
    pub(super) shape: Vec<u64>,
    pub(super) strides: Vec<u64>,
}

/// A key of a tar's tensors: a whole number, or the same as text.
pub(super) fn key(pickle: &Pickle, id: Id) -> Result<String, PthError> {
    match pickle.get(id) {
        Value::Int(number) => Ok(number.to_string()),
        Value::Text(text) if text.len() <= 64 => Ok(text.to_string()),
        other => Err(PthError::part("a key in the tar", "a whole number", other.kind())),
    }
}
