//! What can go wrong between a name and the parameters of a network.

use super::names;
use std::path::PathBuf;
use striate_base::near::nearest;
use striate_data::DataError;
use striate_formats::FormatError;
use striate_nn::graph::{ParamsError, TraceError};

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
    #[error(
        "the weights {weights} are for {trained}, not for {model}; {}",
        names::why_not(trained).map_or_else(|| advice(model), Into::into)
    )]
    OtherModel {
        /// Their name.
        weights: String,
        /// The network they are for.
        trained: String,
        /// The network they were to be loaded into.
        model: String,
    },
    /// No dictionary of arrays under that key.
    #[error("{}: no arrays under the key `{key}`; there are some under {}", path.display(), known.join(", "))]
    Key {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        key: String,
        /// What there is.
        known: Vec<String>,
    },
    /// No name begins with that prefix.
    #[error(
        "{}: no name of an array begins with `{prefix}`; {}", path.display(),
        if known.is_empty() { "the names have no parts".into() } else { format!("the first parts are {}", known.join(", ")) }
    )]
    Prefix {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        prefix: String,
        /// The first parts of the names, with their dots.
        known: Vec<String>,
    },
    /// Dictionaries that fit alike, of which nothing tells which is meant.
    #[error(
        "{}: several dictionaries of arrays fit {model} alike: {}; say with --key which one is meant",
        path.display(), keys.join(", ")
    )]
    Ambiguous {
        /// The file.
        path: PathBuf,
        /// The network.
        model: &'static str,
        /// Their keys, with the number of arrays.
        keys: Vec<String>,
    },
    /// A URL that is no safe one.
    #[error("{url}: {why}")]
    Url {
        /// The address.
        url: String,
        /// What is wrong with it, and what to do.
        why: String,
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
    #[error("{}: the weights{} do not fit {model}{}", path.display(), hints.of(), listed(differences, head, hints))]
    Fit {
        /// The file.
        path: PathBuf,
        /// The network.
        model: &'static str,
        /// What is missing, unexpected, or of another shape.
        differences: Box<ParamsError>,
        /// The layer that makes the logits, when it alone does not fit.
        head: Option<&'static str>,
        /// What would help.
        hints: Box<FitHints>,
    },
    /// A variance that is none.
    #[error(
        "{}: {tensor}: value {index} is {value}, and a variance cannot be below 0; the file is damaged, or was changed after \
         training", path.display()
    )]
    NegativeVariance {
        /// The file.
        path: PathBuf,
        /// The array.
        tensor: String,
        /// Which of its values.
        index: usize,
        /// The value.
        value: f32,
    },
    /// A network that cannot take images of the size that its weights ask for.
    #[error(transparent)]
    Trace(#[from] TraceError),
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

/// What would help where arrays do not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FitHints {
    /// The dictionary that was taken; empty for the file as a whole.
    pub key: String,
    /// Missing arrays that are in the file as something that is not read: name, and what it is.
    pub unread: Vec<(String, String)>,
    /// A prefix under which more of the parameters are found, and how many.
    pub prefix: Option<(String, usize)>,
    /// What is known of networks with such names.
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
        ("in the file, but as no arrays of f64, f32, f16 or bf16", &unread),
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
            "\n  {hits} parameters are found under `{prefix}`: --prefix {prefix} takes those names alone"
        );
    }
    if let Some(why) = hints.why {
        text += &format!("\n  {why}");
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
    let candidates = super::all().iter().flat_map(|info| [info.model.to_string(), info.name()]);
    let nearest = nearest(name, candidates);
    WeightsError::Unknown { name: name.to_string(), nearest, known }
}
