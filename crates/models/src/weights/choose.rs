//! Decides which dictionary of a file belongs to a network, and which name in it to which parameter. The best fit is chosen,
//! never by position, and the choice is reported.

use super::{LoadOptions, WeightsError, names};
use crate::ModelInfo;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;
use striate_formats::StateDict;

/// Shapes by name.
pub(super) type Shapes = BTreeMap<String, Vec<usize>>;

/// The largest number of parts of a prefix that is tried.
const PREFIX_PARTS: usize = 8;
/// The largest number of dictionaries that a message lists.
const LISTED: usize = 8;

/// The chosen dictionary, and what its names stand for.
#[derive(Debug)]
pub(super) struct Choice {
    /// Its index in the file.
    pub(super) dict: usize,
    /// The prefix of each of its names.
    pub(super) prefix: String,
    /// Names in the file, with the network's name for each; arrays that are left out are not listed.
    pub(super) names: BTreeMap<String, String>,
    /// What was chosen, as notes for the user.
    pub(super) notes: Vec<String>,
}

impl Choice {
    /// The shape in the file of a parameter of the network.
    pub(super) fn shape<'a>(&self, dicts: &'a [StateDict], ours: &str) -> Option<&'a [usize]> {
        let (name, _) = self.names.iter().find(|(_, name)| *name == ours)?;
        dicts[self.dict].shapes.get(name).map(Vec::as_slice)
    }
}

/// How well a reading of a dictionary fits: parameters found, found with the right shape, and arrays left over.
type Score = (usize, usize, Reverse<usize>);

/// One way to read a dictionary.
struct Reading {
    dict: usize,
    prefix: String,
    /// Whose naming scheme the file uses, if it is not this crate's.
    whose: Option<&'static str>,
    names: BTreeMap<String, String>,
    score: Score,
}

/// Chooses for a network with the parameters `specs`. `is_fixed`: the numbers of classes and channels are given, so that the
/// shapes of the first and last layer count.
pub(super) fn choose(
    dicts: &[StateDict],
    model: &ModelInfo,
    specs: &Shapes,
    options: &LoadOptions<'_>,
    (path, is_fixed): (&Path, bool),
) -> Result<Choice, WeightsError> {
    let asked = |dict: &StateDict| options.key.is_none_or(|key| dict.key == key);
    let candidates: Vec<usize> = (0..dicts.len()).filter(|&i| asked(&dicts[i])).collect();
    if let (Some(key), true) = (options.key, candidates.is_empty()) {
        return Err(WeightsError::Key {
            path: path.into(),
            key: key.into(),
            known: listed(dicts, 0..dicts.len()),
        });
    }
    let of_end = |name: &str| {
        let is_of = |layer: &str| name.strip_prefix(layer).is_some_and(|rest| rest.starts_with('.'));
        is_of(model.classifier) || is_of(model.first_conv)
    };
    let tells = |name: &str| is_fixed && !options.new_head || !of_end(name);
    let mut readings: Vec<Reading> = Vec::new();
    for &dict in &candidates {
        let best = read(dict, &dicts[dict], specs, options.prefix, &tells);
        readings.extend(best);
    }
    let Some(best) = readings.iter().map(|reading| reading.score).max() else {
        let prefix = options.prefix.unwrap_or_default().to_string();
        let known = first_parts(candidates.iter().map(|&i| &dicts[i]));
        return Err(WeightsError::Prefix { path: path.into(), prefix, known });
    };
    readings.retain(|reading| reading.score == best);
    let alike: Vec<&StateDict> = readings.iter().map(|reading| &dicts[reading.dict]).collect();
    let preferred = match StateDict::preferred(&alike) {
        Some(preferred) => preferred,
        // Nothing fits: the message is about the dictionary with the most arrays.
        None if best.0 == 0 => {
            (0..alike.len()).max_by_key(|&i| (alike[i].shapes.len(), Reverse(i))).unwrap_or_default()
        }
        None => {
            let (path, keys) = (path.into(), listed(dicts, readings.iter().map(|reading| reading.dict)));
            return Err(WeightsError::Ambiguous { path, model: model.name, keys });
        }
    };
    let others: Vec<String> = match best.0 {
        0 => Vec::new(),
        _ => readings
            .iter()
            .filter(|r| r.dict != readings[preferred].dict)
            .map(|r| dicts[r.dict].key.clone())
            .collect(),
    };
    let reading = readings.swap_remove(preferred);
    let arrays = dicts[reading.dict].shapes.len();
    Ok(reading.chosen(arrays, &others, options))
}

