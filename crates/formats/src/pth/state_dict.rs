//! Where in a checkpoint the weights are.

use super::PthError;
use super::pickle::{Global, Id, Pickle, Value};
use crate::limits;

/// Under which names training scripts keep the weights; the averaged ones first, since those are what they report.
const WRAPPERS: [&str; 5] = ["state_dict_ema", "model_ema", "state_dict", "model_state_dict", "model"];

/// Names and values of a state dict, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct StateDict {
    pub(super) entries: Vec<(String, Id)>,
    pub(super) notes: Vec<String>,
}

/// The object itself when tensors are among its values, else what a wrapper's name stands for.
pub(super) fn find(pickle: &Pickle) -> Result<StateDict, PthError> {
    let (mut at, mut path) = (pickle.root, Vec::new());
    loop {
        let nothing = |got: String| Err(PthError::NoStateDict { got });
        let Value::Dict(entries) = pickle.get(at) else { return nothing(pickle.get(at).kind().to_string()) };
        if entries.len() > limits::TENSORS {
            return nothing(format!("{} entries, at most {} are read", entries.len(), limits::TENSORS));
        }
        if entries.iter().any(|&(_, value)| is_tensor(pickle, value)) {
            let notes =
                if path.is_empty() { Vec::new() } else { vec![format!("taken from `{}`", path.join("."))] };
            return Ok(StateDict { entries: named(pickle, entries)?, notes });
        }
        let is_dict = |id: &Id| matches!(pickle.get(*id), Value::Dict(_));
        let wrapped = WRAPPERS.iter().find_map(|key| Some((*key, pickle.entry(at, key).filter(is_dict)?)));
        match wrapped {
            // Three wrappers deep is deeper than anybody's; it also ends the walk through a dict that holds itself.
            Some((key, inner)) if path.len() < 3 => {
                path.push(key);
                at = inner;
            }
            _ => {
                let mut keys: Vec<_> =
                    entries.iter().filter_map(|&(key, _)| pickle.text(key)).take(8).collect();
                keys.sort_unstable();
                return nothing(format!("a dict of {} entries: {}", entries.len(), keys.join(", ")));
            }
        }
    }
}

fn is_tensor(pickle: &Pickle, id: Id) -> bool {
    match pickle.get(id) {
        Value::Call { callee, .. } => matches!(callee, Global::RebuildTensor | Global::RebuildParameter),
        Value::Persistent(_) => true,
        _ => false,
    }
}

fn named(pickle: &Pickle, entries: &[(Id, Id)]) -> Result<Vec<(String, Id)>, PthError> {
    let name = |&(key, value): &(Id, Id)| match pickle.text(key) {
        Some(text) => Ok((text.to_string(), value)),
        None => Err(PthError::part("a name of a tensor", "a string", pickle.get(key).kind())),
    };
    entries.iter().map(name).collect()
}
