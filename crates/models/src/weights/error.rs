//! What can go wrong between a name and the parameters of a network.

use super::aliases;
use std::path::PathBuf;
use striate_base::near::nearest;
use striate_data::DataError;
use striate_formats::FormatError;
use striate_image::InputError;
use striate_nn::graph::{ParamsError, TraceError};

/// How many names of each kind a message lists.
const LISTED: usize = 12;

/// Weights could not be found, read, or fitted to a network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// There are neither weights nor a file of that name.
    #[error(
        "no weights or file named `{name}`{}; give a file, a URL, timm/NAME.TAG, or one of: {}",
        nearest.as_ref().map_or(String::new(), |near| format!(", did you mean `{near}`?")), known.join(", ")
    )]
    Unknown {
        /// The name that was given.
        name: String,
        /// The most similar known name.
        nearest: Option<String>,
        /// The known weights for the network.
        known: Vec<String>,
    },
    /// The weights are known, but not on this machine.
    #[error(
        "the weights {name} are not on this machine; looked for{}\n  {get}\n  or put the file at {put}",
        looked.iter().map(|line| format!("\n    {line}")).collect::<String>()
    )]
    NotHere {
        /// Name of the weights.
        name: String,
        /// Every place that was searched, with the problem there.
        looked: Vec<String>,
        /// How to download them, with the URL.
        get: String,
        /// Where they are looked for and can be put by hand.
        put: String,
    },
    /// The weights are for another network.
    #[error(
        "the weights {weights} are for {trained}, not for {model}; {}",
        aliases::why_not(trained).map_or_else(|| advice(model), Into::into)
    )]
    OtherModel {
        /// Name of the weights.
        weights: String,
        /// The network that they are for.
        trained: String,
        /// The network that they were to be loaded into.
        model: String,
    },
    /// There is no dictionary of arrays under that key.
    #[error("{}: no arrays under the key `{key}`; there are some under {}", path.display(), known.join(", "))]
    Key {
        /// Path of the file.
        path: PathBuf,
        /// The key that was given.
        key: String,
        /// The keys that lead to arrays.
        known: Vec<String>,
    },
    /// No name begins with that prefix.
    #[error(
        "{}: no array name begins with `{prefix}`; {}", path.display(),
        if known.is_empty() { "the names have no parts".into() } else { format!("the first parts are {}", known.join(", ")) }
    )]
    Prefix {
        /// Path of the file.
        path: PathBuf,
        /// The prefix that was given.
        prefix: String,
        /// The first parts of the names, with their dots.
        known: Vec<String>,
    },
    /// Several dictionaries fit equally well, and nothing tells which is meant.
    #[error(
        "{}: several dictionaries of arrays fit {model} equally well: {}; choose one with --key",
        path.display(), keys.join(", ")
    )]
    Ambiguous {
        /// Path of the file.
        path: PathBuf,
        /// Name of the network.
        model: &'static str,
        /// The keys, with the number of arrays under each.
        keys: Vec<String>,
    },
    /// A URL that is not safe.
    #[error("{url}: {why}")]
    Url {
        /// The URL that was given.
        url: String,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// The file is not the one that was published.
    #[error("{}: its SHA-256 is {got}, but the published one is {expected}; delete the file and download it again", path.display())]
    Hash {
        /// Path of the file.
        path: PathBuf,
        /// The published SHA-256, or the beginning of it.
        expected: String,
        /// The SHA-256 of the file.
        got: String,
    },
    /// A `config.json` that cannot be followed.
    #[error("{}: {why}", path.display())]
    Config {
        /// Path of the `config.json`.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The arrays do not match the network. Every difference is kept; the message lists the first of each kind.
    #[error("{}: the weights{} do not fit {model}{}", path.display(), hints.of(), listed(differences, head, hints))]
    Fit {
        /// Path of the file.
        path: PathBuf,
        /// Name of the network.
        model: &'static str,
        /// What is missing, unexpected, or of another shape.
        differences: Box<ParamsError>,
        /// The layer that computes the logits, if it alone does not fit.
        head: Option<&'static str>,
        /// What may help.
        hints: Box<FitHints>,
    },
    /// A variance that is negative.
    #[error(
        "{}: {tensor}: value {index} is {value}, and a variance cannot be below 0; the file is damaged, or was changed after \
         training", path.display()
    )]
    NegativeVariance {
        /// Path of the file.
        path: PathBuf,
        /// Name of the array.
        tensor: String,
        /// Index of the value in the array.
        index: usize,
        /// The value itself.
        value: f32,
    },
    /// The network cannot take images of the size that its weights ask for.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// Values that are NaN or infinite.
    #[error("{}: {tensor}: {bad} of {of} values are not finite; the file is damaged, or its training diverged", path.display())]
    NonFinite {
        /// Path of the file.
        path: PathBuf,
        /// Name of the first array that has such values.
        tensor: String,
        /// Number of such values in it.
        bad: usize,
        /// Number of all its values.
        of: usize,
    },
    /// The file cannot be read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A download.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A preprocessing that cannot be carried out.
    #[error(transparent)]
    Input(#[from] InputError),
}