impl Reading {
    fn chosen(self, arrays: usize, others: &[String], options: &LoadOptions<'_>) -> Choice {
        let mut notes = Vec::new();
        if let Some(first) = others.first() {
            let quoted: Vec<String> = others.iter().map(|key| format!("`{}`", key.escape_debug())).collect();
            let (fit, which) = if others.len() == 1 { ("fits", "it") } else { ("fit", "one") };
            notes.push(format!("{} {fit} as well: the key {first} selects {which}", quoted.join(", ")));
        }
        if !self.prefix.is_empty() {
            notes.push(format!("the prefix `{}` was removed", self.prefix.escape_debug()));
        }
        let left_out = arrays - self.names.len();
        if options.prefix.is_some() && left_out > 0 {
            notes.push(format!("left out, because they have another prefix: {left_out} arrays"));
        }
        if let Some(whose) = self.whose {
            notes.push(format!("the names are {whose}"));
        }
        Choice { dict: self.dict, prefix: self.prefix, names: self.names, notes }
    }
}

/// The best reading of a dictionary; `None` if none of its names has the requested prefix.
fn read(
    index: usize,
    dict: &StateDict,
    specs: &Shapes,
    prefix: Option<&str>,
    tells: &dyn Fn(&str) -> bool,
) -> Option<Reading> {
    let prefixes = match prefix {
        Some(prefix) => {
            let prefix = prefix.trim_end_matches('.');
            vec![if prefix.is_empty() { String::new() } else { format!("{prefix}.") }]
        }
        None => prefixes(dict),
    };
    let mut best: Option<Reading> = None;
    for prefix in prefixes {
        let rest: Vec<&str> = dict.shapes.keys().filter_map(|name| name.strip_prefix(&prefix[..])).collect();
        if rest.is_empty() && !prefix.is_empty() {
            continue;
        }
        let foreign = names::foreign(&rest, specs);
        for naming in [None].into_iter().chain(foreign.map(Some)) {
            let ours = |name: &str| match &naming {
                Some(naming) => naming.ours.get(name).cloned().unwrap_or_else(|| name.to_string()),
                None => name.to_string(),
            };
            let names: BTreeMap<String, String> =
                rest.iter().map(|name| (format!("{prefix}{name}"), ours(name))).collect();
            let found =
                names.iter().filter_map(|(raw, name)| Some((name, &dict.shapes[raw], specs.get(name)?)));
            let (mut hits, mut exact) = (0, 0);
            for (name, got, wanted) in found {
                hits += 1;
                exact += usize::from(tells(name) && got == wanted);
            }
            let score = (hits, exact, Reverse(names.len() - hits));
            if best.as_ref().is_none_or(|best| score > best.score) {
                best = Some(Reading {
                    dict: index,
                    prefix: prefix.clone(),
                    whose: naming.as_ref().map(|naming| naming.whose),
                    names,
                    score,
                });
            }
        }
    }
    best
}

/// The empty prefix, and each prefix ending in a dot that all names share.
fn prefixes(dict: &StateDict) -> Vec<String> {
    let mut names = dict.shapes.keys();
    let mut all = vec![String::new()];
    let (Some(first), Some(last)) = (names.next(), names.next_back()) else { return all };
    // Names are sorted, so what the first and the last share is shared by all.
    for (i, _) in first.match_indices('.').take(PREFIX_PARTS) {
        match last.starts_with(&first[..=i]) {
            true => all.push(first[..=i].to_string()),
            false => break,
        }
    }
    all
}

/// The prefix under which the most parameters are found, whether or not all names share it, and how many there are.
pub(super) fn hidden_prefix(dict: &StateDict, specs: &Shapes) -> Option<(String, usize)> {
    let mut hits: BTreeMap<&str, usize> = BTreeMap::new();
    for name in dict.shapes.keys() {
        for (i, _) in name.match_indices('.').take(PREFIX_PARTS) {
            if specs.contains_key(&name[i + 1..]) {
                *hits.entry(&name[..=i]).or_default() += 1;
            }
        }
    }
    hits.into_iter()
        .max_by_key(|&(prefix, hits)| (hits, Reverse(prefix)))
        .map(|(p, hits)| (p.to_string(), hits))
}

/// Keys with the number of arrays under each.
fn listed(dicts: &[StateDict], which: impl Iterator<Item = usize>) -> Vec<String> {
    let key = |dict: &StateDict| match &dict.key[..] {
        "" => "\"\" (the file as a whole)".to_string(),
        key => key.escape_debug().to_string(),
    };
    which.take(LISTED).map(|i| format!("{} ({} arrays)", key(&dicts[i]), dicts[i].shapes.len())).collect()
}

/// The first parts of names.
fn first_parts<'a>(dicts: impl Iterator<Item = &'a StateDict>) -> Vec<String> {
    let mut parts: Vec<String> = dicts
        .flat_map(|dict| dict.shapes.keys())
        .filter_map(|name| Some(format!("{}.", name.split_once('.')?.0.escape_debug())))
        .collect();
    parts.sort_unstable();
    parts.dedup();
    parts.truncate(LISTED);
    parts
}
