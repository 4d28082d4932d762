//! What a file of weights holds: how they are stored, and dictionaries of arrays.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

use ndarray::ArrayD;
use std::collections::BTreeMap;

/// Names under which training scripts keep the weights themselves, the plainest first.
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

/// A way to store weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Container {
    /// safetensors, whoever wrote it.
    Safetensors,
    /// safetensors with the network in it: a model that striate saved.
    Model,
    /// `torch.save` since 1.6.
    PthZip,
    /// `torch.save` from 0.1.10 to 1.5.
    PthLegacy,
    /// `torch.save` before.
    PthTar,
}

/// A dictionary of arrays in a file: their names and shapes, of which no value was read yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct StateDict {
    /// The keys that lead to it in the file's dictionaries, with dots between; empty for the file as a whole.
    pub key: String,
    /// Names and shapes of its arrays of floats.
    pub shapes: BTreeMap<String, Vec<usize>>,
    /// What else stands there: its name, and what it is.
    pub others: BTreeMap<String, String>,
}

impl StateDict {
    /// Whether its key says that it is an average over the training (`model_ema`, `swa_state_dict`).
    pub fn is_average(&self) -> bool {
        let words = self.key.split(|c: char| !c.is_ascii_alphanumeric());
        words.map(str::to_lowercase).any(|word| AVERAGED.contains(&&word[..]))
    }

    /// The one to take among dictionaries that would do alike, by its place in `dicts`: an only one, the only one that is no
    /// average, or the one under the plainest of the usual names. Never by its position. `None` when nothing tells.
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

/// What a format's reader found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) tensors: BTreeMap<String, ArrayD<f32>>,
    /// What is no array of floats: name and what it is instead.
    pub(crate) skipped: Vec<(String, String)>,
}
