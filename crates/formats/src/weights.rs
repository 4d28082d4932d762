//! Weights that other programs wrote, in any supported format, which is recognized by content.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod dict;

pub(crate) use dict::Found;
pub use dict::{Container, StateDict};

use crate::error::{FormatError, Problem};
use crate::foreign;
use crate::model_file::open;
use crate::pth::{self, ReadSeek, Source};
use ndarray::ArrayD;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// How many names of arrays that were left out a note lists.
const LISTED: usize = 4;

/// Arrays by name, as read from a file of another program.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Weights {
    /// The arrays as f32, under their names in the file.
    pub tensors: BTreeMap<String, ArrayD<f32>>,
    /// Notes for the user on the other content of the file, and on what was left out.
    pub notes: Vec<String>,
    /// The container in which they were stored.
    pub container: Container,
}

/// An open file of weights. Its content is known, and the values are read when one of its dictionaries is chosen.
pub struct WeightsFile {
    path: PathBuf,
    reader: Reader<File>,
}

impl WeightsFile {
    /// Opens weights: safetensors, or `.pth` in any of its three containers, recognized by content.
    ///
    /// # Errors
    /// If the file cannot be read or contains no arrays. No code in the file is run, and it cannot make the program use more
    /// memory than its size justifies.
    ///
    /// # Example
    /// ```no_run
    /// use striate_formats::WeightsFile;
    ///
    /// let mut file = WeightsFile::open("checkpoint.pth".as_ref())?;
    /// let of_model = file.dicts().iter().position(|dict| dict.key == "model").expect("a checkpoint with a model");
    /// println!("{} arrays", file.read(of_model)?.tensors.len());
    /// # Ok::<(), striate_formats::FormatError>(())
    /// ```
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let (file, file_bytes) = open(path)?;
        let reader = Reader::open(file, file_bytes).map_err(|problem| problem.at(path))?;
        Ok(Self { path: path.to_path_buf(), reader })
    }

    /// The dictionaries of arrays in the file, at least one. A safetensors file has a single one, without a key.
    pub fn dicts(&self) -> &[StateDict] {
        &self.reader.dicts
    }

    /// The container in which they are stored.
    pub fn container(&self) -> Container {
        self.reader.container
    }

    /// Reads the arrays of a dictionary, given its index in [`dicts`](Self::dicts).
    ///
    /// # Errors
    /// If those arrays are not valid.
    ///
    /// # Panics
    /// If there is no dictionary with this index.
    pub fn read(&mut self, dict: usize) -> Result<Weights, FormatError> {
        assert!(
            dict < self.dicts().len(),
            "there are {} dictionaries, but none has index {dict}",
            self.dicts().len()
        );
        self.reader.read(dict).map_err(|problem| problem.at(&self.path))
    }
}

/// Reads the weights of a file that has only one possible dictionary.
///
/// f64, f16 and bf16 are converted to f32. Integers are left out; a note says so, unless they are PyTorch's counters
/// `num_batches_tracked`. Names are those in the file.
///
/// # Errors
/// [`Problem::Several`] if more than one dictionary is possible ([`WeightsFile`] lists them); also if the file is not valid.
///
/// # PyTorch
/// `torch.load(path, weights_only=True)`, which rejects objects that are skipped here.
///
/// # Example
/// ```no_run
/// let weights = striate_formats::read_weights("resnet18-f37072fd.pth".as_ref())?;
/// assert_eq!(weights.tensors["fc.bias"].shape(), [1000]);
/// # Ok::<(), striate_formats::FormatError>(())
/// ```
pub fn read_weights(path: &Path) -> Result<Weights, FormatError> {
    let mut file = WeightsFile::open(path)?;
    let dict = file.reader.usual().map_err(|problem| problem.at(path))?;
    file.read(dict)
}

impl Weights {
    /// Reads weights like [`read_weights`], from memory.
    ///
    /// # Errors
    /// Those of [`read_weights`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Problem> {
        let mut reader = Reader::open(std::io::Cursor::new(bytes), bytes.len() as u64)?;
        let dict = reader.usual()?;
        reader.read(dict)
    }
}

/// An open file, and what was found in it.
struct Reader<R> {
    from: R,
    file_bytes: u64,
    container: Container,
    content: Content,
    dicts: Vec<StateDict>,
}

enum Content {
    Safetensors(foreign::Header),
    Pth(pth::Pth),
}

impl<R: ReadSeek> Reader<R> {
    fn open(mut from: R, file_bytes: u64) -> Result<Self, Problem> {
        let container = sniff(&mut from, file_bytes)?;
        let (container, content, dicts) = match container {
            Container::Safetensors | Container::Model => {
                let header = foreign::Header::read(&mut from, file_bytes)?;
                let dicts = vec![header.dict()];
                (header.container, Content::Safetensors(header), dicts)
            }
            _ => {
                let opened = pth::Pth::open(&mut Source::new(&mut from, file_bytes), container)?;
                let dicts = opened.dicts();
                (container, Content::Pth(opened), dicts)
            }
        };
        Ok(Self { from, file_bytes, container, content, dicts })
    }

