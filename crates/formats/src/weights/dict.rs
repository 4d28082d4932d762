//! The content of a file of weights: its container and its dictionaries of arrays.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use ndarray::ArrayD;
use std::collections::BTreeMap;

/// Names under which training scripts store the weights themselves, the plainest first.
const PLAIN: [&str; 10] = [
    "",
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "net",
    "network",
    "weights",
    "params",
    "module",
];
/// Words in the names of weights that are an average over the training.
const AVERAGED: [&str; 5] = ["ema", "averaged", "average", "avg", "swa"];

/// A container in which weights are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Container {
    /// safetensors, whichever program wrote it.
    Safetensors,
    /// safetensors with the network in it: a model that Striate saved.
    Model,
    /// The zip that `torch.save` has written since 1.6.
    PthZip,
    /// The format of `torch.save` from 0.1.10 to 1.5.
    PthLegacy,
    /// The tar that `torch.save` wrote before 0.1.10.
    PthTar,
}

/// A dictionary of arrays in a file: their names and shapes, without values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct StateDict {
    /// The keys that lead to the dictionary, joined by dots; empty for the file as a whole.
    pub key: String,
    /// The names and shapes of its arrays of floats.
    pub shapes: BTreeMap<String, Vec<usize>>,
    /// The names of the other entries, each with a description.
    pub others: BTreeMap<String, String>,
}

impl StateDict {
    /// Whether the key indicates an average over the training (`model_ema`, `swa_state_dict`).
    pub fn is_average(&self) -> bool {
        let words = self.key.split(|c: char| !c.is_ascii_alphanumeric());
        words.map(str::to_lowercase).any(|word| AVERAGED.contains(&&word[..]))
    }

    /// Returns the index in `dicts` of the one to prefer among dictionaries that fit equally well: the only one, the only one
    /// that is not an average, or the one under the plainest of the usual names. The position never decides. `None` if nothing
    /// distinguishes them.
    pub fn preferred(dicts: &[&Self]) -> Option<usize> {
        let is_plain = |&i: &usize| dicts.get(i).is_some_and(|dict| !dict.is_average());
        let plain: Vec<usize> = (0..dicts.len()).filter(is_plain).collect();
        let left = if plain.is_empty() { (0..dicts.len()).collect() } else { plain };
        if let [only] = left[..] {
            return Some(only);
        }
        let rank = |&i: &usize| {
            let last = dicts.get(i).and_then(|dict| dict.key.rsplit('.').next()).unwrap_or_default();
            PLAIN.iter().position(|name| *name == last).unwrap_or(PLAIN.len())
        };
        let best = left.iter().map(rank).min().filter(|&rank| rank < PLAIN.len())?;
        let mut first = left.iter().filter(|i| rank(i) == best);
        first.next().copied().filter(|_| first.next().is_none())
    }
}

/// What the reader of a format found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) tensors: BTreeMap<String, ArrayD<f32>>,
    /// Entries that are not arrays of floats: name and description.
    pub(crate) skipped: Vec<(String, String)>,
}