/// The weights that the network has instead.
fn advice(model: &str) -> String {
    let names: Vec<_> = super::for_model(model).map(super::WeightsInfo::name).collect();
    match names.is_empty() {
        true => "no weights are known for it".into(),
        false => format!("its weights are {}", names.join(", ")),
    }
}

/// What may help if arrays do not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FitHints {
    /// The key of the dictionary that was read; empty for the file as a whole.
    pub key: String,
    /// Missing arrays that the file has in a form that is not supported: name and form.
    pub unread: Vec<(String, String)>,
    /// A prefix under which more of the parameters are found, and how many.
    pub prefix: Option<(String, usize)>,
    /// What is known about networks with such names.
    pub why: Option<&'static str>,
}

impl FitHints {
    fn of(&self) -> String {
        if self.key.is_empty() { String::new() } else { format!(" under `{}`", self.key) }
    }
}

fn listed(differences: &ParamsError, head: &Option<&'static str>, hints: &FitHints) -> String {
    let ParamsError { missing, unexpected, mismatched } = differences;
    let is_unread = |name: &String| hints.unread.iter().any(|(unread, _)| unread == name);
    let missing: Vec<String> = missing.iter().filter(|name| !is_unread(name)).cloned().collect();
    let unread = hints.unread.iter().map(|(name, what)| format!("{name} ({what})")).collect();
    let mut text = String::new();
    for (what, names) in [
        ("missing", &missing),
        ("in the file, but not as arrays of f64, f32, f16 or bf16", &unread),
        ("unexpected", unexpected),
    ] {
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
    let is_float8 = |what: &str| what.starts_with("F8") || what.contains("float8");
    if hints.unread.iter().any(|(_, what)| is_float8(what)) {
        text += "\n  8-bit floats have to be converted first, in Python: {name: array.float() for name, array in state_dict.items()}";
    }
    if let Some((prefix, hits)) = &hints.prefix {
        let prefix = prefix.escape_debug();
        text += &format!(
            "\n  {hits} parameters are found under `{prefix}`: --prefix {prefix} reads only those names"
        );
    }
    if let Some(why) = hints.why {
        text += &format!("\n  {why}");
    }
    if let Some(head) = head {
        text += &format!("\n  everything else fits: ask for a new head to initialize `{head}` anew");
    }
    text
}

fn more(count: usize) -> String {
    if count > LISTED { format!(", and {} more", count - LISTED) } else { String::new() }
}

/// The error for a name that is not known.
pub(super) fn unknown(name: &str, model: &str) -> WeightsError {
    let known: Vec<_> = super::for_model(model).map(super::WeightsInfo::name).collect();
    let candidates = super::all().iter().flat_map(|info| [info.model.to_string(), info.name()]);
    let nearest = nearest(name, candidates);
    WeightsError::Unknown { name: name.to_string(), nearest, known }
}
