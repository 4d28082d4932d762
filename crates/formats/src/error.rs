//! The errors of reading and writing files.

#[cfg(feature = "weights")]
use crate::pth::PthError;
use std::io;
use std::path::{Path, PathBuf};
use striate_base::memory::OutOfMemory;
use striate_graph::{GraphError, ParamsError, SessionError};
use striate_image::InputError;

/// A file could not be read or written; the error contains its path and the reason.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The file system cannot read the file.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The path of the file.
        path: PathBuf,
        /// The error of the file system.
        source: io::Error,
    },
    /// The file system cannot write the file; the previous file, if any, is unchanged.
    #[error("{}: cannot be written: {source}; {}", path.display(), advice(source))]
    Write {
        /// The path of the file.
        path: PathBuf,
        /// The error of the file system.
        source: io::Error,
    },
    /// The content of the file is not valid, or the content to be written would not be.
    #[error("{}: {problem}", path.display())]
    Content {
        /// The path of the file.
        path: PathBuf,
        /// The problem of the content.
        problem: Problem,
    },
}

/// A problem of the content of a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The file is too short for a header.
    #[error(
        "{file_bytes} bytes are too few for a safetensors file; the file is cut short, or it is of another kind"
    )]
    TooShort {
        /// The size of the file in bytes.
        file_bytes: u64,
    },
    /// The header claims to be longer than the file, or than the limit.
    #[error(
        "the header says that it is {header_bytes} bytes long, in a file of {file_bytes} bytes and with a limit of {}; \
         the file is cut short, or it is not a safetensors file",
        crate::limits::HEADER_BYTES
    )]
    HeaderLength {
        /// The length that the first eight bytes give.
        header_bytes: u64,
        /// The size of the file in bytes.
        file_bytes: u64,
    },
    /// The header does not follow the safetensors format.
    #[error("the header is damaged: {reason}; copy or download the file again")]
    Header {
        /// The violation of the format.
        reason: String,
    },
    /// The arrays do not end where the file ends.
    #[error("the header describes {expected} bytes of arrays, but the file holds {got}; {}", if got < expected {
        "it was cut short: copy or download it again"
    } else {
        "something was appended to it"
    })]
    DataLength {
        /// The number of bytes of arrays according to the header.
        expected: u64,
        /// The number of bytes of arrays in the file.
        got: u64,
    },
    /// An array has a type other than f32.
    #[error("the array {tensor} is of type {got}, expected F32; convert it before saving")]
    Dtype {
        /// The name of the array.
        tensor: String,
        /// The type of the array, as safetensors names it.
        got: String,
    },
    /// A limit is exceeded.
    #[error("{what}: at most {limit}, got {got}")]
    Limit {
        /// The name of the limited quantity.
        what: &'static str,
        /// The largest allowed number.
        limit: u64,
        /// The number in the file.
        got: u64,
    },
    /// The file is a safetensors file of another program, without a network.
    #[error(
        "this safetensors file has no network for its arrays ({}; {tensors} in all), so it is not a model that striate saved; \
         build the network in code and load the arrays as its parameters, or train one",
        names.join(", ")
    )]
    Foreign {
        /// The number of arrays in it.
        tensors: usize,
        /// The names of the first few arrays.
        names: Vec<String>,
    },
    /// Striate wrote the file, but it is of another kind.
    #[error("this is a {got}, expected a {expected}; {}", if *expected == "model" {
        "use the model.safetensors next to it"
    } else {
        "use the checkpoint.safetensors next to it"
    })]
    Kind {
        /// The expected kind: `model` or `checkpoint`.
        expected: &'static str,
        /// The kind of the file.
        got: &'static str,
    },
    /// This program does not know the format version of the file.
    #[error(
        "the file has format version {got:?}, but this program reads version {expected:?}; use a newer striate"
    )]
    Version {
        /// The version that this program reads.
        expected: &'static str,
        /// The version of the file.
        got: String,
    },
    /// An entry of the metadata is missing.
    #[error("the metadata lacks `{key}`; the file is incomplete: save the model again")]
    Missing {
        /// The key of the entry.
        key: &'static str,
    },
    /// An entry of the metadata cannot be parsed.
    #[error("the metadata entry `{key}` is damaged: {reason}")]
    Entry {
        /// The key of the entry.
        key: &'static str,
        /// The problem of the entry.
        reason: String,
    },
    /// The graph is not valid.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The parameters do not match the network.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// Some values are NaN or infinite.
    #[error(
        "{}; the training that made it diverged: train again with a lower learning rate",
        tensors.iter().map(|(name, bad, of)| format!("{name}: {bad} of {of} values are not finite"))
            .collect::<Vec<_>>().join("; ")
    )]
    NonFinite {
        /// For each array: its name, the number of such values, and the number of all values.
        tensors: Vec<(String, usize, usize)>,
    },
    /// Two parts of the file contradict each other.
    #[error("{what}: expected {expected}, got {got}")]
    Disagree {
        /// The name of the quantity on which they disagree.
        what: &'static str,
        /// The value that the rest of the file requires.
        expected: String,
        /// The value in the file.
        got: String,
    },
    /// The content does not match its hash.
    #[error(
        "the content was changed after it was written: its SHA-256 is {got}, but the file says {expected}; \
         the file is wrong, not this program: copy it again, or train again"
    )]
    Hash {
        /// The SHA-256 that is stored in the file.
        expected: String,
        /// The SHA-256 of the content.
        got: String,
    },
    /// The network no longer computes the logits that it computed when it was saved.
    #[error(
        "golden image {image}, class {class}: the file says that the logit is {expected}, but this program computes {got}, \
         more than {allowed} apart; the file is intact (its SHA-256 is right), so this program computes wrongly on this \
         processor: try STRIATE_ISA=portable, and report it"
    )]
    Golden {
        /// The index of the golden image.
        image: usize,
        /// The index of the logit.
        class: usize,
        /// The logit in the file.
        expected: f32,
        /// The logit that this program computes.
        got: f32,
        /// The largest allowed difference.
        allowed: f32,
    },
    /// The parameters are finite, but the network computes a logit that is not.
    #[error(
        "the network computes the logit {got} for a plain image, so it cannot choose a class: its parameters do not belong together, or its training \
         diverged"
    )]
    Logits {
        /// The first logit that is infinite or NaN.
        got: f32,
    },
    /// The network cannot be run.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The threads cannot be started, or this machine does not have the instruction set.
    #[error("{0}")]
    Engine(String),
    /// There is not enough memory for the content of the file.
    #[error(transparent)]
    Memory(#[from] OutOfMemory),
    /// The network is in training mode.
    #[error(
        "{layer} is in training mode, where its output for an image depends on other images or on chance; save the network in inference mode \
         (train writes model.safetensors)"
    )]
    Training {
        /// The first layer that is in training mode.
        layer: String,
    },
    /// The file does not contain weights.
    #[error(
        "expected weights (a .safetensors file, or a .pth file that torch.save wrote), got {looks} ({file_bytes} bytes)"
    )]
    NotWeights {
        /// The kind of file that the first bytes suggest.
        looks: &'static str,
        /// The size of the file in bytes.
        file_bytes: u64,
    },
    /// More than one dictionary of arrays could be meant.
    #[error("the file contains several dictionaries of arrays: {}; choose one by its key", keys.join(", "))]
    Several {
        /// The keys of the dictionaries.
        keys: Vec<String>,
    },
    /// The `.pth` file is not valid.
    #[cfg(feature = "weights")]
    #[error(transparent)]
    Pth(Box<PthError>),
    /// The preprocessing is not valid.
    #[error(transparent)]
    Preprocess(Box<InputError>),
}

impl From<InputError> for Problem {
    fn from(error: InputError) -> Self {
        Self::Preprocess(Box::new(error))
    }
}

#[cfg(feature = "weights")]
impl From<PthError> for Problem {
    fn from(error: PthError) -> Self {
        Self::Pth(Box::new(error))
    }
}

impl Problem {
    /// Adds the path of the file.
    pub(crate) fn at(self, path: &Path) -> FormatError {
        FormatError::Content { path: path.to_path_buf(), problem: self }
    }
}

/// What to try if a file cannot be written.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "the disk is full: free some space, then try again; the previous file is intact"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "choose a folder that you may write to"
        }
        io::ErrorKind::NotFound => "create the folder first",
        io::ErrorKind::IsADirectory => "name a file, not a folder",
        _ => "the previous file, if any, is unchanged; check the disk, then try again",
    }
}
