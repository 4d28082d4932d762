//! What can go wrong with files.

use crate::pth::PthError;
use std::io;
use std::path::{Path, PathBuf};
use striate_base::memory::OutOfMemory;
use striate_data::DataError;
use striate_graph::{GraphError, ParamsError, SessionError};

/// A file that could not be read or written: which, and why.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The file system says no.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Its words.
        source: io::Error,
    },
    /// The file system says no; whatever the file was before, it still is.
    #[error("{}: cannot be written: {source}; {}", path.display(), advice(source))]
    Write {
        /// The file.
        path: PathBuf,
        /// Its words.
        source: io::Error,
    },
    /// What the file holds, or should hold.
    #[error("{}: {problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: Problem,
    },
}

/// What is wrong with a file's content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Not even a header.
    #[error("{file_bytes} bytes are too few for a safetensors file; the file is cut short or something else")]
    TooShort {
        /// Size of the file.
        file_bytes: u64,
    },
    /// The header is said to be longer than the file, or than the limit.
    #[error(
        "the header says that it is {header_bytes} bytes long, in a file of {file_bytes} bytes and with a limit of {}; \
         the file is cut short, or it is no safetensors file",
        crate::limits::HEADER_BYTES
    )]
    HeaderLength {
        /// What the first eight bytes say.
        header_bytes: u64,
        /// Size of the file.
        file_bytes: u64,
    },
    /// The header is not what safetensors prescribes.
    #[error("the header is damaged: {reason}; copy or download the file again")]
    Header {
        /// Why.
        reason: String,
    },
    /// Arrays end elsewhere than the file.
    #[error("the header describes {expected} bytes of arrays, the file holds {got}; {}", if got < expected {
        "it was cut short: copy or download it again"
    } else {
        "something was appended to it"
    })]
    DataLength {
        /// What the header says.
        expected: u64,
        /// What is there.
        got: u64,
    },
    /// An array of another type.
    #[error("the array {tensor} is of type {got}, expected F32; convert it before saving")]
    Dtype {
        /// Its name.
        tensor: String,
        /// Its type.
        got: String,
    },
    /// More than a limit allows.
    #[error("{what}: at most {limit}, got {got}")]
    Limit {
        /// Of what.
        what: &'static str,
        /// How much is allowed.
        limit: u64,
        /// How much is asked for.
        got: u64,
    },
    /// Another program's safetensors.
    #[error(
        "a safetensors file without the network that its arrays belong to ({}; {tensors} in all): \
         not a model that striate saved; build the network in code and load the arrays as its parameters, or train one",
        names.join(", ")
    )]
    Foreign {
        /// How many arrays.
        tensors: usize,
        /// The first few names.
        names: Vec<String>,
    },
    /// A file of ours of another kind.
    #[error("this is a {got}, expected a {expected}; {}", if *expected == "model" {
        "use the model.safetensors beside it"
    } else {
        "use the checkpoint.safetensors beside it"
    })]
    Kind {
        /// What was asked for.
        expected: &'static str,
        /// What it is.
        got: &'static str,
    },
    /// A version that is not known.
    #[error("format version {got:?}, this program reads version {expected:?}; use a newer striate")]
    Version {
        /// Ours.
        expected: &'static str,
        /// The file's.
        got: String,
    },
    /// An entry of the metadata is missing.
    #[error("the metadata lacks `{key}`; the file is incomplete: save the model again")]
    Missing {
        /// Which.
        key: &'static str,
    },
    /// An entry of the metadata cannot be understood.
    #[error("the metadata entry `{key}` is damaged: {reason}")]
    Entry {
        /// Which.
        key: &'static str,
        /// Why.
        reason: String,
    },
    /// The network does not fit together.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// Its parameters are not those of the network.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// Values that are not numbers.
    #[error(
        "{}; the training that made it diverged: train again with a lower learning rate",
        tensors.iter().map(|(name, bad, of)| format!("{name}: {bad} of {of} values are not finite"))
            .collect::<Vec<_>>().join("; ")
    )]
    NonFinite {
        /// Name, how many, of how many.
        tensors: Vec<(String, usize, usize)>,
    },
    /// The parts contradict each other.
    #[error("{what}: expected {expected}, got {got}")]
    Disagree {
        /// Of what.
        what: &'static str,
        /// What the rest of the file asks for.
        expected: String,
        /// What stands there.
        got: String,
    },
    /// The content is not what was written.
    #[error(
        "the content was changed after it was written: its SHA-256 is {got}, the file says {expected}; \
         the file is wrong, not this program: copy it again, or train again"
    )]
    Hash {
        /// As written.
        expected: String,
        /// As found.
        got: String,
    },
    /// The network no longer says what it said when it was saved.
    #[error(
        "golden image {image}, class {class}: the file says the logit is {expected}, this program computes {got}, \
         more than {allowed} apart; the file is intact (its SHA-256 is right), so this program computes wrongly on this \
         processor: try STRIATE_ISA=portable, and report it"
    )]
    Golden {
        /// Which image.
        image: usize,
        /// Which logit.
        class: usize,
        /// The file's.
        expected: f32,
        /// Ours.
        got: f32,
        /// Largest difference allowed.
        allowed: f32,
    },
    /// Parameters that are numbers, and a network that computes none.
    #[error(
        "the network says {got} of a plain image, which names no class: its parameters do not belong together, or its training \
         diverged"
    )]
    Logits {
        /// The first logit that is infinite or not a number.
        got: f32,
    },
    /// The network cannot be run.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// No team of threads, or no such instruction set.
    #[error("{0}")]
    Engine(String),
    /// There is no memory for what the file holds.
    #[error(transparent)]
    Memory(#[from] OutOfMemory),
    /// A network that is still in training.
    #[error(
        "{layer} is in training, where what it does of an image depends on others or on chance; save the network as it evaluates \
         (train writes model.safetensors)"
    )]
    Training {
        /// The layer.
        layer: String,
    },
    /// No weights at all.
    #[error(
        "{looks}, of {file_bytes} bytes; expected weights: .safetensors, or a .pth that torch.save wrote"
    )]
    NotWeights {
        /// What the first bytes look like.
        looks: &'static str,
        /// Size of the file.
        file_bytes: u64,
    },
    /// More than one dictionary of arrays may be meant.
    #[error("several dictionaries of arrays may be meant: {}; say which one by its key", keys.join(", "))]
    Several {
        /// Their keys.
        keys: Vec<String>,
    },
    /// A `.pth` that is not what it should be.
    #[error(transparent)]
    Pth(Box<PthError>),
    /// Preprocessing that makes no sense.
    #[error(transparent)]
    Preprocess(Box<DataError>),
}

impl From<DataError> for Problem {
    fn from(error: DataError) -> Self {
        Self::Preprocess(Box::new(error))
    }
}

impl From<PthError> for Problem {
    fn from(error: PthError) -> Self {
        Self::Pth(Box::new(error))
    }
}

impl Problem {
    /// Says in which file.
    pub(crate) fn at(self, path: &Path) -> FormatError {
        FormatError::Content { path: path.to_path_buf(), problem: self }
    }
}

/// What to try when a file cannot be written.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "the disk is full: free some space, then go on with --resume; the file before it is whole"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "choose a folder that you may write to"
        }
        io::ErrorKind::NotFound => "make the folder first",
        io::ErrorKind::IsADirectory => "name a file, not a folder",
        _ => "whatever was there before is as it was; check the disk, then try again",
    }
}
