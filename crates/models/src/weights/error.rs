//! The errors of finding, reading and fitting weights.

use super::aliases;
use std::fmt;
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
    /// No published weights and no file have this name.
    #[error(
        "there are no weights and no file named `{name}`{}; give a file, a URL, timm/NAME.TAG, or one of: {}",
        nearest.as_ref().map_or(String::new(), |near| format!(" (did you mean `{near}`?)")), known.join(", ")
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
        /// The name of the weights.
        name: String,
        /// Every place that was searched, with the problem there.
        looked: Vec<String>,
        /// Whether they can be downloaded.
        get: Get,
        /// The path where they can be placed by hand.
        put: String,
    },
    /// The weights are for another network.
    #[error(
        "the weights {weights} are for {trained}, not for {model}; {}",
        aliases::why_not(trained).map_or_else(|| advice(model), Into::into)
    )]
    OtherModel {
        /// The name of the weights.
        weights: String,
        /// The network that they belong to.
        trained: String,
        /// The network that they were to be loaded into.
        model: String,
    },
    /// The file has no dictionary of arrays under this key.
    #[error("{}: there are no arrays under the key `{key}`, but there are some under {}", path.display(), known.join(", "))]
    Key {
        /// The path of the file.
        path: PathBuf,
        /// The key that was given.
        key: String,
        /// The keys that lead to arrays.
        known: Vec<String>,
    },
    /// No name in the file begins with this prefix.
    #[error(
        "{}: no array name begins with `{prefix}`; {}", path.display(),
        if known.is_empty() { "the names have no parts".into() } else { format!("the first parts are {}", known.join(", ")) }
    )]
    Prefix {
        /// The path of the file.
        path: PathBuf,
        /// The prefix that was given.
        prefix: String,
        /// The first parts of the names, with their dots.
        known: Vec<String>,
    },
    /// Several dictionaries fit equally well, and nothing distinguishes them.
    #[error(
        "{}: several dictionaries of arrays fit {model} equally well: {}; choose one with `LoadOptions::key`",
        path.display(), keys.join(", ")
    )]
    Ambiguous {
        /// The path of the file.
        path: PathBuf,
        /// The name of the network.
        model: &'static str,
        /// The keys, with the number of arrays under each.
        keys: Vec<String>,
    },
    /// The URL is not safe.
    #[error("{url}: {why}")]
    Url {
        /// The URL that was given.
        url: String,
        /// The problem, and a suggestion.
        why: String,
    },
    /// The file is not the one that was published.
    #[error("{}: its SHA-256 is {got}, but the published one is {expected}; delete the file and download it again", path.display())]
    Hash {
        /// The path of the file.
        path: PathBuf,
        /// The published SHA-256, or the beginning of it.
        expected: String,
        /// The SHA-256 of the file.
        got: String,
    },
    /// A `config.json` cannot be applied.
    #[error("{}: {why}", path.display())]
    Config {
        /// The path of the `config.json`.
        path: PathBuf,
        /// The problem.
        why: String,
    },
    /// The arrays do not match the network. The error contains every difference; the message lists the first of each kind.
    #[error("{}: the weights{} do not fit {model}{}", path.display(), hints.of(), listed(differences, head, hints))]
    Fit {
        /// The path of the file.
        path: PathBuf,
        /// The name of the network.
        model: &'static str,
        /// The missing and unexpected arrays, and those of another shape.
        differences: Box<ParamsError>,
        /// The layer that computes the logits, if only this layer does not fit.
        head: Option<&'static str>,
        /// Hints at possible solutions.
        hints: Box<FitHints>,
    },
    /// A variance is negative.
    #[error(
        "{}: {tensor}: value {index} is {value}, and a variance cannot be below 0; the file is damaged, or was changed after \
         training", path.display()
    )]
    NegativeVariance {
        /// The path of the file.
        path: PathBuf,
        /// The name of the array.
        tensor: String,
        /// The index of the value in the array.
        index: usize,
        /// The value.
        value: f32,
    },
    /// The network cannot take images of the size that its weights require.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// Some values are NaN or infinite.
    #[error("{}: {tensor}: {bad} of {of} values are not finite; the file is damaged, or its training diverged", path.display())]
    NonFinite {
        /// The path of the file.
        path: PathBuf,
        /// The name of the first array with such values.
        tensor: String,
        /// The number of such values in it.
        bad: usize,
        /// The number of all its values.
        of: usize,
    },
    /// The file cannot be read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A download failed.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The preprocessing cannot be carried out.
    #[error(transparent)]
    Input(#[from] InputError),
}

/// How weights that are not on this machine can be downloaded. Its text is a line of [`WeightsError::NotHere`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Get {
    /// From this URL, with [`LoadOptions::fetch`](super::LoadOptions::fetch).
    Url(String),
    /// By hand, from the page or the paper where they were published.
    ByHand(&'static str),
}

impl fmt::Display for Get {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => write!(f, "to download them: `LoadOptions::fetch`; the address is {url}"),
            Self::ByHand(source) => write!(f, "get it from {source}"),
        }
    }
}

/// The weights that the network has instead.
fn advice(model: &str) -> String {
    let names: Vec<_> = super::for_model(model).map(super::WeightsInfo::name).collect();
    match names.is_empty() {
        true => "no weights are known for it".into(),
        false => format!("its weights are {}", names.join(", ")),
    }
}

/// Hints at why arrays do not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FitHints {
    /// The key of the dictionary that was read; empty for the file as a whole.
    pub key: String,
    /// Missing arrays that the file has in a form that is not supported: name and form.
    pub unread: Vec<(String, String)>,
    /// A prefix under which more of the parameters are found, and how many.
    pub prefix: Option<(String, usize)>,
    /// A known problem of networks with such names.
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
            "\n  {hits} parameters are found under `{prefix}`: `LoadOptions::prefix` reads only those names"
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