    /// The dictionary that is meant if the network is not known: not one that merely wraps another with more arrays, such as a
    /// checkpoint that stores its best accuracy as a tensor.
    fn usual(&self) -> Result<usize, Problem> {
        let arrays = |dict: &StateDict| dict.shapes.len();
        let is_inside = |inner: &StateDict, outer: &StateDict| match outer.key.is_empty() {
            true => !inner.key.is_empty(),
            false => inner.key.strip_prefix(&outer.key[..]).is_some_and(|rest| rest.starts_with('.')),
        };
        let is_wrapper = |outer: &StateDict| {
            self.dicts.iter().any(|inner| is_inside(inner, outer) && arrays(inner) > arrays(outer))
        };
        let (left, dicts): (Vec<usize>, Vec<&StateDict>) =
            self.dicts.iter().enumerate().filter(|(_, dict)| !is_wrapper(dict)).unzip();
        let several = || Problem::Several { keys: dicts.iter().map(|dict| dict.key.clone()).collect() };
        StateDict::preferred(&dicts).and_then(|i| left.get(i).copied()).ok_or_else(several)
    }

    fn read(&mut self, dict: usize) -> Result<Weights, Problem> {
        let mut source = Source::new(&mut self.from, self.file_bytes);
        let found = match &self.content {
            Content::Safetensors(header) => header.arrays(&mut source)?,
            Content::Pth(opened) => opened.read(&mut source, dict)?,
        };
        let mut notes = Vec::new();
        if let Some(dict) = self.dicts.get(dict).filter(|dict| !dict.key.is_empty()) {
            notes.push(format!("the weights were taken from `{}`", dict.key.escape_debug()));
        }
        notes.extend(left_out(&found.skipped));
        Ok(Weights { tensors: found.tensors, notes, container: self.container })
    }
}

/// A note of what was left out, except PyTorch's counters of batches.
fn left_out(skipped: &[(String, String)]) -> Option<String> {
    let counter = |name: &str| name.ends_with("num_batches_tracked") || name.ends_with("n_averaged");
    let left_out: Vec<_> = skipped.iter().filter(|(name, _)| !counter(name)).collect();
    let listed = left_out.iter().take(LISTED).map(|(name, what)| format!("{} ({what})", name.escape_debug()));
    let more = left_out.len().saturating_sub(LISTED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let listed = listed.collect::<Vec<_>>().join(", ");
    (!left_out.is_empty())
        .then(|| format!("left out, because they are not arrays of f64, f32, f16 or bf16: {listed}{more}"))
}

/// The format that the first bytes belong to.
fn sniff(from: &mut dyn ReadSeek, file_bytes: u64) -> Result<Container, Problem> {
    let mut head = Vec::new();
    let read = from.take(512).read_to_end(&mut head).and_then(|_| from.rewind());
    read.map_err(|error| pth::PthError::Read { at: 0, reason: error.to_string() })?;
    let starts_with = |bytes: &[u8], start: &[u8]| {
        bytes.get(..start.len()).is_some_and(|bytes| bytes.eq_ignore_ascii_case(start))
    };
    let starts = |word: &[u8]| starts_with(&head, word);
    let text = head.trim_ascii_start();
    let starts_text = |word: &[u8]| starts_with(text, word);
    let looks = match () {
        () if is_safetensors(&head) => return Ok(Container::Safetensors),
        () if starts(b"PK\x03\x04") => return Ok(Container::PthZip),
        () if head.get(257..262) == Some(b"ustar") => return Ok(Container::PthTar),
        // PROTO 2 to 5
        () if matches!(head[..], [0x80, 2..=5, ..]) => return Ok(Container::PthLegacy),
        () if head.get(8) == Some(&b'{') => return Ok(Container::Safetensors),
        () if head.is_empty() => "an empty file",
        () if starts_text(b"<!doctype") || starts_text(b"<html") || starts_text(b"<?xml") => {
            "a web page, so the download gave an error instead of the file"
        }
        () if starts(b"version https://git-lfs") => "a pointer of Git LFS, whose file `git lfs pull` fetches",
        () if starts(b"\x1f\x8b") => "a gzip file, which has to be unpacked first",
        () if starts(b"7z\xbc\xaf") || starts(b"Rar!") => "an archive, which has to be unpacked first",
        () if starts(b"\x89HDF") => "an HDF5 file, as Keras writes it",
        () if starts(b"GGUF") => "a GGUF file, which holds language models",
        () if starts(b"\x89PNG") || starts(b"\xff\xd8\xff") || starts(b"GIF8") => "an image",
        () => "something else",
    };
    Err(Problem::NotWeights { looks, file_bytes })
}

/// Whether a safetensors header follows: its length in eight bytes, then its opening brace.
///
/// The length alone can look like anything: 640 is `80 02`, with which a pickle starts. Together they are unmistakable for
/// headers below 4 GiB, whose lengths end in four zero bytes: in a zip, the ninth byte is the compression method, 0 or 8; in a
/// tar, the file's name continues or is filled with zeros; and of what a pickle may start with, only a float has four zeros
/// there.
fn is_safetensors(head: &[u8]) -> bool {
    matches!(head, [_, _, _, _, 0, 0, 0, 0, b'{', ..])
}
