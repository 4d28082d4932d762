//! The values that a pickle describes, as data.
//!
//! All values are in one list and refer to each other by index. So nothing is cloned (a "memo bomb" is only a few numbers),
//! cycles need no special treatment, and dropping never recurses, however deeply a file nests.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use crate::dtype::Dtype;

/// The index of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id(pub(crate) u32);

/// A value.
#[derive(Debug)]
pub(crate) enum Value {
    None,
    Bool(bool),
    Int(i128),
    /// An integer too long to have a meaning here, which was skipped.
    LongInt,
    Float,
    Text(Box<str>),
    /// Bytes, which have no meaning here and were skipped.
    Bytes,
    /// A set, whose members have no meaning here.
    Set,
    Tuple(Box<[Id]>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Global(Global),
    /// What Python would have made by a call. The call is never made.
    Object(Box<Object>),
    /// Something outside the pickle, and the name that refers to it.
    Persistent(Id),
}

impl Value {
    /// Its kind, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "a bool",
            Self::Int(_) | Self::LongInt => "an int",
            Self::Float => "a float",
            Self::Text(_) => "a string",
            Self::Bytes => "bytes",
            Self::Set => "a set",
            Self::Tuple(_) => "a tuple",
            Self::List(_) => "a list",
            Self::Dict(_) => "a dict",
            Self::Global(_) => "a Python name",
            Self::Object(_) => "an object",
            Self::Persistent(_) => "a persistent reference",
        }
    }
}

/// A Python name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Global {
    /// `collections.OrderedDict`.
    OrderedDict,
    /// `collections.defaultdict`, which starts without entries whatever it is called with.
    DefaultDict,
    /// `torch.Size`.
    Size,
    /// `torch._utils._rebuild_tensor` and `_rebuild_tensor_v2`, whose first four arguments agree.
    RebuildTensor,
    /// `torch._utils._rebuild_tensor_v3`, for number types that have no storage type of their own: the seventh argument is the
    /// type.
    RebuildTypedTensor,
    /// `torch._tensor._rebuild_from_type_v2(function, type, arguments, state)`, for tensors with attributes.
    RebuildFromType,
    /// `torch._utils._rebuild_parameter` and `_rebuild_parameter_with_state`, whose first argument is the tensor.
    RebuildParameter,
    /// `torch.FloatStorage` and the other storage types.
    Storage(Dtype),
    /// Any other name, which has no meaning here.
    Other {
        /// The text of its module.
        module: Id,
        /// The text of the name itself.
        name: Id,
    },
}

/// A Python object as its pickle describes it.
#[derive(Debug)]
pub(crate) struct Object {
    /// What would have been called; `None` if that is itself an object.
    pub(crate) callee: Option<Global>,
    /// The arguments of the call, a tuple.
    pub(crate) arguments: Id,
    /// What its attributes would have been set from.
    pub(crate) state: Option<Id>,
    /// The entries that would have been set by key, for an object that is a kind of dict.
    pub(crate) entries: Vec<(Id, Id)>,
}

/// Most attributes of an object that are searched.
const ATTRIBUTES: usize = 1000;
/// Most letters of a name in a message.
const SHOWN: usize = 64;

/// A pickle that has been read.
#[derive(Debug)]
pub(crate) struct Pickle {
    pub(crate) values: Vec<Value>,
    pub(crate) root: Id,
}

impl Pickle {
    /// The integer, if the pickle consists of one.
    pub(crate) fn whole_number(&self) -> Option<i128> {
        match self.get(self.root) {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "an Id is given out with the value that it is for, which stays"
    )]
    pub(crate) fn get(&self, id: Id) -> &Value {
        &self.values[id.0 as usize]
    }

    /// The value as a size or an index.
    pub(crate) fn number(&self, id: Id) -> Option<u64> {
        match self.get(id) {
            Value::Int(n) => u64::try_from(*n).ok(),
            _ => None,
        }
    }

    pub(crate) fn text(&self, id: Id) -> Option<&str> {
        match self.get(id) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn tuple(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Value::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a dict, or of an object that is a kind of dict.
    pub(crate) fn entries(&self, id: Id) -> Option<&[(Id, Id)]> {
        match self.get(id) {
            Value::Dict(entries) => Some(entries),
            Value::Object(object) if !object.entries.is_empty() => Some(&object.entries),
            _ => None,
        }
    }

    /// The value under a key of a dict; the last one, as in Python.
    pub(crate) fn entry(&self, dict: Id, key: &str) -> Option<Id> {
        let entries = self.entries(dict)?;
        entries.iter().rev().find(|(k, _)| self.text(*k) == Some(key)).map(|&(_, value)| value)
    }

    /// An attribute of an object.
    pub(crate) fn attribute(&self, id: Id, name: &str) -> Option<Id> {
        match self.get(id) {
            Value::Object(object) => {
                let state =
                    object.state.filter(|&id| self.entries(id).is_some_and(|e| e.len() <= ATTRIBUTES));
                self.entry(state?, name)
            }
            _ => None,
        }
    }

    /// The name `module.name`, shortened if it is long.
    pub(crate) fn name(&self, global: Global) -> Option<String> {
        let Global::Other { module, name } = global else { return None };
        let text = format!("{}.{}", start(self.text(module)?), start(self.text(name)?));
        Some(text.escape_debug().to_string())
    }

    /// What a value is, for messages; for an object, the name that would have been called to make it.
    pub(crate) fn describe(&self, id: Id) -> String {
        let (what, global) = match self.get(id) {
            Value::Object(object) => ("an object of", object.callee),
            Value::Global(global) => ("the name", Some(*global)),
            other => return other.kind().to_string(),
        };
        let name = global.and_then(|global| self.name(global));
        name.map_or_else(|| self.get(id).kind().to_string(), |name| format!("{what} `{name}`"))
    }
}

fn start(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}
