//! Finds the dictionaries of tensors in a file. Training scripts wrap them in various ways; the caller decides which one to
//! use, by what fits.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use super::PthError;
use super::pickle::{Global, Id, Pickle, Value};
use crate::limits;
use std::collections::{HashSet, VecDeque};

/// Most keys that lead to a dictionary.
const DEPTH: usize = 4;
/// Most bytes of a key or a name.
const NAME_BYTES: usize = 512;
/// Most memory for all names in a file, each of which takes a little more than its letters; and most modules of a network.
const NAMES_BYTES: usize = 2 << 20;
const NAME_OVERHEAD: usize = 64;
const MODULES: usize = 20_000;
/// Most keys that a message lists.
const LISTED: usize = 8;

/// Names and values of a dictionary of tensors, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// The keys that lead to it, joined by dots; empty for the object itself.
    pub(super) key: String,
    pub(super) entries: Vec<(String, Id)>,
}

/// Every dictionary that contains a tensor, at most [`DEPTH`] keys deep, and the parameters of every module.
pub(super) fn find(pickle: &Pickle) -> Result<Vec<Entries>, PthError> {
    let (mut found, mut bytes) = (Vec::new(), 0);
    // Each value once: a dict may contain itself.
    let mut seen = HashSet::from([pickle.root.0]);
    let mut queue = VecDeque::from([(pickle.root, String::new(), 0)]);
    while let Some((at, key, depth)) = queue.pop_front() {
        let entries = match (module(pickle, at, &mut bytes)?, pickle.entries(at)) {
            (Some(entries), _) => entries,
            (None, Some(entries)) if entries.len() <= limits::TENSORS => {
                for &(name, value) in entries.iter().filter(|_| depth < DEPTH) {
                    let Some(name) = text(pickle, name).filter(|_| !is_tensor(pickle, value)) else {
                        continue;
                    };
                    if seen.insert(value.0) && holds_something(pickle, value) {
                        let dot = if key.is_empty() { "" } else { "." };
                        let inner = format!("{key}{dot}{name}");
                        count(&mut bytes, inner.len())?;
                        queue.push_back((value, inner, depth + 1));
                    }
                }
                named(pickle, entries, &mut bytes)?
            }
            _ => continue,
        };
        if !entries.is_empty() {
            found.push(Entries { key, entries });
        }
    }
    if found.is_empty() { Err(PthError::NoStateDict { got: summary(pickle) }) } else { Ok(found) }
}

/// What a pickle is, with its first keys, for messages.
pub(super) fn summary(pickle: &Pickle) -> String {
    let Some(entries) = pickle.entries(pickle.root) else { return pickle.describe(pickle.root) };
    if entries.len() > limits::TENSORS {
        return format!("{} entries, but at most {} are read", entries.len(), limits::TENSORS);
    }
    let entry = |&(key, value): &(Id, Id)| {
        let name = text(pickle, key)?.escape_debug().to_string();
        let is_named = matches!(pickle.get(value), Value::Object(_) | Value::Global(_));
        Some(if is_named { format!("{name} ({})", pickle.describe(value)) } else { name })
    };
    let mut keys: Vec<_> = entries.iter().filter_map(entry).take(LISTED).collect();
    keys.sort_unstable();
    format!("a dict of {} entries: {}", entries.len(), keys.join(", "))
}

/// A key or a name, if it is not too long.
fn text(pickle: &Pickle, id: Id) -> Option<&str> {
    pickle.text(id).filter(|text| text.len() <= NAME_BYTES)
}

fn is_tensor(pickle: &Pickle, id: Id) -> bool {
    match pickle.get(id) {
        Value::Object(object) => matches!(
            object.callee,
            Some(
                Global::RebuildTensor
                    | Global::RebuildTypedTensor
                    | Global::RebuildFromType
                    | Global::RebuildParameter
            )
        ),
        Value::Persistent(_) => true,
        _ => false,
    }
}

/// Whether the value may contain tensors.
fn holds_something(pickle: &Pickle, id: Id) -> bool {
    pickle.entries(id).is_some_and(|entries| !entries.is_empty())
        || pickle.attribute(id, "_modules").is_some()
}

/// The entries of a dictionary that contains a tensor; otherwise none.
fn named(pickle: &Pickle, entries: &[(Id, Id)], bytes: &mut usize) -> Result<Vec<(String, Id)>, PthError> {
    let has_tensor = |&(key, value): &(Id, Id)| text(pickle, key).is_some() && is_tensor(pickle, value);
    if !entries.iter().any(has_tensor) {
        return Ok(Vec::new());
    }
    let mut all = Vec::with_capacity(entries.len());
    for &(key, value) in entries {
        if let Some(name) = text(pickle, key) {
            count(bytes, name.len())?;
            all.push((name.to_string(), value));
        }
    }
    Ok(all)
}

fn count(bytes: &mut usize, more: usize) -> Result<(), PthError> {
    *bytes += more + NAME_OVERHEAD;
    if *bytes > NAMES_BYTES {
        let got = format!("more in {bytes} bytes");
        return Err(PthError::part("names of tensors", format!("at most {NAMES_BYTES} bytes"), got));
    }
    Ok(())
}

/// The state dict of a `torch.nn.Module` that was saved as a whole: its parameters and buffers, and those of its children under
/// their names. `None` for anything else.
fn module(pickle: &Pickle, root: Id, bytes: &mut usize) -> Result<Option<Vec<(String, Id)>>, PthError> {
    let parts = |id: Id| {
        let own = ["_parameters", "_buffers"].map(|name| pickle.attribute(id, name));
        Some((own, pickle.attribute(id, "_modules")?))
    };
    if parts(root).is_none() {
        return Ok(None);
    }
    let (mut all, mut open, mut modules) = (Vec::new(), vec![(root, String::new())], 0);
    while let Some((id, prefix)) = open.pop() {
        let Some((own, children)) = parts(id) else { continue };
        modules += 1;
        if modules > MODULES || prefix.len() > NAME_BYTES {
            let got = "more, or a module that holds itself";
            return Err(PthError::part("the modules", format!("at most {MODULES} modules"), got));
        }
        let of = |dict: Option<Id>| dict.and_then(|dict| pickle.entries(dict)).unwrap_or_default();
        for &(name, value) in own.into_iter().flat_map(of) {
            let Some(name) = text(pickle, name).filter(|_| is_tensor(pickle, value)) else { continue };
            count(bytes, prefix.len() + name.len())?;
            all.push((format!("{prefix}{name}"), value));
        }
        for &(name, child) in of(Some(children)).iter().rev() {
            if let Some(name) = text(pickle, name) {
                let inner = format!("{prefix}{name}.");
                count(bytes, inner.len())?;
                open.push((child, inner));
            }
        }
    }
    Ok(Some(all))
}
