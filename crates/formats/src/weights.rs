//! Weights that other programs wrote: one call for every format, told apart by content.

use crate::error::{FormatError, Problem};
use crate::foreign;
use crate::model_file::open;
use crate::pth::{self, ReadSeek, Source};
use ndarray::ArrayD;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// What wrappers of a network put before its names: `DataParallel`, `torch.compile`.
const PREFIXES: [&str; 2] = ["module.", "_orig_mod."];
/// Names of what was left out that a note lists.
const LISTED: usize = 4;

/// Arrays by name, as some program left them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Weights {
    /// The arrays, under PyTorch's names, as f32.
    pub tensors: BTreeMap<String, ArrayD<f32>>,
    /// What was found around them and what was left out; for people.
    pub notes: Vec<String>,
    /// How they were stored.
    pub container: Container,
}

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

/// What a format's reader found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) tensors: BTreeMap<String, ArrayD<f32>>,
    /// What is no array of floats: name and what it is instead.
    pub(crate) skipped: Vec<(String, String)>,
    pub(crate) notes: Vec<String>,
}

/// Reads weights: safetensors, or `.pth` in any of its three containers; which, the content says.
///
/// f64, f16 and bf16 become f32. A checkpoint's wrapper (`state_dict`, `model`, ...) and the prefixes `module.` and
/// `_orig_mod.` are taken off. Whole numbers, such as PyTorch's counters `num_batches_tracked`, are left out; a note says
/// so where they are something else.
///
/// # Errors
/// Whatever is wrong with the file. Nothing in it is run, and no memory is taken that its size does not justify.
///
/// # PyTorch
/// `torch.load(path, weights_only=True)`, with fewer kinds of objects let in.
///
/// # Example
/// ```no_run
/// let weights = striate_formats::read_weights("resnet18-f37072fd.pth".as_ref())?;
/// assert_eq!(weights.tensors["fc.bias"].shape(), [1000]);
/// # Ok::<(), striate_formats::FormatError>(())
/// ```
pub fn read_weights(path: &Path) -> Result<Weights, FormatError> {
    let (mut file, file_bytes) = open(path)?;
    read(&mut file, file_bytes).map_err(|problem| problem.at(path))
}

impl Weights {
    /// As [`read_weights`], from memory.
    ///
    /// # Errors
    /// Those of [`read_weights`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Problem> {
        read(&mut std::io::Cursor::new(bytes), bytes.len() as u64)
    }
}

fn read(from: &mut dyn ReadSeek, file_bytes: u64) -> Result<Weights, Problem> {
    let container = sniff(from, file_bytes)?;
    let (container, found) = match container {
        Container::Safetensors | Container::Model => foreign::read(from, file_bytes)?,
        _ => (container, pth::read(&mut Source::new(from, file_bytes), container)?),
    };
    tidy(container, found)
}

/// Names without wrappers' prefixes, and a note of what was left out.
fn tidy(container: Container, found: Found) -> Result<Weights, Problem> {
    let Found { tensors: raw, skipped, mut notes } = found;
    let mut tensors = BTreeMap::new();
    let mut stripped = [false; PREFIXES.len()];
    for (name, array) in raw {
        let mut short = &name[..];
        while let Some((i, rest)) =
            PREFIXES.iter().enumerate().find_map(|(i, prefix)| Some((i, short.strip_prefix(prefix)?)))
        {
            (short, stripped[i]) = (rest, true);
        }
        if tensors.insert(short.to_string(), array).is_some() {
            return Err(pth::PthError::Twice { tensor: short.to_string() }.into());
        }
    }
    for (prefix, _) in PREFIXES.iter().zip(stripped).filter(|(_, stripped)| *stripped) {
        notes.push(format!("the prefix `{prefix}` was taken off"));
    }
    let counter = |name: &str| name.ends_with("num_batches_tracked") || name.ends_with("n_averaged");
    let left_out: Vec<_> = skipped.iter().filter(|(name, _)| !counter(name)).collect();
    if !left_out.is_empty() {
        let listed: Vec<_> = left_out
            .iter()
            .take(LISTED)
            .map(|(name, what)| format!("{} ({what})", name.escape_debug()))
            .collect();
        let more = left_out.len().saturating_sub(LISTED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        notes.push(format!("left out, as they are no arrays of floats: {}{more}", listed.join(", ")));
    }
    Ok(Weights { tensors, notes, container })
}

/// Which format the first bytes belong to.
fn sniff(from: &mut dyn ReadSeek, file_bytes: u64) -> Result<Container, Problem> {
    let mut head = Vec::new();
    let read = from.take(512).read_to_end(&mut head).and_then(|_| from.rewind());
    read.map_err(|error| pth::PthError::Read { at: 0, reason: error.to_string() })?;
    let starts = |text: &[u8]| head.len() >= text.len() && head[..text.len()].eq_ignore_ascii_case(text);
    let text = head.trim_ascii_start();
    let starts_text = |word: &[u8]| text.len() >= word.len() && text[..word.len()].eq_ignore_ascii_case(word);
    let looks = match () {
        () if is_safetensors(&head) => return Ok(Container::Safetensors),
        () if starts(b"PK\x03\x04") => return Ok(Container::PthZip),
        () if head.get(257..262) == Some(b"ustar") => return Ok(Container::PthTar),
        // PROTO 2 to 5
        () if matches!(head[..], [0x80, 2..=5, ..]) => return Ok(Container::PthLegacy),
        () if head.get(8) == Some(&b'{') => return Ok(Container::Safetensors),
        () if head.is_empty() => "an empty file",
        () if starts_text(b"<!doctype") || starts_text(b"<html") || starts_text(b"<?xml") => {
            "a web page: the download gave an error instead of the file"
        }
        () if starts(b"version https://git-lfs") => {
            "a pointer of Git LFS: fetch what it points to with `git lfs pull`"
        }
        () if starts(b"\x1f\x8b") => "gzip: unpack it first",
        () if starts(b"7z\xbc\xaf") || starts(b"Rar!") => "an archive: unpack it first",
        () if starts(b"\x89HDF") => "HDF5, as Keras writes it",
        () if starts(b"GGUF") => "GGUF, which holds language models",
        () if starts(b"\x89PNG") || starts(b"\xff\xd8\xff") || starts(b"GIF8") => "a picture",
        () => "something else",
    };
    Err(Problem::NotWeights { looks, file_bytes })
}

/// Whether a safetensors header follows: its length in eight bytes, then its opening brace.
///
/// The length alone looks like anything: 640 is `80 02`, as a pickle starts. Together they are unmistakable for headers below
/// 4 GiB, whose lengths end in four zero bytes: in a zip, the ninth byte is the way of compression, 0 or 8; in a tar, the
/// file's name goes on or is filled with zeros; and of what a pickle may start with, only a float has four zeros there.
fn is_safetensors(head: &[u8]) -> bool {
    matches!(head, [_, _, _, _, 0, 0, 0, 0, b'{', ..])
}
