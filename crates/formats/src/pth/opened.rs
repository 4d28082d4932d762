//! An opened container: a pickle, and the positions of the values that it refers to.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use super::pickle::{Id, Pickle, Value};
use super::{Place, PthError};
use crate::dtype::Dtype;
use std::collections::BTreeMap;

/// A container whose pickle has been read.
pub(super) struct Opened {
    pub(super) pickle: Pickle,
    /// The position of the values of each storage, or why it is not known; that is an error only if the storage is needed.
    pub(super) places: BTreeMap<String, Result<Place, PthError>>,
    /// The tensors that persistent references of the pickle stand for, if they are tensors rather than storages (in a tar
    /// only).
    pub(super) tensors: Option<BTreeMap<String, Tensor>>,
}

/// A storage as a pickle names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Storage {
    pub(super) key: String,
    pub(super) dtype: Dtype,
    pub(super) values: u64,
}

/// A tensor: a view of some values of a storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tensor {
    pub(super) storage: String,
    pub(super) offset: u64,
    pub(super) shape: Vec<u64>,
    pub(super) strides: Vec<u64>,
}

/// A key of a tar's tensors: an integer, or the same as text.
pub(super) fn key(pickle: &Pickle, id: Id) -> Result<String, PthError> {
    match pickle.get(id) {
        Value::Int(number) => Ok(number.to_string()),
        Value::Text(text) if text.len() <= 64 => Ok(text.to_string()),
        other => Err(PthError::part("a key in the tar", "a whole number", other.kind())),
    }
}
