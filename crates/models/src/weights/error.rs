//! What can go wrong between a name and the parameters of a network.

use crate::registry;
use std::path::PathBuf;
use striate_data::DataError;
use striate_formats::FormatError;
use striate_nn::graph::ParamsError;

/// How many names of each kind a message lists.
const LISTED: usize = 12;

/// Weights that could not be found, read, or fitted to a network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// Neither weights of that name nor a file.
    #[error(
        "no weights and no file are called `{name}`{}; give a file, a URL, timm/NAME.TAG, or one of: {}",
        nearest.as_ref().map_or(String::new(), |near| format!(", did you mean `{near}`?")), known.join(", ")
    )]
    Unknown {
        /// What was asked for.
        name: String,
        /// The known name most like it.
        nearest: Option<String>,
        /// What there is for the network.
        known: Vec<String>,
    },
    /// They are known, but not on this machine.
    #[error(
        "the weights {name} are not on this machine; looked for{}\n  {get}\n  or put the file at {put}",
        looked.iter().map(|line| format!("\n    {line}")).collect::<String>()
    )]
    NotHere {
        /// Their name.
        name: String,
        /// Every place that was looked at, with what was wrong there.
        looked: Vec<String>,
        /// How to get them, with the URL.
        get: String,
        /// Where they are looked for and can be put by hand.
        put: String,
    },
    /// Weights of another network.
    #[error("the weights {weights} are for {trained}, not for {model}; {}", advice(model))]
    OtherModel {
        /// Their name.
        weights: String,
        /// The network they are for.
        trained: String,
        /// The network they were to be loaded into.
        model: String,
    },
    /// A URL that is no safe one.
    #[error("{url}: expected an address that starts with https://")]
    Url {
        /// The address.
        url: String,
    },
    /// A file that is not the one that was published.
    #[error("{}: its SHA-256 is {got}, published is {expected}; delete it and get it again", path.display())]
    Hash {
        /// The file.
        path: PathBuf,
        /// As published; the beginning may be all there is.
        expected: String,
        /// As found.
        got: String,
    },
    /// A `config.json` that cannot be followed.
    #[error("{}: {why}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Arrays that are not those of the network. Every difference is kept; the message lists the first of each kind.
    #[error("{}: the weights do not fit {model}{}", path.display(), listed(differences, head))]
    Fit {
        /// The file.
        path: PathBuf,
        /// The network.
        model: &'static str,
        /// What is missing, unexpected, or of another shape.
        differences: Box<ParamsError>,
        /// The layer that makes the logits, when it alone does not fit.
        head: Option<&'static str>,
    },
    /// Values that are no numbers.
    #[error("{}: {tensor}: {bad} of {of} values are not finite; the file is damaged, or its training diverged", path.display())]
    NonFinite {
        /// The file.
        path: PathBuf,
        /// The first array that has some.
        tensor: String,
        /// How many.
        bad: usize,
        /// Of how many.
        of: usize,
    },
    /// The file itself.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A download, or a preprocessing that makes no sense.
    #[error(transparent)]
    Data(#[from] DataError),
}

/// Which weights a network has instead.
fn advice(model: &str) -> String {
    let names: Vec<_> = super::for_model(model).map(super::WeightsInfo::name).collect();
    match names.is_empty() {
        true => "there are none for it".into(),
        false => format!("for it there are {}", names.join(", ")),
    }
}

fn listed(differences: &ParamsError, head: &Option<&'static str>) -> String {
    let ParamsError { missing, unexpected, mismatched } = differences;
    let mut text = String::new();
    for (what, names) in [("missing", missing), ("unexpected", unexpected)] {
        if !names.is_empty() {
            let listed = names[..names.len().min(LISTED)].join(", ");
            text += &format!("\n  {what} ({}): {listed}{}", names.len(), more(names.len()));
        }
    }
    for (name, expected, got) in mismatched.iter().take(LISTED) {
        text += &format!("\n  {name}: expected shape {expected:?}, got {got:?}");
    }
    if mismatched.len() > LISTED {
        text += &format!("\n  {} more have other shapes", mismatched.len() - LISTED);
    }
    if let Some(head) = head {
        text += &format!("\n  all else fits: ask for a new head to start `{head}` afresh");
    }
    text
}

fn more(count: usize) -> String {
    if count > LISTED { format!(", and {} more", count - LISTED) } else { String::new() }
}

/// The error for a name that nothing has.
pub(super) fn unknown(name: &str, model: &str) -> WeightsError {
    let known: Vec<_> = super::for_model(model).map(super::WeightsInfo::name).collect();
    let candidates = super::ALL.iter().flat_map(|info| [info.model.to_string(), info.name()]);
    let distance = |candidate: &String| registry::edit_distance(&name.to_lowercase(), candidate);
    let nearest = candidates.min_by_key(distance).filter(|near| 4 * distance(near) <= near.len());
    WeightsError::Unknown { name: name.to_string(), nearest, known }
}
